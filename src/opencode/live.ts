import type { RunEvent } from "../core/events.ts"
import { formatSpent } from "../core/format.ts"
import type { Clock, Log } from "../core/ports.ts"
import type { StateMessage } from "../core/protocol.ts"
import type { Run } from "../core/run.ts"
import { type AskView, type RunView, stepInFocus, viewRun } from "../core/view.ts"
import type { Engine } from "../engine/engine.ts"
import { ask, describe, type Host } from "../host/host.ts"
import { BY_MODEL } from "./desk.ts"
import { send } from "./send.ts"

/** Changes closer together than this reach the TUI as one. */
const SETTLE_MS = 100
/** What a worker is doing changes with every token: no more often than this. */
const ACTIVITY_MS = 500
/** Live state carries no prompts and only the beginning of each text: a command has the rest. */
const OUTPUT_CHARS = 200
const DETAIL_LINES = 8
const DETAIL_CHARS = 300
const OPTIONS_SHOWN = 20
const TOAST_MS = 10_000

export interface WatchDeps {
  readonly host: Host
  readonly engine: Engine
  readonly log: Log
  readonly clock: Clock
  /** Whether the end of a run may show a toast. */
  readonly toasts: () => boolean
}

/**
 * Keeps every TUI of this server told how runs, workers and asks stand: changes after a moment, activity twice a
 * second, asks at once. Shows one toast when a run ends or pauses (G9), and calls a person to a worker that waits for
 * one. Returns the function that stops it.
 */
export function watchRuns(deps: WatchDeps): () => void {
  const { host, engine, log, clock, toasts } = deps
  const attempt = (what: string, work: () => Promise<void>) => {
    work().catch((error) => log.error(what, { error: describe(error) }))
  }
  const schedule = throttle(clock, () =>
    attempt("the TUI could not be told how the runs go", () => publishState(host, engine)),
  )
  let asked = ""
  const offs = [
    engine.subscribe((run, events) => {
      schedule(SETTLE_MS)
      // The end first: `toasts` reads the config file, and events come all the time.
      if (wantsToast(run, events) && toasts())
        attempt("the toast could not be shown", () => toast(host, engine.view(run.id) ?? viewRun(run, true)))
      const opened = openedForPerson(run, events)
      if (opened) attempt("the TUI could not be called to a worker", () => send(host, opened))
    }),
    engine.subscribeWorkers(() => {
      const asks = engine.asks().map(({ id }) => id)
      const now = asks.join(" ")
      schedule(now === asked ? ACTIVITY_MS : 0)
      asked = now
    }),
  ]
  return () => {
    for (const off of offs) off()
    schedule(Number.POSITIVE_INFINITY)
  }
}

/** Calls `fn` after the shortest delay asked for since it was last called; an infinite one calls it off. */
function throttle(clock: Clock, fn: () => void): (delayMs: number) => void {
  let due = Number.POSITIVE_INFINITY
  let cancel = () => {}
  return (delayMs) => {
    const at = clock.now() + delayMs
    if (Number.isFinite(delayMs) && at >= due) return
    cancel()
    due = at
    if (!Number.isFinite(delayMs)) return
    cancel = clock.after(delayMs, () => {
      due = Number.POSITIVE_INFINITY
      fn()
    })
  }
}

export async function publishState(host: Host, engine: Engine): Promise<void> {
  await send(host, stateOf(engine))
}

/** What a TUI is told, with everything long cut. */
export function stateOf(engine: Engine): StateMessage {
  return { kind: "state", runs: engine.live().map(slim), workers: engine.workers(), asks: engine.asks().map(slimAsk) }
}

function slim(run: RunView): RunView {
  const steps = run.steps.map((step) => ({
    ...step,
    prompt: null,
    context: null,
    output: step.output.slice(0, OUTPUT_CHARS),
  }))
  return { ...run, steps }
}

function slimAsk(ask: AskView): AskView {
  const cut = (text: string) => (text.length > DETAIL_CHARS ? `${text.slice(0, DETAIL_CHARS)}…` : text)
  const more = ask.details.length - DETAIL_LINES
  const details = ask.details.slice(0, DETAIL_LINES).map(cut)
  return {
    ...ask,
    title: cut(ask.title),
    details: more > 0 ? [...details, `… ${more} more lines`] : details,
    questions: ask.questions.map((question) => ({
      ...question,
      text: cut(question.text),
      options: question.options
        .slice(0, OPTIONS_SHOWN)
        .map((option) => ({ label: option.label, description: cut(option.description) })),
    })),
  }
}

/** A worker of this server that a person works with has just begun. */
function openedForPerson(run: Run, events: readonly RunEvent[]) {
  const opened = events.find((event) => event.type === "step.opened")
  if (opened === undefined || run.parent === undefined) return undefined
  const step = viewRun(run, true).steps.find((one) => one.id === opened.step)
  if (step?.mode !== "foreground" || (step.kind !== "agent" && step.kind !== "subagent")) return undefined
  return { kind: "open" as const, session: opened.session, parent: run.parent }
}

/** A run that ended or pauses; not the end of a question that a model asked, which has its answer. */
function wantsToast({ created }: Run, events: readonly RunEvent[]): boolean {
  const isOfModel = created.ask !== undefined && created.by === BY_MODEL
  return events.some((event) => event.type === "run.paused" || (event.type === "run.ended" && !isOfModel))
}

async function toast(host: Host, view: RunView): Promise<void> {
  const variant = view.status === "success" ? "success" : view.status === "failed" ? "error" : "warning"
  await ask("show a toast", (options) =>
    host.client.tui.showToast(
      { title: `${view.workflow} · ${view.status}`, message: toastText(view), variant, duration: TOAST_MS },
      options,
    ),
  )
}

function toastText(view: RunView): string {
  const failed = view.steps.find((step) => step.status === "failed") ?? stepInFocus(view)
  const done = view.steps.filter((step) => step.status === "success").length
  const name = view.ask ?? failed?.id
  switch (view.status) {
    case "success":
      return view.ask === null
        ? `${done} ${done === 1 ? "step" : "steps"} done · ${formatSpent(view)}`
        : `answered · /trace ${view.ask} · ${formatSpent(view)}`
    case "failed":
      return failed ? `${name}: ${failed.reason ?? view.cause ?? "failed"} · /trace ${name}` : "failed"
    case "cancelled":
      return `aborted after ${done} of ${view.steps.length} steps`
    default:
      return `${view.hold?.detail ?? "held"} · go on with /workflow resume ${view.id}`
  }
}
