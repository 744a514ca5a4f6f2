import type { TuiPluginApi, TuiToast } from "@opencode-ai/plugin/tui"
import { nanoid } from "nanoid"
import { printable } from "../core/base/printable.ts"
import type { NoticeMessage, Reply } from "../core/view/protocol.ts"
import { toastLines } from "../core/view/toast.ts"
import { ABORTS } from "./dashboard/actions.ts"
import { actInDashboard, confirm, type DashboardActs } from "./dashboard/perform.tsx"
import { Dashboard } from "./dashboard/state.ts"
import { DASHBOARD_MODE, DashboardView } from "./dashboard/view.tsx"
import { guardBox } from "./host/box-keys.ts"
import { type Channel, openChannel } from "./host/channel.ts"
import { systemClock } from "./host/clock.ts"
import { listenToEscape } from "./host/escape.ts"
import { createGuard } from "./host/guard.ts"
import type { GlobalKey } from "./host/key-table.ts"
import { type Actions, keyLabel, listenToPrompt, registerCommands } from "./host/keys.ts"
import { DASHBOARD_ROUTE, Navigator } from "./host/navigator.ts"
import { readKeys } from "./host/options.ts"
import { themeGround, themePaint } from "./host/theme.ts"
import { watchTyping } from "./host/typing.ts"
import { createReplies } from "./replies.tsx"
import { RunsPanel } from "./sidebar/sidebar.tsx"
import { createLive } from "./state/live.ts"
import { createPace } from "./state/pace.ts"
import type { BarKeys } from "./status-line/parts.ts"
import { StatusBar } from "./status-line/view.tsx"
import { submitLine } from "./submit.ts"
import { messageTo } from "./workers/picker.tsx"

type Deps = DashboardActs & { readonly api: TuiPluginApi }

/**
 * Adds Baton to a TUI: status line, sidebar, dashboard, prompt commands and palette commands.
 * `options` are the plugin options of tui.json. Everything is removed again when the host disposes
 * of the plugin.
 */
export function startTui(host: TuiPluginApi, options: unknown): void {
  const api = withToasts(host, (toast) => {
    if (!navigator.isDashboard()) return false
    dashboard.say(toast)
    return true
  })
  const guard = createGuard(api.ui)
  const paint = themePaint(api.theme)
  const pace = createPace(systemClock)
  const live = createLive(systemClock, pace)
  const navigator = new Navigator(api, live)
  const typing = watchTyping(api, systemClock)
  const { keys, problems } = readKeys(options)
  const channel = openChannel({
    publish: (command) => publish(api, command),
    clock: systemClock,
    newId: nanoid,
    onState: live.update,
    onFolder: live.setFolder,
    onOpen: (message) => typing.whenDone(() => navigator.summon(message)),
    onNotice: (notice) => guard.start(() => attend(api, notice)),
    onWaiting: live.setWaiting,
  })
  const ask = async (line: string) => (await channel.askQuietly(line)).reply
  const dashboard = new Dashboard({ live, pace, clock: systemClock, keys, ask })
  const deps: Deps = {
    api,
    live,
    guard,
    paint,
    dashboard,
    keys,
    submit(line) {
      live.dismiss()
      if (isStatus(line)) showStatus(deps, navigator, ask)
      else guard.start(() => submitLine(line, navigator, channel, replies))
    },
    send: async (line) => (await channel.ask(line, navigator.current(), navigator.session())).reply,
    showReply: (reply) => replies.show(reply),
    open: (session) => navigator.open(session),
    openDashboard(reply) {
      dashboard.take(reply, true)
      navigator.openDashboard()
    },
    close: () => navigator.closeDashboard(),
  }
  const replies = createReplies(deps)
  const offs = [
    ...listen(deps, navigator, channel),
    () => dashboard.hide(),
    pace.close,
    live.close,
    channel.close,
    typing.close,
  ]
  for (const off of offs) api.lifecycle.onDispose(off)
  draw(deps, navigator)
  tellProblems(api, problems)
  guard.start(() => hello(api, channel))
}

/** Reports the options of tui.json that Baton cannot use. */
function tellProblems({ ui }: TuiPluginApi, problems: readonly string[]): void {
  if (problems.length === 0) return
  ui.toast({ variant: "warning", title: "Baton: options in tui.json", message: problems.join("\n") })
}

/**
 * Returns the API with a `toast` that offers each toast to `show` first. OpenCode shows it only
 * when `show` returns false. A toast may have the title of a session or the text of an error.
 */
function withToasts(api: TuiPluginApi, show: (toast: TuiToast) => boolean): TuiPluginApi {
  const toast = (raised: TuiToast) => {
    const title = raised.title === undefined ? {} : { title: printable(raised.title) }
    const given = { ...raised, ...title, message: printable(raised.message) }
    if (show(given)) return
    api.ui.toast({ ...given, message: toastLines(given.message, api.renderer.width) })
  }
  const ui: TuiPluginApi["ui"] = Object.create(api.ui, { toast: { value: toast } })
  return Object.create(api, { ui: { value: ui } })
}

/**
 * Subscribes to the keys, the prompt and the server half. Returns the functions that unsubscribe.
 */
function listen(deps: Deps, navigator: Navigator, channel: Channel) {
  const { api, live, guard, keys, submit } = deps
  const actions: Actions = {
    submit,
    otherPrompt: live.dismiss,
    act: (id) => act(deps, navigator, id),
    actInDashboard: (id) => actInDashboard(deps, id),
  }
  const session = () => navigator.session()
  return [
    api.event.on("tui.toast.show", ({ properties }) => {
      if (navigator.isDashboard()) deps.dashboard.say(properties)
    }),
    api.event.on("tui.command.execute", (event) =>
      guard.sync(undefined, () => channel.receive(event.properties.command)),
    ),
    listenToPrompt(api, actions, guard),
    registerCommands(api, keys, DASHBOARD_MODE, actions, guard),
    listenToEscape({ api, live, guard, clock: systemClock, session, submit }),
    guardBox({ api, live, guard, clock: systemClock, session, inboxKey: () => keyLabel(api, "inbox") }),
  ]
}

/** Registers the status line, the sidebar and the dashboard in OpenCode's slots and routes. */
function draw(deps: Deps, navigator: Navigator): void {
  const { api, live, paint, dashboard } = deps
  const sessionBefore = () => navigator.sessionBefore()
  const ground = themeGround(api.theme)
  api.route.register([
    {
      name: DASHBOARD_ROUTE,
      render: () => (
        <DashboardView
          api={api}
          dashboard={dashboard}
          live={live}
          paint={paint}
          ground={ground}
          session={sessionBefore}
        />
      ),
    },
  ])
  api.slots.register({
    slots: {
      app_bottom: () => (
        <StatusBar
          paint={paint}
          live={live}
          session={() => navigator.session()}
          canType={() => navigator.canType()}
          isDashboard={() => navigator.isDashboard()}
          keys={() => barKeys(api)}
        />
      ),
      sidebar_content: (_context, props) => (
        <RunsPanel
          paint={paint}
          live={live}
          session={props.session_id}
          inbox={() => keyLabel(api, "inbox") ?? "/inbox"}
        />
      ),
    },
  })
}

/**
 * True for the command without a run, which opens the dashboard at once. With a run, the dashboard
 * opens after the server half has answered.
 */
function isStatus(line: string): boolean {
  return /^\/workflow\s+status\s*$/.test(line)
}

/** Opens the dashboard at once and fills it when the answer arrives. */
function showStatus(
  { dashboard, guard }: DashboardActs,
  navigator: Navigator,
  ask: (line: string) => Promise<Reply>,
): void {
  navigator.openDashboard()
  guard.start(async () => dashboard.take(await ask(dashboard.query()), false))
}

/**
 * Requests attention in OpenCode's own way: a system notification and a sound, as the user
 * configured them.
 */
async function attend(api: TuiPluginApi, { about, title, message }: NoticeMessage): Promise<void> {
  const name = about === "needs-you" ? "permission" : about === "done" ? "done" : "error"
  await api.attention.notify({ title, message, notification: { when: "blurred" }, sound: { name, when: "always" } })
}

/** Runs the command of a global key. */
function act(deps: DashboardActs, navigator: Navigator, id: GlobalKey) {
  switch (id) {
    case "jump":
      return navigator.jump()
    case "next":
      return navigator.step(1)
    case "previous":
      return navigator.step(-1)
    case "parent":
      return navigator.up()
    case "workers":
    case "inbox":
    case "handback":
      return deps.submit(`/${id}`)
    case "workflow":
      return deps.submit("/workflow")
    case "decide":
      return deps.submit("/inbox")
    case "status":
    case "plan":
    case "graph":
    case "pause":
    case "continue":
    case "resume":
    case "report":
      return deps.submit(`/workflow ${id}`)
    case "abort":
      return confirm(deps, { title: "Abort the run?", text: ABORTS, line: "/workflow abort" })
    case "trace":
    case "message": {
      const worker = navigator.worker()
      if (!worker) return deps.api.ui.toast({ variant: "info", message: "Open a worker's session first: /workers" })
      if (id === "trace") return deps.submit(`/trace ${worker.name}`)
      return deps.guard.start(() => messageTo(deps, worker))
    }
  }
}

function barKeys(api: TuiPluginApi): BarKeys {
  return { jump: keyLabel(api, "jump"), inbox: keyLabel(api, "inbox"), message: keyLabel(api, "message") }
}

async function publish(api: TuiPluginApi, command: string): Promise<void> {
  const body = { type: "tui.command.execute" as const, properties: { command } }
  await api.client.tui.publish({ body }, { throwOnError: true })
}

/**
 * Requests the state of the runs. A missing answer is not reported here, because the person's first
 * command reports it.
 */
async function hello(api: TuiPluginApi, channel: Channel): Promise<void> {
  const { reply, answered } = await channel.askQuietly("hello")
  if (answered && reply.tone === "error") {
    api.ui.toast({ variant: "error", title: reply.title, message: reply.text, duration: 10_000 })
  }
}
