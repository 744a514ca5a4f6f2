import type { TuiPluginApi, TuiRouteCurrent } from "@opencode-ai/plugin/tui"
import { jumpFrom } from "./jump.ts"
import type { Live } from "./live.ts"

export interface Navigator {
  /** Session on the screen, if any; reactive inside a Solid view. */
  session(): string | undefined
  /** The session on the screen that a person types into: a child session counts as its parent. */
  rootSession(): string | undefined
  /** Puts a session on the screen and remembers the way back. */
  open(session: string): void
  /** The jump key: to the running step, or back from a step. */
  jump(): void
}

type NavigatorApi = Pick<TuiPluginApi, "route" | "state" | "ui">

export function createNavigator(api: NavigatorApi, live: Live): Navigator {
  let cameFrom: TuiRouteCurrent | undefined

  const session = () => {
    const route = api.route.current
    const id = route.name === "session" && "params" in route ? route.params?.sessionID : undefined
    return typeof id === "string" ? id : undefined
  }

  const go = (route: TuiRouteCurrent) => api.route.navigate(route.name, "params" in route ? route.params : undefined)

  const open = (target: string) => {
    const isStep = live.runs().some((run) => run.steps.some((step) => step.session === session()))
    if (!isStep) cameFrom = api.route.current
    api.route.navigate("session", { sessionID: target })
  }

  const goBack = (parent: string | null) => {
    const target = cameFrom ?? (parent === null ? undefined : { name: "session", params: { sessionID: parent } })
    cameFrom = undefined
    go(target ?? { name: "home" })
  }

  return {
    session,
    rootSession() {
      const id = session()
      return id === undefined ? undefined : (api.state.session.get(id)?.parentID ?? id)
    },
    open,
    jump() {
      const jump = jumpFrom(session(), live.runs())
      if (jump.type === "open") return open(jump.session)
      if (jump.type === "back") return goBack(jump.parent)
      api.ui.toast({ variant: "info", message: "No workflow step has a session to open yet." })
    },
  }
}
