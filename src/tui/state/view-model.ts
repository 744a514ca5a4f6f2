import { formatDuration } from "../../core/base/duration.ts"
import { DEFAULTS } from "../../core/model/defaults.ts"
import { traitsOf } from "../../core/model/kinds.ts"
import type { RunStatus, StepStatus } from "../../core/model/result.ts"
import { MARKS } from "../../core/view/marks.ts"
import { formatCost } from "../../core/view/numbers.ts"
import { type RunView, type StepView, stepWord, type WorkerState, type WorkerView } from "../../core/view/view.ts"
import { formatElapsed, formatTokens } from "./text.ts"

/**
 * The TUI's model of runs as plain data, without a terminal or a clock. Times are milliseconds
 * since 1970.
 */

/** The meaning of a piece of text. The views map it to a colour of the user's theme. */
export type Tone = "text" | "muted" | "border" | "active" | "success" | "warning" | "error"
export interface TextSpan {
  readonly text: string
  readonly tone: Tone
}
/** Time that the line of an ended run stays in the status line, unless a prompt is sent before. */
export const LINGER_MS = 30_000
const STEP_TONES: Record<StepStatus, Tone> = {
  pending: "muted",
  running: "active",
  waiting: "warning",
  success: "success",
  failed: "error",
  skipped: "muted",
  cancelled: "muted",
}
export const RUN_TONES: Record<RunStatus, Tone> = {
  running: "active",
  success: "success",
  failed: "error",
  cancelled: "warning",
  interrupted: "warning",
  paused: "warning",
}

export function stepIcon(status: StepStatus): TextSpan {
  return { text: MARKS[status], tone: STEP_TONES[status] }
}

export function runIcon(status: RunStatus): TextSpan {
  return { text: MARKS[status], tone: RUN_TONES[status] }
}

/** Whether a step has ended. */
export function isOver(step: StepView): boolean {
  return step.status !== "pending" && step.status !== "running" && step.status !== "waiting"
}

/** The status of a step, with the reason when it adds something: `failed · timeout`. */
export function stateOf(step: StepView): string {
  // The gate itself says why the step waits.
  if (step.gate !== null) return "needs you"
  if (step.reason === null || step.reason === "ok" || step.status === "cancelled") return stepWord(step)
  return `${step.status} · ${step.reason}`
}

/**
 * Facts that a person should know besides the status: `3 tries · 1 of 2 checks red · 1 warning`.
 * Empty when there are none.
 */
export function notesOf({ attempts, warnings, checks }: StepView): string {
  const red = checks.filter((check) => !check.isOk).length
  return [
    ...(attempts > 1 ? [`${attempts} tries`] : []),
    ...(red > 0 ? [`${red} of ${checks.length} checks red`] : []),
    ...(warnings.length > 0 ? [`${warnings.length} ${warnings.length === 1 ? "warning" : "warnings"}`] : []),
  ].join(" · ")
}

/**
 * How long the step took or has been running. Empty before it started, while it waits, and while
 * nobody works on it because its run was interrupted.
 */
export function stepTime(step: StepView, now: number): string {
  if (step.startedAt === null || step.status === "waiting" || step.isInterrupted) return ""
  return step.endedAt === null ? formatElapsed(now - step.startedAt) : formatDuration(step.endedAt - step.startedAt)
}

/**
 * How long the run took or has been running. Empty for an interrupted or paused run, whose clock is
 * stopped.
 */
export function runTime(run: RunView, now: number): string {
  if (run.endedAt !== null) return formatDuration(run.endedAt - run.createdAt)
  return run.status === "running" ? formatElapsed(now - run.createdAt) : ""
}

/**
 * Usage of the run so far, such as `12.3k tokens · $0.12`. Empty when nothing was spent.
 */
export function spent(run: RunView): string {
  const used = run.tokens.input + run.tokens.output > 0
  return used ? `${formatTokens(run.tokens)} · ${formatCost(run.cost, run.knownUsd)}` : ""
}

/** True when the session is the run's parent or that of one of its steps. */
export function belongsTo(run: RunView, session: string | undefined): boolean {
  return session !== undefined && (run.parent === session || run.steps.some((step) => step.session === session))
}

/**
 * True when this OpenCode can show the step's session. Workers of other kinds run in other
 * processes.
 */
export function canOpen(step: StepView): step is StepView & { readonly session: string } {
  return step.session !== null && traitsOf(step.kind).canOpenHere
}

/**
 * The worker's state now. Silence depends on the clock, so the TUI derives it; no message reports
 * it.
 */
export function stateNow(worker: WorkerView, now: number): WorkerState {
  const { state, lastActivityAt } = worker
  const isQuiet = lastActivityAt !== null && now - lastActivityAt >= DEFAULTS.silentAfterMs
  return isQuiet && (state === "working" || state === "starting") ? "silent" : state
}
