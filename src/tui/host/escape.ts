import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Clock } from "../../core/ports/ports.ts"
import type { Live } from "../state/live.ts"
import { belongsTo } from "../state/view-model.ts"
import type { Guard } from "./guard.ts"
import { OVER_HOST } from "./keys.ts"

/** Time within which the second press must follow. */
const AGAIN_MS = 5_000

export interface EscapeDeps {
  readonly api: Pick<TuiPluginApi, "keymap" | "renderer" | "state" | "tuiConfig" | "ui">
  readonly live: Live
  readonly guard: Guard
  readonly clock: Clock
  /** The session on the screen. */
  session(): string | undefined
  submit(line: string): void
}

/**
 * Makes the key that interrupts a turn also abort the run of the session on the screen: when
 * pressed twice, and only where it has no other effect. Returns a function that removes the
 * binding.
 */
export function listenToEscape(deps: EscapeDeps): () => void {
  const { api, guard } = deps
  let armed: { readonly run: string; readonly until: number } | undefined
  const onPress = () => {
    const run = runToAbort(deps)
    if (run === undefined) return false
    const now = deps.clock.now()
    if (armed?.run === run.id && now <= armed.until) {
      armed = undefined
      deps.submit(`/workflow abort ${run.id}`)
    } else {
      armed = { run: run.id, until: now + AGAIN_MS }
      const key = api.tuiConfig.keybinds.get("session.interrupt")[0]?.key
      const name = typeof key === "string" && key !== "escape" ? key : "esc"
      const message = `${name} again aborts the run ${run.ask ?? run.workflow}`
      api.ui.toast({ variant: "warning", message, duration: AGAIN_MS })
    }
    return true
  }
  const cmd = () => guard.sync(false, onPress)
  const bindings = api.tuiConfig.keybinds.get("session.interrupt").map(({ key }) => ({ key, cmd }))
  return api.keymap.registerLayer({ mode: "base", priority: OVER_HOST, bindings })
}

/**
 * The run that the key aborts. Undefined when a dialog, a typed prompt, a turn or a permission
 * request uses the key.
 */
function runToAbort({ api, live, session }: EscapeDeps) {
  const here = session()
  const run = live.runs().find((one) => one.status === "running" && belongsTo(one, here))
  if (here === undefined || run === undefined || api.ui.dialog.open) return undefined
  if ((api.renderer.currentFocusedEditor?.plainText ?? "") !== "") return undefined
  if ((api.state.session.status(here)?.type ?? "idle") !== "idle") return undefined
  // OpenCode shows a worker's permission request in the session of the run, where the key rejects
  // it.
  return live.asks().some((ask) => ask.run === run.id) ? undefined : run
}
