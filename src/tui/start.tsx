import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import { nanoid } from "nanoid"
import { StatusBar } from "./bar.tsx"
import { type Channel, openChannel } from "./channel.ts"
import { systemClock } from "./clock.ts"
import { createGuard } from "./guard.ts"
import { type Actions, jumpKeyLabel, listenToPrompt, registerCommands } from "./keys.ts"
import { createLive } from "./live.ts"
import { createNavigator } from "./navigator.ts"
import { readKeys } from "./options.ts"
import { createReplies } from "./show.tsx"
import { RunsPanel } from "./sidebar.tsx"
import { submitLine } from "./submit.ts"
import { themePaint } from "./theme.ts"

/** Puts Baton into a TUI: status line, sidebar, prompt lines, palette commands. Takes the plugin options of tui.json.
 *  Everything is taken away again when the host disposes of the plugin. */
export function startTui(api: TuiPluginApi, options: unknown): void {
  const guard = createGuard(api.ui)
  const paint = themePaint(api.theme)
  const live = createLive(systemClock)
  const navigator = createNavigator(api, live)
  const { keys, problems } = readKeys(options)
  const channel = openChannel({
    publish: (command) => publish(api, command),
    clock: systemClock,
    newId: nanoid,
    onState: live.update,
    onWaiting: live.setWaiting,
  })
  const actions: Actions = {
    submit(line) {
      live.dismiss()
      guard.start(() => submitLine(line, navigator, channel, replies))
    },
    otherPrompt: live.dismiss,
    jump: navigator.jump,
  }
  const replies = createReplies({ api, live, guard, paint, submit: actions.submit, open: navigator.open })

  const offs = [
    api.event.on("tui.command.execute", (event) =>
      guard.sync(undefined, () => channel.receive(event.properties.command)),
    ),
    listenToPrompt(api, actions, guard),
    registerCommands(api, keys, actions, guard),
    live.close,
    channel.close,
  ]
  for (const off of offs) api.lifecycle.onDispose(off)
  api.slots.register({
    slots: {
      app_bottom: () => (
        <StatusBar paint={paint} live={live} session={navigator.session} jumpKey={() => jumpKeyLabel(api)} />
      ),
      sidebar_content: (_context, props) => <RunsPanel paint={paint} live={live} session={props.session_id} />,
    },
  })
  if (problems.length > 0) {
    api.ui.toast({ variant: "warning", title: "Baton: options in tui.json", message: problems.join("\n") })
  }
  guard.start(() => hello(api, channel))
}

async function publish(api: TuiPluginApi, command: string): Promise<void> {
  const body = { type: "tui.command.execute" as const, properties: { command } }
  await api.client.tui.publish({ body }, { throwOnError: true })
}

/** Asks for the state of the runs. Silence is not reported here: the first command of a person will be told. */
async function hello(api: TuiPluginApi, channel: Channel): Promise<void> {
  const { reply, answered } = await channel.ask("hello")
  if (answered && reply.tone === "error") {
    api.ui.toast({ variant: "error", title: reply.title, message: reply.text, duration: 10_000 })
  }
}
