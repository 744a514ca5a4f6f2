import type { Kind } from "../model/kinds.ts"
import type { CheckResult, Hold, Reason } from "../model/result.ts"
import type { Gate } from "../model/run.ts"
import type { GateAction } from "../model/workflow.ts"
import type { RunView, StepView } from "./view.ts"

/** A step that waits for a person's decision, as every surface shows it. Plain data. */
export interface GateView {
  readonly run: string
  readonly workflow: string
  readonly step: string
  readonly kind: Kind
  readonly why: Gate["why"]
  readonly reason: Reason | null
  /** `review failed (check-failed): npm test: exit code 1` */
  readonly title: string
  /** What it is about, a line each: the checks that do not hold with the end of their output, warnings, the answer. */
  readonly details: readonly string[]
  readonly session: string | null
  readonly attempts: number
  /** Milliseconds since 1970. */
  readonly openedAt: number
  /** When `otherwise` is done in a person's place (milliseconds since 1970). */
  readonly expiresAt: number
  readonly otherwise: GateAction
}

/** Lines of a failed check's output, and of an answer, that stand in a gate's details. */
const TAIL_LINES = 6
const ANSWER_LINES = 4

/** Whether a person must say how the run goes on: it is paused, or something holds it while the rest of it ends. */
export function isWaiting(run: RunView): boolean {
  return run.status === "paused" || (run.status === "running" && run.hold !== null)
}

/** The word that goes on with a run that is held, as it follows `/workflow`. */
export function wayOn(hold: Hold | null): string {
  if (hold?.cause === "budget") return "raise usd=… tokens=…"
  return hold?.cause === "person" || hold?.cause === "gate" ? "continue" : "resume"
}

/** What waits for a decision in a run; in one that is over nothing does. */
export function openGates(run: RunView): GateView[] {
  if (run.endedAt !== null) return []
  return run.steps.flatMap((step) => gateView(run, step) ?? [])
}

function gateView(run: RunView, step: StepView): GateView | undefined {
  const { gate } = step
  if (gate === null) return undefined
  return {
    run: run.id,
    workflow: run.workflow,
    step: step.id,
    kind: step.kind,
    why: gate.why,
    reason: step.reason,
    title: gateTitle(step.id, gate),
    details: detailsOf(step, gate),
    session: step.session,
    attempts: step.attempts,
    openedAt: gate.openedAt,
    expiresAt: gate.expiresAt,
    otherwise: gate.otherwise,
  }
}

/** What a gate says, in one sentence that begins with the step. */
export function gateTitle(step: string, { why, detail }: Pick<Gate, "why" | "detail">): string {
  if (why === "error") return `${step} ${detail}`
  return why === "always" ? `${step} is done` : `${step}: ${detail}`
}

function detailsOf(step: StepView, { why }: Gate): string[] {
  const failed = step.checks.filter((check) => !check.isOk)
  // The only one is named in the title.
  const nameOf = ({ name, detail }: CheckResult) => (failed.length === 1 ? [] : [`${name}: ${detail}`])
  const checks = failed.flatMap((check) => [...nameOf(check), ...tail(check.output)])
  const warnings = why === "warning" ? [] : step.warnings.map(({ text }) => `warning: ${text}`)
  const answer = step.output.trim().split("\n").slice(0, ANSWER_LINES)
  return [...checks, ...warnings, ...(step.output.trim() === "" ? [] : answer)]
}

function tail(text: string): string[] {
  const lines = text.trimEnd().split("\n").slice(-TAIL_LINES)
  return text.trim() === "" ? [] : lines.map((line) => `  ${line.trimEnd()}`)
}

/** What `continue` means at a gate. */
export const CONTINUES: Record<Gate["why"], string> = {
  error: "it stays failed; on_failure says what follows",
  warning: "its answer counts",
  always: "its answer counts",
  gate: "yes: go on",
  stagnant: "one more round",
  budget: "it goes on",
  effects: "its answer is looked for; else it is done again",
}

/** What the gate's time running out comes to, as a word: `continued`. */
export const DECIDED: Record<GateAction, string> = {
  continue: "continued",
  retry: "tried again",
  skip: "skipped",
  abort: "aborted",
}
