import type { TuiPluginApi, TuiRouteCurrent } from "@opencode-ai/plugin/tui"
import type { OpenMessage } from "../core/protocol.ts"
import type { WorkerView } from "../core/view.ts"
import { jumpFrom } from "./jump.ts"
import type { Live } from "./live.ts"
import type { Sessions } from "./submit.ts"

export interface Navigator extends Sessions {
  /** Session on the screen, if any; reactive inside a Solid view. */
  session(): string | undefined
  /** The worker whose session is on the screen. */
  worker(): WorkerView | undefined
  /** Whether OpenCode shows a prompt for the session on the screen: it does for every one that is no child. */
  canType(): boolean
  /** Puts a session on the screen and remembers the way back. */
  open(session: string): void
  /** The jump key: to the running step, or back from a step. */
  jump(): void
  /** Goes where a person is wanted, if this screen shows the session it is about or a worker of it. */
  summon(message: OpenMessage): void
}

type NavigatorApi = Pick<TuiPluginApi, "client" | "route" | "state" | "ui">

/** Moves the TUI between screens. */
export function createNavigator(api: NavigatorApi, live: Live): Navigator {
  let cameFrom: TuiRouteCurrent | undefined

  const session = () => {
    const route = api.route.current
    const id = route.name === "session" && "params" in route ? route.params?.sessionID : undefined
    return typeof id === "string" ? id : undefined
  }

  const go = (route: TuiRouteCurrent) => api.route.navigate(route.name, "params" in route ? route.params : undefined)

  const open = (target: string) => {
    if (parentOf(live, session()) === undefined) cameFrom = api.route.current
    api.route.navigate("session", { sessionID: target })
  }

  const goBack = (parent: string | null) => {
    const target = cameFrom ?? (parent === null ? undefined : { name: "session", params: { sessionID: parent } })
    cameFrom = undefined
    go(target ?? { name: "home" })
  }

  // Nobody types into a child session, and the host shows no permission request of a grandchild: take its root.
  const current = () => {
    let id = session()
    for (let parent = id; parent !== undefined; parent = api.state.session.get(parent)?.parentID) id = parent
    return id
  }

  return {
    session,
    current,
    worker: () => live.workers().find((one) => one.session !== null && one.session === session()),
    canType: () => current() === session(),
    async create(title) {
      const { data } = await api.client.session.create({ title }, { throwOnError: true })
      api.route.navigate("session", { sessionID: data.id })
      return data.id
    },
    async remove(id) {
      if (session() === id) api.route.navigate("home")
      await api.client.session.delete({ sessionID: id }, { throwOnError: true })
    },
    open,
    jump() {
      const jump = jumpFrom(session(), live.runs(), live.workers())
      if (jump.type === "open") return open(jump.session)
      if (jump.type === "back") return goBack(jump.parent)
      api.ui.toast({ variant: "info", message: "No workflow step has a session to open yet." })
    },
    summon({ session: target, parent }) {
      const here = session()
      if (here !== target && (here === parent || parentOf(live, here) === parent)) open(target)
    },
  }
}

/** The session that the worker of this session was started from; undefined: it is no worker's. */
function parentOf(live: Live, session: string | undefined): string | null | undefined {
  if (session === undefined) return undefined
  const run = live.runs().find((one) => one.steps.some((step) => step.session === session))
  return run?.parent ?? live.workers().find((worker) => worker.session === session)?.parent
}
