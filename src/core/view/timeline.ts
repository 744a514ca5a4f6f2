import { formatDuration } from "../base/duration.ts"
import { budgetWords } from "../model/budget.ts"
import { describeDecider } from "../model/decided.ts"
import type { RunEvent } from "../model/events.ts"
import type { WorkerRequest } from "../model/request.ts"
import { describeReply, describeRequest, isUnanswered } from "../model/request-text.ts"
import type { CheckResult, StepResult } from "../model/result.ts"
import { DECIDED, gateTitle } from "./gate-view.ts"

/**
 * Describes what happened in a run, from its events alone: as a list in order, or along a time
 * axis.
 */

/**
 * `work`: tries and their ends; `retry`: another try; `check`: the result of a check; `warning`;
 * `decision`: a decision of a person, or of a gate that expired; `run`: the run as a whole.
 */
export type MomentKind = "work" | "retry" | "check" | "warning" | "decision" | "run"

/** One thing that happened in a run. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number
  /** The id of the step, or null when the moment concerns the whole run. */
  readonly step: string | null
  readonly attempt: number | null
  readonly kind: MomentKind
  readonly tone: "plain" | "good" | "bad" | "warn"
  /** One line for a person. It does not name the step. */
  readonly title: string
  /**
   * Further text of any length: a prompt, a message, a command's output. Empty when there is none.
   */
  readonly text: string
}

/** One try of a step. Times are milliseconds since 1970; null means not yet, or not recorded. */
export interface Try {
  readonly attempt: number
  readonly startedAt: number
  readonly endedAt: number | null
  readonly session: string | null
  /** The requested model as `provider/model`. */
  readonly asked: string | null
  readonly prompt: string | null
  readonly context: string | null
  readonly result: StepResult | null
  readonly checks: readonly CheckResult[]
  /** The periods in which something held it: a gate, a person, a quota. */
  readonly waits: readonly { readonly from: number; readonly to: number | null }[]
}

type StepEvent = Extract<RunEvent, { readonly step: string }>
type Told = Pick<Moment, "kind" | "tone" | "title"> & { readonly text?: string }

/** Returns everything that happened, oldest first. */
export function momentsOf(events: readonly RunEvent[]): Moment[] {
  const asked = new Map(events.flatMap((event) => (event.type === "step.asked" ? [[event.id, event]] : [])))
  return events.flatMap((event) => {
    const told = "step" in event ? toldOfStep(event, asked) : toldOfRun(event)
    const attempt = "attempt" in event ? event.attempt : null
    return told.map(({ text = "", ...rest }) => ({
      at: event.at,
      step: "step" in event ? event.step : null,
      attempt,
      ...rest,
      text,
    }))
  })
}

function toldOfRun(event: Exclude<RunEvent, StepEvent>): Told[] {
  switch (event.type) {
    case "run.created":
      return [{ kind: "run", tone: "plain", title: `started by ${event.by}` }]
    case "run.interrupted":
      return [{ kind: "run", tone: "warn", title: `interrupted: ${event.by}` }]
    case "run.pausing":
      return [{ kind: "decision", tone: "warn", title: `pausing: ${event.hold.detail}` }]
    case "run.paused":
      return [{ kind: "run", tone: "warn", title: `paused: ${event.hold.detail}` }]
    case "run.resumed":
      return [
        { kind: "decision", tone: "plain", title: `resumed by ${describeDecider(event)}`, text: event.say?.text ?? "" },
      ]
    case "run.edited":
      return [{ kind: "decision", tone: "plain", title: `the workflow was changed by ${describeDecider(event)}` }]
    case "run.stopping":
      return [stopping(event)]
    case "run.closing":
      return [{ kind: "run", tone: "plain", title: `all steps are over (${event.status}); the hooks start` }]
    case "budget.raised":
      return [{ kind: "decision", tone: "plain", title: raised(event) }]
    case "run.ended":
      return [{ kind: "run", tone: event.status === "success" ? "good" : "bad", title: `ended: ${event.status}` }]
    default:
      return []
  }
}

function raised(event: Extract<RunEvent, { type: "budget.raised" }>): string {
  return `${describeDecider(event)} raised the budget: ${budgetWords(event.budget)}`
}

function stopping({ cause, by, via }: Extract<RunEvent, { type: "run.stopping" }>): Told {
  const who = by === undefined ? "" : ` by ${describeDecider({ by, ...(via ? { via } : {}) })}`
  if (cause === "abort") return { kind: "decision", tone: "warn", title: `aborted${who}` }
  const why = cause === "deadline" ? "it passed its deadline" : "a step failed"
  return { kind: "run", tone: "bad", title: `nothing more starts: ${why}` }
}

function toldOfStep(event: StepEvent, asked: ReadonlyMap<string, WorkerRequest>): Told[] {
  switch (event.type) {
    case "step.started": {
      const again = event.goOn === undefined ? "" : ", in the same session"
      return event.attempt === 1 ? [] : [{ kind: "retry", tone: "plain", title: `try ${event.attempt}${again}` }]
    }
    case "step.opened":
      return [{ kind: "work", tone: "plain", title: `asked ${event.model ?? "the default model"}`, text: event.prompt }]
    case "step.checkpointed":
      return [
        {
          kind: "work",
          tone: "plain",
          title: "its session grew too large: it continues in a new one",
          text: event.text,
        },
      ]
    case "step.warned":
      // The reply already says it.
      if (event.warning.kind === "unanswered") return []
      return [{ kind: "warning", tone: "warn", title: event.warning.text }]
    case "step.asked":
    case "step.replied":
      return requested(event, asked)
    case "step.steered":
      return [
        { kind: "decision", tone: "plain", title: `${STEERED[event.action]} ${event.by}`, text: event.text ?? "" },
      ]
    case "step.held":
      return [{ kind: "run", tone: "warn", title: `held: ${event.hold.detail}` }]
    case "step.checked":
      return checked(event)
    case "step.answered":
      return [{ kind: "work", tone: "plain", title: "answered" }]
    case "step.ended":
      return ended(event)
    case "step.expanded":
      return [{ kind: "work", tone: "plain", title: `is done by ${event.steps.map(({ id }) => id).join(", ")}` }]
    case "step.skipped":
      // The person's decision already says it.
      return event.cause === "person" ? [] : [{ kind: "work", tone: "plain", title: `skipped: ${event.detail}` }]
    case "gate.opened":
      return [{ kind: "decision", tone: "warn", title: `waits for a person: ${gateTitle(event.step, event)}` }]
    case "gate.decided":
      return [
        {
          kind: "decision",
          tone: "plain",
          title: `${DECIDED[event.action]} by ${describeDecider(event)}`,
          text: event.message ?? "",
        },
      ]
    case "step.looked":
      return []
  }
}

function requested(
  event: Extract<RunEvent, { type: "step.asked" | "step.replied" }>,
  asked: ReadonlyMap<string, WorkerRequest>,
): Told[] {
  if (event.type === "step.asked") {
    if (event.again) return []
    const text = event.details.filter((line) => !event.title.includes(line)).join("\n")
    return [{ kind: "decision", tone: "plain", title: describeRequest(event), text }]
  }
  const tone = isUnanswered(event) ? "warn" : "plain"
  return [{ kind: "decision", tone, title: describeReply(event, asked.get(event.id)), text: event.text ?? "" }]
}

const STEERED = {
  message: "got a message from",
  interrupt: "was stopped by",
  resume: "was resumed by",
  handback: "was handed back by",
} as const

function checked(event: Extract<RunEvent, { type: "step.checked" }>): Told[] {
  const { checks, schemaError, saved } = event
  return [
    ...checks.map(({ name, detail, isOk, severity, output }): Told => {
      const tone = isOk ? "good" : severity === "warning" ? "warn" : "bad"
      return { kind: "check", tone, title: `${name}: ${detail}`, text: isOk ? "" : output }
    }),
    ...(schemaError === undefined ? [] : [{ kind: "check", tone: "bad", title: schemaError } as const]),
    ...(saved === undefined ? [] : [{ kind: "work", tone: "plain", title: `written to ${saved}` } as const]),
  ]
}

function ended({ at, result, retryAt }: Extract<RunEvent, { type: "step.ended" }>): Told[] {
  const why = result.detail === undefined ? "" : `: ${result.detail}`
  const isOk = result.reason === "ok"
  const end: Told = { kind: "work", tone: isOk ? "good" : "bad", title: isOk ? "done" : `${result.reason}${why}` }
  if (retryAt === undefined) return [end]
  const when = retryAt > at ? ` in ${formatDuration(retryAt - at)}` : ""
  return [end, { kind: "retry", tone: "warn", title: `tried again${when}` }]
}

// ── tries ────────────────────────────────────────────────────────────────────────────────────────

/** Returns the tries of every step by its id, oldest first. */
export function triesOf(events: readonly RunEvent[]): Map<string, Try[]> {
  const tries = new Map<string, Try[]>()
  for (const event of events) {
    if (event.type === "run.resumed") letGo(tries, event.at)
    if (!("step" in event)) continue
    const own = tries.get(event.step) ?? []
    const last = own.at(-1)
    if (event.type === "step.started") tries.set(event.step, [...own, begun(event.attempt, event.at)])
    else if (last !== undefined) own[own.length - 1] = after(last, event)
  }
  return tries
}

function begun(attempt: number, startedAt: number): Try {
  const nothing = { endedAt: null, session: null, asked: null, prompt: null, context: null, result: null }
  return { attempt, startedAt, ...nothing, checks: [], waits: [] }
}

function after(one: Try, event: StepEvent): Try {
  switch (event.type) {
    case "step.opened":
      return {
        ...one,
        session: event.session,
        asked: event.model,
        prompt: event.prompt,
        context: event.context ?? null,
      }
    case "step.answered":
      return { ...one, result: event.result }
    case "step.checked":
      return { ...one, checks: event.checks }
    case "step.held":
    case "gate.opened":
      return { ...one, waits: [...one.waits, { from: event.at, to: null }] }
    case "gate.decided":
      return waited(one, event.at)
    case "step.ended":
      return { ...waited(one, event.at), endedAt: event.at, result: event.result }
    case "step.skipped":
      return { ...waited(one, event.at), endedAt: event.at }
    default:
      return one
  }
}

/** Closes the open wait of a try. */
function waited(one: Try, at: number): Try {
  return { ...one, waits: one.waits.map((wait) => (wait.to === null ? { ...wait, to: at } : wait)) }
}

/**
 * Closes the waits of held steps when the run is resumed. A step at a gate keeps waiting for a
 * person's decision.
 */
function letGo(tries: Map<string, Try[]>, at: number): void {
  for (const own of tries.values()) {
    const last = own.at(-1)
    if (last?.endedAt === null && last.result === null) own[own.length - 1] = waited(last, at)
  }
}
