import type { TuiPluginApi, TuiRouteCurrent } from "@opencode-ai/plugin/tui"
import type { OpenMessage } from "../../core/view/protocol.ts"
import type { WorkerView } from "../../core/view/view.ts"
import type { Live } from "../state/live.ts"
import { jumpFrom, nextWorker, parentOf } from "./jump.ts"

/** The dashboard's route in OpenCode. */
export const DASHBOARD_ROUTE = "baton.dashboard"

type NavigatorApi = Pick<TuiPluginApi, "client" | "route" | "state" | "ui">

/** Moves the TUI between screens; never changes a person's session, agent, model or what they have typed. */
export class Navigator implements Sessions {
  readonly #api: NavigatorApi
  readonly #live: Live
  /** Where one was before the first worker's session. */
  #cameFrom: TuiRouteCurrent | undefined
  #beforeDashboard: TuiRouteCurrent = { name: "home" }

  constructor(api: NavigatorApi, live: Live) {
    this.#api = api
    this.#live = live
  }

  /** Session on the screen, if any; reactive inside a Solid view. */
  session(): string | undefined {
    return sessionOf(this.#api.route.current)
  }

  /** The session a person types into: the root of the one on the screen, or of the one before the dashboard. Nobody types
   *  into a child session, and the host shows no permission request of a grandchild. */
  current(): string | undefined {
    let id = this.isDashboard() ? sessionOf(this.#beforeDashboard) : this.session()
    for (let parent = id; parent !== undefined; parent = this.#api.state.session.get(parent)?.parentID) id = parent
    return id
  }

  /** The worker whose session is on the screen. */
  worker(): WorkerView | undefined {
    return this.#live.workers().find((one) => one.session !== null && one.session === this.session())
  }

  /** Whether OpenCode shows a prompt for the session on the screen: it does for every one that is no child. */
  canType(): boolean {
    return this.current() === this.session()
  }

  async create(title: string): Promise<string> {
    const { data } = await this.#api.client.session.create({ title }, { throwOnError: true })
    this.#api.route.navigate("session", { sessionID: data.id })
    return data.id
  }

  async remove(session: string): Promise<void> {
    if (this.session() === session) this.#api.route.navigate("home")
    await this.#api.client.session.delete({ sessionID: session }, { throwOnError: true })
  }

  /** Puts a session on the screen and remembers the way back. */
  open(session: string): void {
    if (this.#parent(this.session()) === undefined) this.#cameFrom = this.#api.route.current
    this.#api.route.navigate("session", { sessionID: session })
  }

  /** The jump key: to the running step, or back from a worker's session to where one was before. */
  jump(): void {
    const jump = jumpFrom(this.session(), this.#live.runs(), this.#live.workers())
    if (jump.type === "open") this.open(jump.session)
    else if (jump.type === "back") this.#goBack(jump.parent)
    else this.#say("No workflow step has a session to open yet.")
  }

  /** To the session of the next worker (1), or of the one before (-1). */
  step(by: 1 | -1): void {
    const here = this.session() ?? this.current()
    const target = nextWorker(here, by, this.#live.runs(), this.#live.workers())
    if (target !== undefined) this.open(target)
    else this.#say("No other worker has a session to open.")
  }

  /** To the session that the one on the screen was started from. */
  up(): void {
    const here = this.session()
    const parent = this.#parent(here) ?? (here && this.#api.state.session.get(here)?.parentID)
    if (typeof parent !== "string") {
      this.#say("This session was not started from another one.")
      return
    }
    if (this.#parent(parent) === undefined) this.#cameFrom = undefined
    this.#api.route.navigate("session", { sessionID: parent })
  }

  /** Goes where a person is wanted, if this screen shows the session it is about or a worker of it. */
  summon({ session: target, parent }: OpenMessage): void {
    const here = this.session()
    if (here !== target && (here === parent || this.#parent(here) === parent)) this.open(target)
  }

  isDashboard(): boolean {
    return this.#api.route.current.name === DASHBOARD_ROUTE
  }

  /** Puts the dashboard on the screen, and remembers the way back. */
  openDashboard(): void {
    if (this.isDashboard()) return
    this.#beforeDashboard = this.#api.route.current
    this.#api.route.navigate(DASHBOARD_ROUTE)
  }

  closeDashboard(): void {
    this.#go(this.#beforeDashboard)
  }

  /** The session one came to the dashboard from. */
  sessionBefore(): string | undefined {
    return sessionOf(this.#beforeDashboard)
  }

  #goBack(parent: string | null): void {
    const target = this.#cameFrom ?? (parent === null ? undefined : { name: "session", params: { sessionID: parent } })
    this.#cameFrom = undefined
    this.#go(target ?? { name: "home" })
  }

  #go(route: TuiRouteCurrent): void {
    this.#api.route.navigate(route.name, "params" in route ? route.params : undefined)
  }

  #parent(session: string | undefined): string | null | undefined {
    return parentOf(session, this.#live.runs(), this.#live.workers())
  }

  #say(message: string): void {
    this.#api.ui.toast({ variant: "info", message })
  }
}

function sessionOf(route: TuiRouteCurrent): string | undefined {
  const id = route.name === "session" && "params" in route ? route.params?.sessionID : undefined
  return typeof id === "string" ? id : undefined
}

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
