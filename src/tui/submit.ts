import type { Channel } from "./channel.ts"
import { sessionTitle, startsRun } from "./prompt-line.ts"
import type { Replies } from "./replies.tsx"

/** What a line needs of the host's sessions. */
export interface Sessions {
  /** The session on the screen that a person types into, if any. */
  current(): string | undefined
  /** The session that is shown, if any: `current`, or one below it. */
  session(): string | undefined
  /** Makes a session and puts it on the screen; rejects when the host refuses. */
  create(title: string): Promise<string>
  /** Deletes a session, leaving it for the home screen if it is shown; rejects when the host refuses. */
  remove(session: string): Promise<void>
}

/**
 * Sends a line to the server half and shows its answer. A line that starts a run from a screen without a session gets
 * a session first, because a run's steps are children of one; when the run is refused the session goes again. (When
 * there was no answer it stays: the run may have started.) Rejects when OpenCode cannot make or delete the session.
 */
export async function submitLine(line: string, sessions: Sessions, channel: Channel, replies: Replies): Promise<void> {
  const here = sessions.current()
  const made = here === undefined && startsRun(line) ? await sessions.create(sessionTitle(line)) : undefined
  const { reply, answered } = await channel.ask(line, here ?? made, sessions.session())
  if (made !== undefined && answered && reply.tone === "error") await sessions.remove(made)
  replies.show(reply)
}
