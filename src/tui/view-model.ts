import { formatDuration } from "../core/duration.ts"
import { formatCost } from "../core/format.ts"
import { openGates, wayOn } from "../core/gates.ts"
import type { RunStatus, StepStatus } from "../core/model.ts"
import type { RunView, StepView } from "../core/view.ts"
import { clip, formatElapsed, formatTokens, widthOf } from "./format.ts"

/** What the TUI shows of runs, as plain data: no terminal, no clock. Times are milliseconds since 1970. */

/** What a piece of text means; the views turn it into a colour of the user's theme. */
export type Tone = "text" | "muted" | "border" | "active" | "success" | "warning" | "error"
export interface Part {
  readonly text: string
  readonly tone: Tone
}
/** One line of the sidebar: `right` is set flush right. */
export interface Row {
  readonly key: string
  readonly icon: Part
  readonly left: Part
  readonly right: Part
}
export interface RunPanel {
  readonly id: string
  readonly title: string
  readonly state: Row
  readonly rows: readonly Row[]
  /** Tokens and cost so far; empty before anything was spent. */
  readonly total: string
}

/** An ended run's line stays this long, unless a prompt is sent before. */
export const LINGER_MS = 30_000
/** Steps the sidebar lists one by one; of a longer run only those that need eyes. */
const PANEL_STEPS = 12
type Shown = readonly [icon: string, tone: Tone]
const STEP: Record<StepStatus, Shown> = {
  pending: ["○", "muted"],
  running: ["◐", "active"],
  waiting: ["◔", "warning"],
  success: ["✓", "success"],
  failed: ["✗", "error"],
  skipped: ["–", "muted"],
  cancelled: ["⊘", "muted"],
}
export const RUN: Record<RunStatus, Shown> = {
  running: ["◐", "active"],
  success: ["✓", "success"],
  failed: ["✗", "error"],
  cancelled: ["⊘", "warning"],
  interrupted: ["‖", "warning"],
  paused: ["‖", "warning"],
}

export function stepIcon(status: StepStatus): Part {
  return { text: STEP[status][0], tone: STEP[status][1] }
}

export function runIcon(status: RunStatus): Part {
  return { text: RUN[status][0], tone: RUN[status][1] }
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

export interface SidebarInput {
  readonly now: number
  /** Columns of the sidebar. */
  readonly width: number
  /** Sessions of the workers that wait for a person. */
  readonly asking: ReadonlySet<string>
}

/**
 * The runs of one session for its sidebar: those not over, else the one that ended last; at most three. Empty when the
 * session has none.
 */
export function sidebar(runs: readonly RunView[], session: string, input: SidebarInput): RunPanel[] {
  const own = runs.filter((run) => belongsTo(run, session))
  const live = own.filter((run) => run.endedAt === null)
  return (live.length > 0 ? live.slice(0, 3) : own.slice(0, 1)).map((run) => panel(run, input))
}

function muted(text: string): Part {
  return { text, tone: "muted" }
}

function panel(run: RunView, input: SidebarInput): RunPanel {
  const { now, width } = input
  return {
    id: run.id,
    title: clip(run.ask === null ? `Workflow ${run.workflow}` : `Asked ${run.ask}`, width),
    state: {
      key: "state",
      icon: runIcon(run.status),
      left: muted(`${run.status} ${progress(run)}`),
      right: muted(runTime(run, now)),
    },
    rows: [...holdRows(run, width), ...stepRows(run, input)],
    total: spent(run),
  }
}

/** Why a run waits, and the way out. */
function holdRows(run: RunView, width: number): Row[] {
  if (run.hold === null || run.endedAt !== null) return []
  const row = (key: string, text: string, tone: Tone): Row => ({
    key,
    icon: muted(" "),
    left: { text: clip(text, width - 2), tone },
    right: muted(""),
  })
  const gates = openGates(run)
  if (gates.length > 0) {
    return [
      ...gates.map((gate) => row(`gate ${gate.step}`, gate.title, "warning")),
      row("decide", "/inbox decides", "text"),
    ]
  }
  return [row("hold", run.hold.detail, "warning"), row("way", `/workflow ${wayOn(run.hold)}`, "text")]
}

function stepRows(run: RunView, input: SidebarInput): Row[] {
  if (run.steps.length <= PANEL_STEPS) return run.steps.map((step) => stepRow(step, input))
  const needEyes = run.steps.filter((step) => ["running", "waiting", "failed"].includes(step.status))
  const listed = needEyes.slice(0, PANEL_STEPS - 4)
  const rest = run.steps.filter((step) => !listed.includes(step))
  const count = (status: StepStatus): Row[] => {
    const many = rest.filter((step) => step.status === status).length
    const word = status === "success" ? "done" : status
    const more = listed.some((step) => step.status === status) ? "more " : ""
    const row = {
      key: `all ${status}`,
      icon: stepIcon(status),
      left: muted(`${many} ${more}${word}`),
      right: muted(""),
    }
    return many === 0 ? [] : [row]
  }
  return [
    ...(["success", "skipped", "cancelled"] as const).flatMap(count),
    ...listed.map((step) => stepRow(step, input)),
    ...(["failed", "waiting", "running", "pending"] as const).flatMap(count),
  ]
}

/** What stands beside a step: that it needs a person, why it failed, or its time. */
function besideStep(step: StepView, input: SidebarInput): Part {
  if (step.status === "failed") return { text: step.reason ?? "failed", tone: "error" }
  return asks(step, input) || step.gate !== null
    ? { text: "needs you", tone: "warning" }
    : muted(stepTime(step, input.now))
}

/** Whether its worker has asked something. */
function asks({ session }: StepView, { asking }: SidebarInput): boolean {
  return session !== null && asking.has(session)
}

function stepRow(step: StepView, input: SidebarInput): Row {
  const { width } = input
  const right = besideStep(step, input)
  const room = width - 2 - (right.text === "" ? 0 : widthOf(right.text) + 1)
  const isQuiet = step.status === "pending" || step.status === "skipped" || step.status === "cancelled"
  return {
    key: step.id,
    icon: asks(step, input) ? { text: "?", tone: "warning" } : stepIcon(step.status),
    left: { text: clip(step.id, room), tone: isQuiet ? "muted" : "text" },
    right,
  }
}
