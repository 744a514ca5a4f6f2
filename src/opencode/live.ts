import type { RunEvent } from "../core/events.ts"
import { formatSpent } from "../core/format.ts"
import type { Log } from "../core/ports.ts"
import type { Run } from "../core/run.ts"
import { type RunView, stepInFocus, viewRun } from "../core/view.ts"
import type { Engine } from "../engine/engine.ts"
import { ask, describe, type Host } from "../host/host.ts"
import { send } from "./send.ts"

/** Changes closer together than this reach the TUI as one. */
const SETTLE_MS = 100
/** Live state carries no prompts and only the beginning of each output: `/trace` has the rest. */
const OUTPUT_CHARS = 200
const TOAST_MS = 10_000

/** Keeps every TUI of this server told how the runs go, and shows one toast when a run ends (G9). */
export function watchRuns(host: Host, engine: Engine, log: Log, toasts: () => boolean): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const attempt = (what: string, work: () => Promise<void>) => {
    work().catch((error) => log.error(what, { error: describe(error) }))
  }
  const unsubscribe = engine.subscribe((run, events) => {
    timer ??= setTimeout(() => {
      timer = undefined
      attempt("the TUI could not be told how the runs go", () => publishRuns(host, engine))
    }, SETTLE_MS)
    // The end first: `toasts` reads the config file, and events come all the time.
    if (hasEnded(events) && toasts()) attempt("the toast could not be shown", () => toast(host, run))
  })
  return () => {
    unsubscribe()
    clearTimeout(timer)
  }
}

export async function publishRuns(host: Host, engine: Engine): Promise<void> {
  await send(host, { kind: "state", runs: engine.live().map(slim) })
}

function slim(run: RunView): RunView {
  const steps = run.steps.map((step) => ({ ...step, prompt: null, output: step.output.slice(0, OUTPUT_CHARS) }))
  return { ...run, steps }
}

function hasEnded(events: readonly RunEvent[]): boolean {
  return events.some((event) => event.type === "run.ended")
}

async function toast(host: Host, run: Run): Promise<void> {
  const view = viewRun(run, true)
  const failed = view.steps.find((step) => step.status === "failed") ?? stepInFocus(view)
  const done = view.steps.filter((step) => step.status === "success").length
  const lines = {
    success: `${done} ${done === 1 ? "step" : "steps"} done · ${formatSpent(view)}`,
    failed: failed ? `${failed.id}: ${failed.reason ?? view.cause ?? "failed"} · /trace ${failed.id}` : "failed",
    cancelled: `aborted after ${done} of ${view.steps.length} steps`,
    running: "",
    interrupted: "",
    paused: `${view.hold?.detail ?? ""} · /workflow resume`,
  }
  const variant = view.status === "success" ? "success" : view.status === "failed" ? "error" : "warning"
  await ask("show a toast", (options) =>
    host.client.tui.showToast(
      { title: `${view.workflow} · ${view.status}`, message: lines[view.status], variant, duration: TOAST_MS },
      options,
    ),
  )
}
