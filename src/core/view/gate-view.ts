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
  /** For example `review failed (check-failed): npm test: exit code 1`. */
  readonly title: string
  /**
   * What the gate is about, one line each: failed checks with the end of their output, warnings,
   * the answer.
   */
  readonly details: readonly string[]
  readonly session: string | null
  readonly attempts: number
  /** Milliseconds since 1970. */
  readonly openedAt: number
  /** When `otherwise` is applied in the place of a person's decision (milliseconds since 1970). */
  readonly expiresAt: number
  readonly otherwise: GateAction
}

/** How many lines of a failed check's output, and of an answer, a gate's details contain. */
const TAIL_LINES = 6
const ANSWER_LINES = 4

/**
 * True when a person must decide how the run continues: it is paused, or something holds it while
 * its running steps finish.
 */
export function isWaiting(run: RunView): boolean {
  return run.status === "paused" || (run.status === "running" && run.hold !== null)
}

/** Returns the subcommand of `/workflow` that continues a held run. */
export function wayOn(hold: Hold | null): string {
  if (hold?.cause === "budget") return "raise usd=… tokens=…"
  return hold?.cause === "person" || hold?.cause === "gate" ? "continue" : "resume"
}

/** Returns the open gates of a run. A run that has ended has none. */
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

/** Describes a gate in one sentence that begins with the step. */
export function gateTitle(step: string, { why, detail }: Pick<Gate, "why" | "detail">): string {
  if (why === "error") return `${step} ${detail}`
  return why === "always" ? `${step} is done` : `${step}: ${detail}`
}

function detailsOf(step: StepView, { why }: Gate): string[] {
  const failed = step.checks.filter((check) => !check.isOk)
  // When there is only one failed check, the title names it.
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
  gate: "yes: continue",
  stagnant: "one more round",
  budget: "it continues",
  effects: "its answer is looked for; else it is done again",
}

/** What happens when a gate expires, as a participle: `continued`. */
export const DECIDED: Record<GateAction, string> = {
  continue: "continued",
  retry: "tried again",
  skip: "skipped",
  abort: "aborted",
}
