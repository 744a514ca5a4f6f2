import { formatDuration } from "../../core/base/duration.ts"
import { DEFAULTS } from "../../core/model/defaults.ts"
import type { RunStatus, StepStatus } from "../../core/model/result.ts"
import { MARKS } from "../../core/view/marks.ts"
import { formatCost } from "../../core/view/numbers.ts"
import type { RunView, StepView, WorkerState, WorkerView } from "../../core/view/view.ts"
import { formatElapsed, formatTokens } from "./text.ts"

/** What the TUI shows of runs, as plain data: no terminal, no clock. Times are milliseconds since 1970. */

/** What a piece of text means; the views turn it into a colour of the user's theme. */
export type Tone = "text" | "muted" | "border" | "active" | "success" | "warning" | "error"
export interface Part {
  readonly text: string
  readonly tone: Tone
}
/** An ended run's line stays this long, unless a prompt is sent before. */
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

export function stepIcon(status: StepStatus): Part {
  return { text: MARKS[status], tone: STEP_TONES[status] }
}

export function runIcon(status: RunStatus): Part {
  return { text: MARKS[status], tone: RUN_TONES[status] }
}

/** Whether a step has ended. */
export function isOver(step: StepView): boolean {
  return step.status !== "pending" && step.status !== "running" && step.status !== "waiting"
}

/** `2/3`: steps that have ended, of all. */
export function progress(run: RunView): string {
  return `${run.steps.filter(isOver).length}/${run.steps.length}`
}

/** `failed · timeout`: the state, and why when that says more. */
export function stateOf(step: StepView): string {
  // What it waits with says why.
  if (step.gate !== null) return "needs you"
  if (step.reason === null || step.reason === "ok" || step.status === "cancelled") return step.status
  return `${step.status} · ${step.reason}`
}

/** `3 tries · 1 warning · 1 of 2 checks red`: what a person should know besides the state; empty when nothing. */
export function notesOf({ attempts, warnings, checks }: StepView): string {
  const red = checks.filter((check) => !check.isOk).length
  return [
    ...(attempts > 1 ? [`${attempts} tries`] : []),
    ...(red > 0 ? [`${red} of ${checks.length} checks red`] : []),
    ...(warnings.length > 0 ? [`${warnings.length} ${warnings.length === 1 ? "warning" : "warnings"}`] : []),
  ].join(" · ")
}

/** How long the step took or has been taking; empty before it started and while something holds it. */
export function stepTime(step: StepView, now: number): string {
  if (step.startedAt === null || step.status === "waiting") return ""
  return step.endedAt === null ? formatElapsed(now - step.startedAt) : formatDuration(step.endedAt - step.startedAt)
}

/** How long the run took or has been taking; empty for an interrupted or paused run, whose clock stands still. */
export function runTime(run: RunView, now: number): string {
  if (run.endedAt !== null) return formatDuration(run.endedAt - run.createdAt)
  return run.status === "running" ? formatElapsed(now - run.createdAt) : ""
}

/** `12.3k tokens · $0.12` of the steps that have ended; empty when nothing was spent. */
export function spent(run: RunView): string {
  const used = run.tokens.input + run.tokens.output > 0
  return used ? `${formatTokens(run.tokens)} · ${formatCost(run.cost)}` : ""
}

/** True when the session is the run's parent or one of its steps. */
export function belongsTo(run: RunView, session: string | undefined): boolean {
  return session !== undefined && (run.parent === session || run.steps.some((step) => step.session === session))
}

/** A step whose session this OpenCode can put on the screen; workers of other kinds live in other processes. */
export function canOpen(step: StepView): step is StepView & { readonly session: string } {
  return step.session !== null && (step.kind === "subagent" || step.kind === "agent")
}

/** What the worker is doing now: silence is a matter of the clock, and no message tells of it. */
export function stateNow(worker: WorkerView, now: number): WorkerState {
  const { state, lastActivityAt } = worker
  const isQuiet = lastActivityAt !== null && now - lastActivityAt >= DEFAULTS.silentAfterMs
  return isQuiet && (state === "working" || state === "starting") ? "silent" : state
}
