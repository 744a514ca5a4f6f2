import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Channel } from "./channel.ts"
import type { Navigator } from "./navigator.ts"
import { sessionTitle, startsRun } from "./prompt-line.ts"
import type { Replies } from "./show.tsx"

/**
 * Sends a line to the server half and shows its answer. A line that starts a run from a screen without a session gets
 * a session first, because a run's steps are children of one; when the run is refused the session goes again.
 * Rejects when OpenCode cannot make the session.
 */
export async function submitLine(
  line: string,
  api: Pick<TuiPluginApi, "client" | "route">,
  navigator: Navigator,
  channel: Channel,
  replies: Replies,
): Promise<void> {
  const here = navigator.rootSession()
  const made = here === undefined && startsRun(line) ? await makeSession(api, line) : undefined
  const { reply, answered } = await channel.ask(line, here ?? made)
  if (made !== undefined && answered && reply.tone === "error") {
    if (navigator.session() === made) api.route.navigate("home")
    await api.client.session.delete({ sessionID: made }, { throwOnError: true })
  }
  replies.show(reply)
}

async function makeSession(api: Pick<TuiPluginApi, "client" | "route">, line: string): Promise<string> {
  const { data } = await api.client.session.create({ title: sessionTitle(line) }, { throwOnError: true })
  api.route.navigate("session", { sessionID: data.id })
  return data.id
}
