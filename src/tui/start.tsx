import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import { nanoid } from "nanoid"
import { StatusBar } from "./bar.tsx"
import { type Channel, openChannel } from "./channel.ts"
import { systemClock } from "./clock.ts"
import { listenToEscape } from "./escape.ts"
import { createGuard } from "./guard.ts"
import { type Actions, keyLabel, listenToPrompt, registerCommands } from "./keys.ts"
import { createLive } from "./live.ts"
import { createNavigator } from "./navigator.ts"
import { readKeys } from "./options.ts"
import { createReplies } from "./show.tsx"
import { RunsPanel } from "./sidebar.tsx"
import type { BarKeys } from "./status-bar.ts"
import { submitLine } from "./submit.ts"
import { themePaint } from "./theme.ts"
import { messageTo } from "./workers.tsx"

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
    onOpen: navigator.summon,
    onWaiting: live.setWaiting,
  })
  const actions: Actions = {
    submit(line) {
      live.dismiss()
      guard.start(() => submitLine(line, navigator, channel, replies))
    },
    otherPrompt: live.dismiss,
    jump: navigator.jump,
    message() {
      const worker = navigator.worker()
      if (worker) guard.start(() => messageTo({ api, paint, submit: actions.submit }, worker))
      else api.ui.toast({ variant: "info", message: "Open a worker's session first: /workers" })
    },
  }
  const send = async (line: string) => (await channel.ask(line, navigator.current(), navigator.session())).reply
  const replies = createReplies({ api, live, guard, paint, submit: actions.submit, send, open: navigator.open })
  const { submit } = actions
  const offs = [
    api.event.on("tui.command.execute", (event) =>
      guard.sync(undefined, () => channel.receive(event.properties.command)),
    ),
    listenToPrompt(api, actions, guard),
    registerCommands(api, keys, actions, guard),
    listenToEscape({ api, live, guard, clock: systemClock, session: navigator.session, submit }),
    live.close,
    channel.close,
  ]
  for (const off of offs) api.lifecycle.onDispose(off)
  api.slots.register({
    slots: {
      app_bottom: () => (
        <StatusBar
          paint={paint}
          live={live}
          session={navigator.session}
          canType={navigator.canType}
          keys={() => barKeys(api)}
        />
      ),
      sidebar_content: (_context, props) => <RunsPanel paint={paint} live={live} session={props.session_id} />,
    },
  })
  if (problems.length > 0) {
    api.ui.toast({ variant: "warning", title: "Baton: options in tui.json", message: problems.join("\n") })
  }
  guard.start(() => hello(api, channel))
}

function barKeys(api: TuiPluginApi): BarKeys {
  return { jump: keyLabel(api, "jump"), inbox: keyLabel(api, "inbox"), message: keyLabel(api, "message") }
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
