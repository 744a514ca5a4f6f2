import type { StepStatus } from "../../core/model/result.ts"
import type { Need } from "../../core/view/needs.ts"
import { plural } from "../../core/view/numbers.ts"
import { fractionDone, progressWords } from "../../core/view/progress.ts"
import type { PendingRequestView, RunView, StepView } from "../../core/view/view.ts"
import { verbOf } from "../inbox/need-rows.ts"
import { clip, widthOf } from "../state/text.ts"
import { type TreeRow, treeRows } from "../state/tree-rows.ts"
import {
  belongsTo,
  isOver,
  runIcon,
  runTime,
  spent,
  stepIcon,
  stepTime,
  type TextSpan,
  type Tone,
} from "../state/view-model.ts"

/** The runs of a session as lines of the sidebar. Plain data; times are milliseconds since 1970. */

/** One line of the sidebar; `right` is aligned to the right. */
export interface SidebarRow {
  readonly key: string
  readonly icon: TextSpan
  readonly left: TextSpan
  readonly right: TextSpan
}

export interface RunPanel {
  readonly id: string
  readonly title: string
  readonly state: SidebarRow
  readonly rows: readonly SidebarRow[]
  /** Tokens and cost so far; empty while nothing has been spent. */
  readonly total: string
  /** How many runs are not listed, in the last panel; empty otherwise. */
  readonly more: string
}

export interface SidebarInput {
  readonly now: number
  /** Columns of the sidebar. */
  readonly width: number
  /** Requests of workers, in any run. */
  readonly asks: readonly PendingRequestView[]
  /** Everything that needs the person, in any run, oldest first. */
  readonly needs: readonly Need[]
  /** How to open the inbox: its key, or its command when no key is bound. */
  readonly inbox: string
}

/**
 * Number of steps up to which each one is listed. A longer run lists only those that run, wait or
 * failed, and counts the others.
 */
const PANEL_STEPS = 12

/** Number of runs that the sidebar lists. */
const PANELS = 3

/**
 * The runs of one session for its sidebar: at most three that have not ended, otherwise the last
 * one that ended. Empty when the session has no run.
 */
export function sidebar(runs: readonly RunView[], session: string, input: SidebarInput): RunPanel[] {
  const own = runs.filter((run) => belongsTo(run, session))
  const live = own.filter((run) => run.endedAt === null)
  const panels = (live.length > 0 ? live.slice(0, PANELS) : own.slice(0, 1)).map((run) => panel(run, runs, input))
  const hidden = live.length - PANELS
  const more = `… ${plural(hidden, "more run")}: /workflow status`
  return panels.map((one, at) => (at === PANELS - 1 && hidden > 0 ? { ...one, more } : one))
}

function muted(text: string): TextSpan {
  return { text, tone: "muted" }
}

function panel(run: RunView, runs: readonly RunView[], input: SidebarInput): RunPanel {
  const { now, width } = input
  const folds = new Map(run.steps.filter(isOver).map((step) => [`${run.id}/${step.id}`, true]))
  const rows = treeRows({ run, runs, folds })
  return {
    id: run.id,
    title: clip(run.ask === null ? `Workflow ${run.workflow}` : `Asked ${run.ask}`, width),
    state: {
      key: "state",
      icon: runIcon(run.status),
      left: muted(clip(`${run.status} ${progressWords(run.steps)}`, width - 3 - widthOf(runTime(run, now)))),
      right: muted(runTime(run, now)),
    },
    rows: [...needsYou(run, rows, input), ...stepRows(rows, input)],
    total: spent(run),
    more: "",
  }
}

/** The oldest item of the run that needs the person, and the way to it. */
function needsYou(run: RunView, rows: readonly TreeRow[], { needs, width, inbox }: SidebarInput): SidebarRow[] {
  const row = (key: string, icon: string, text: string, tone: Tone): SidebarRow => ({
    key,
    icon: { text: icon, tone },
    left: { text: clip(text, width - 2), tone },
    right: muted(""),
  })
  const ids = new Set([run.id, ...rows.map((one) => one.run.id)])
  const own = needs.filter((need) => need.run !== null && ids.has(need.run))
  const [first] = own
  if (first === undefined) return []
  const more = own.length > 1 ? `, ${own.length - 1} more` : ""
  return [row("needs", "?", titleOf(first), "warning"), row("way", " ", `${inbox} ${verbOf(first)}${more}`, "text")]
}

/** The title of the panel names the workflow already. */
function titleOf(need: Need): string {
  if (need.type === "gate") return need.gate.title
  return need.type === "hold" || need.type === "interrupted" ? need.text : `${need.who}: ${need.text}`
}

function stepRows(rows: readonly TreeRow[], input: SidebarInput): SidebarRow[] {
  if (rows.length <= PANEL_STEPS) return rows.map((row) => stepRow(row, input))
  const needEyes = rows.filter(({ step }) => ["running", "waiting", "failed"].includes(step.status))
  const listed = needEyes.slice(0, PANEL_STEPS - 4)
  const rest = rows.filter((row) => !listed.includes(row))
  const count = (status: StepStatus): SidebarRow[] => {
    const many = rest.filter(({ step }) => step.status === status).length
    const word = status === "success" ? "done" : status
    const more = listed.some(({ step }) => step.status === status) ? "more " : ""
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
    ...listed.map((row) => stepRow(row, input)),
    ...(["failed", "waiting", "running", "pending"] as const).flatMap(count),
  ]
}

/**
 * Text at the right of a step: why it failed, that it needs a person, how many parts are done, or
 * its time.
 */
function besideStep({ step, run }: TreeRow, isAsking: boolean, now: number): TextSpan {
  if (step.status === "failed") return { text: step.reason ?? "failed", tone: "error" }
  if (isAsking || step.gate !== null) return { text: "needs you", tone: "warning" }
  const parts = run.steps.filter(({ group }) => group === step.id)
  if (parts.length > 0 && !isOver(step)) return muted(`${fractionDone(parts)} done`)
  return muted(stepTime(step, now))
}

/** Whether a request of the step's worker waits for an answer. */
function isAsked({ session }: StepView, asks: readonly PendingRequestView[]): boolean {
  return session !== null && asks.some((ask) => ask.session === session)
}

function stepRow(row: TreeRow, { asks, now, width }: SidebarInput): SidebarRow {
  const { step, label, key } = row
  const lead = "  ".repeat(row.depth)
  const isAsking = isAsked(step, asks)
  const right = besideStep(row, isAsking, now)
  const room = width - 2 - (right.text === "" ? 0 : widthOf(right.text) + 1)
  const isQuiet = step.status === "pending" || step.status === "skipped" || step.status === "cancelled"
  const icon = isAsking ? ({ text: "?", tone: "warning" } as const) : stepIcon(step.status)
  const left = Math.max(0, room - widthOf(lead))
  return {
    key,
    icon: { ...icon, text: `${lead}${icon.text}` },
    left: { text: clip(label, left), tone: isQuiet ? "muted" : "text" },
    right,
  }
}
