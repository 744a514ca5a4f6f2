import type { RunEvent } from "../core/events.ts"
import { formatSpent } from "../core/format.ts"
import { gateTitle, wayOn } from "../core/gates.ts"
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
/** What of the reason of a gate stands in its toast. */
const GATE_CHARS = 100
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
        attempt("the toast could not be shown", () => toast(host, engine.view(run.id) ?? viewRun(run, true), events))
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
    detail: step.detail === null ? null : cut(step.detail),
    gate: step.gate === null ? null : { ...step.gate, detail: cut(step.gate.detail) },
    checks: step.checks.map((check) => ({ ...check, detail: cut(check.detail), output: tailOf(check.output) })),
    warnings: step.warnings.map(({ kind, text }) => ({ kind, text: cut(text) })),
  }))
  return { ...run, hold: run.hold === null ? null : { ...run.hold, detail: cut(run.hold.detail) }, steps }
}

function cut(text: string): string {
  return text.length > DETAIL_CHARS ? `${text.slice(0, DETAIL_CHARS)}…` : text
}

function tailOf(text: string): string {
  const end = text.trimEnd()
  return end.length > DETAIL_CHARS ? `…${end.slice(-DETAIL_CHARS)}` : end
}

function slimAsk(ask: AskView): AskView {
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

/**
 * A run that ended or pauses, or a step that waits for a decision: one toast, whatever comes of it in the same run. Not
 * the end of a question that a model asked, which has its answer; not a pause that a person just asked for and got.
 */
function wantsToast({ created }: Run, events: readonly RunEvent[]): boolean {
  const isOfModel = created.ask !== undefined && created.by === BY_MODEL
  const isAskedFor = events.some(({ type }) => type === "run.pausing")
  return events.some((event) => {
    if (event.type === "run.paused")
      return event.hold.cause !== "gate" && !(event.hold.cause === "person" && isAskedFor)
    return event.type === "gate.opened" || (event.type === "run.ended" && !isOfModel)
  })
}

async function toast(host: Host, view: RunView, events: readonly RunEvent[]): Promise<void> {
  const opened = events.findLast((event) => event.type === "gate.opened")
  const variant = view.status === "success" ? "success" : view.status === "failed" ? "error" : "warning"
  const [title, message] = opened
    ? [`${view.workflow} · ${opened.step} waits for you`, gateText(opened)]
    : [`${view.workflow} · ${view.status}`, toastText(view)]
  await ask("show a toast", (options) =>
    host.client.tui.showToast({ title, message, variant, duration: TOAST_MS }, options),
  )
}

/** `review failed (check-failed): npm test: exit code 1 · /workflow retry review · /inbox` */
function gateText({ step, why, detail }: Extract<RunEvent, { type: "gate.opened" }>): string {
  const line = detail.replace(/\s+/g, " ")
  const said = line.length > GATE_CHARS ? `${line.slice(0, GATE_CHARS)}…` : line
  const way = why === "error" ? "retry" : "continue"
  return `${gateTitle(step, { why, detail: said })} · /workflow ${way} ${step} · /inbox`
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
      return `${view.hold?.detail ?? "held"} · go on with /workflow ${wayOn(view.hold)} ${view.id}`
  }
}
