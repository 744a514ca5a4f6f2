import type { Channel } from "./host/channel.ts"
import type { Sessions } from "./host/navigator.ts"
import { sessionTitle, startsRun } from "./host/prompt-line.ts"
import type { Replies } from "./replies.tsx"

/**
 * Sends a line to the server half and shows its answer. A line that starts a run from a screen
 * without a session gets a new session first, because a run's steps are children of a session. When
 * the run is refused, the session is deleted again. (Without an answer it stays, because the run
 * may have started.) Rejects when OpenCode cannot create or delete the session.
 */
export async function submitLine(line: string, sessions: Sessions, channel: Channel, replies: Replies): Promise<void> {
  const here = sessions.current()
  const made = here === undefined && startsRun(line) ? await sessions.create(sessionTitle(line)) : undefined
  const { reply, answered } = await channel.ask(line, here ?? made, sessions.session())
  if (made !== undefined && answered && reply.tone === "error") await sessions.remove(made)
  replies.show(reply)
}
