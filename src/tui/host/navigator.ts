import type { TuiPluginApi, TuiRouteCurrent } from "@opencode-ai/plugin/tui"
import type { OpenMessage } from "../../core/view/protocol.ts"
import type { WorkerView } from "../../core/view/view.ts"
import type { Live } from "../state/live.ts"
import { jumpFrom, nextWorker, parentOf } from "./jump.ts"

/** The dashboard's route in OpenCode. */
export const DASHBOARD_ROUTE = "baton.dashboard"

type NavigatorApi = Pick<TuiPluginApi, "client" | "route" | "state" | "ui">

/**
 * Moves the TUI between screens. It never changes a person's session, agent, model or typed text.
 */
export class Navigator implements Sessions {
  readonly #api: NavigatorApi
  readonly #live: Live
  /** The screen before the first worker's session was opened. */
  #cameFrom: TuiRouteCurrent | undefined
  #beforeDashboard: TuiRouteCurrent = { name: "home" }

  constructor(api: NavigatorApi, live: Live) {
    this.#api = api
    this.#live = live
  }

  /** The session on the screen, if any. Reactive inside a Solid view. */
  session(): string | undefined {
    return sessionOf(this.#api.route.current)
  }

  /**
   * The session that a person types into: the root of the session on the screen, or of the one
   * before the dashboard. A child session has no prompt, and the host shows no permission request
   * of a grandchild.
   */
  current(): string | undefined {
    let id = this.isDashboard() ? sessionOf(this.#beforeDashboard) : this.session()
    for (let parent = id; parent !== undefined; parent = this.#api.state.session.get(parent)?.parentID) id = parent
    return id
  }

  /** The worker whose session is on the screen. */
  worker(): WorkerView | undefined {
    return this.#live.workers().find((one) => one.session !== null && one.session === this.session())
  }

  /**
   * Whether OpenCode shows a prompt for the session on the screen. It does for each session that is
   * not a child.
   */
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

  /**
   * Handles the jump key: goes to the running step, or from a worker's session back to the screen
   * before it.
   */
  jump(): void {
    const jump = jumpFrom(this.session(), this.#live.runs(), this.#live.workers())
    if (jump.type === "open") this.open(jump.session)
    else if (jump.type === "back") this.#goBack(jump.parent)
    else this.#say("No workflow step has a session to open yet.")
  }

  /** Goes to the session of the next worker (1) or the previous one (-1). */
  step(by: 1 | -1): void {
    const here = this.session() ?? this.current()
    const target = nextWorker(here, by, this.#live.runs(), this.#live.workers())
    if (target !== undefined) this.open(target)
    else this.#say("No other worker has a session to open.")
  }

  /** Goes to the session that started the one on the screen. */
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

  /**
   * Opens a session that needs a person, if the screen shows the session that started it or another
   * worker of that session.
   */
  summon({ session: target, parent }: OpenMessage): void {
    const here = this.session()
    if (here !== target && (here === parent || this.#parent(here) === parent)) this.open(target)
  }

  isDashboard(): boolean {
    return this.#api.route.current.name === DASHBOARD_ROUTE
  }

  /** Puts the dashboard on the screen and remembers the way back. */
  openDashboard(): void {
    if (this.isDashboard()) return
    this.#beforeDashboard = this.#api.route.current
    this.#api.route.navigate(DASHBOARD_ROUTE)
  }

  closeDashboard(): void {
    this.#go(this.#beforeDashboard)
  }

  /** The session that was on the screen before the dashboard. */
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

/** The operations on the host's sessions that submitting a line needs. */
export interface Sessions {
  /** The session that a person types into, if the screen has one. */
  current(): string | undefined
  /** The session on the screen, if any: `current`, or one below it. */
  session(): string | undefined
  /** Creates a session and puts it on the screen; rejects when the host refuses. */
  create(title: string): Promise<string>
  /**
   * Deletes a session, and goes to the home screen if it is on the screen; rejects when the host
   * refuses.
   */
  remove(session: string): Promise<void>
}
