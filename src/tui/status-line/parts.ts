import { openGates, wayOn } from "../../core/view/gate-view.ts"
import { type Need, needsWords } from "../../core/view/needs.ts"
import { fractionDone } from "../../core/view/progress.ts"
import { type RunView, stepInFocus, type WorkerView } from "../../core/view/view.ts"
import { clip, cut, widthOf } from "../state/text.ts"
import {
  belongsTo,
  canOpen,
  RUN_TONES,
  runIcon,
  runTime,
  spent,
  stateOf,
  stepTime,
  type TextSpan,
} from "../state/view-model.ts"

/** The status line at the bottom of every screen, as plain data. */

const NAME_COLUMNS = 28

export interface BarInput {
  readonly runs: readonly RunView[]
  /** The session on the screen. */
  readonly session: string | undefined
  readonly now: number
  /** Columns of the terminal. */
  readonly width: number
  readonly workers: readonly WorkerView[]
  /**
   * Whether OpenCode shows a prompt for the session. It does for each session that is not a child.
   */
  readonly canType: boolean
  /** Everything that needs the person. */
  readonly needs: readonly Need[]
  /** Keys as the user presses them; undefined where unbound. */
  readonly keys: BarKeys
}
export interface BarKeys {
  readonly jump: string | undefined
  readonly inbox: string | undefined
  readonly message: string | undefined
}

/**
 * The one-line status: first what waits for the person, then the worker they work with or the most
 * important run (running before ended, this screen's before others, newest first). Undefined when
 * nothing needs to be shown. The parts together take at most `width` columns.
 */
export function statusBar(input: BarInput): { readonly left: TextSpan[]; readonly right: TextSpan[] } | undefined {
  const run = firstOf(input.runs, input.session)
  const worker = input.workers.find((one) => one.session !== null && one.session === input.session)
  const body = worker && isYours(worker, input) ? withYou(worker) : run && runLine(run, input)
  const needs = needYou(input)
  const said = body ?? oldest(input)
  if (said.length === 0) return undefined
  const left = [...needs, ...(needs.length > 0 ? [muted(" · ")] : []), ...said]
  const used = (parts: readonly TextSpan[]) => parts.reduce((sum, part) => sum + widthOf(part.text), 0)
  const right = hints(run, worker, input).find((parts) => used(left) + used(parts) + 2 <= input.width)
  return right === undefined ? { left: cutParts(left, input.width), right: [] } : { left, right }
}

/** Example: `? 2 need you (ctrl+x i)`. */
function needYou({ needs, keys }: BarInput): TextSpan[] {
  if (needs.length === 0) return []
  return [{ text: `? ${needsWords(needs.length)}`, tone: "warning" }, muted(` (${keys.inbox ?? "/inbox"})`)]
}

/** What has waited for the person longest, for a line that shows no run. */
function oldest({ needs: [first] }: BarInput): TextSpan[] {
  return first === undefined
    ? []
    : [{ text: `${first.who} `, tone: "text" }, muted(clip(first.text, Number.POSITIVE_INFINITY))]
}

/** True for a worker whose session a person types into. */
function isYours({ mode, run }: WorkerView, { canType }: BarInput): boolean {
  return canType && (mode === "foreground" || run === null)
}

function withYou({ name }: WorkerView): TextSpan[] {
  return [
    { text: "✎ ", tone: "active" },
    muted("you work with "),
    { text: clip(name, NAME_COLUMNS), tone: "text" },
    muted(" · "),
    { text: "/handback", tone: "text" },
    muted(" gives the result back"),
  ]
}

function runLine(run: RunView, input: BarInput): TextSpan[] {
  // A run that a worker started counts as part of the run above it.
  const others = input.runs.filter((other) => other !== run && other.status === "running" && other.depth === 0).length
  return [
    runIcon(run.status),
    { text: ` ${clip(run.ask ?? run.workflow, NAME_COLUMNS)}`, tone: "text" },
    ...headline(run, input.now),
    ...(others > 0 ? [muted(` · +${others} more ${others === 1 ? "run" : "runs"}`)] : []),
  ]
}

function firstOf(runs: readonly RunView[], session: string | undefined): RunView | undefined {
  const here = (run: RunView) => belongsTo(run, session)
  const live = (run: RunView) => run.status === "running"
  return runs.find((run) => live(run) && here(run)) ?? runs.find(live) ?? runs.find(here) ?? runs[0]
}

function headline(run: RunView, now: number): TextSpan[] {
  if (run.status === "running" && run.ask !== null) return [muted(` is answering · ${stepTimes(run, now)}`)]
  if (run.status === "running") return [muted(` ${fractionDone(run.steps)} · `), ...current(run, now)]
  if (run.status === "interrupted") {
    return [
      muted(` interrupted at ${fractionDone(run.steps)} · `),
      { text: `/workflow resume ${run.id}`, tone: "text" },
    ]
  }
  if (run.status === "paused") return pausedLine(run)
  const broken = run.steps.find((step) => step.status === "failed")
  const why = run.status === "failed" && broken ? `· ${clip(broken.id, NAME_COLUMNS)} ${stateOf(broken)}` : endWord(run)
  const facts = [runTime(run, now), spent(run)].filter((fact) => fact !== "")
  return [{ text: ` ${why}`, tone: RUN_TONES[run.status] }, ...facts.map((fact) => muted(` · ${fact}`))]
}

/** Why a paused run waits, and the command that continues it. */
function pausedLine(run: RunView): TextSpan[] {
  const gate = openGates(run)[0]
  const at = muted(` paused at ${fractionDone(run.steps)} · `)
  if (gate) {
    const title = clip(gate.title, Number.POSITIVE_INFINITY)
    return [at, { text: title, tone: "warning" }]
  }
  const why = run.hold?.detail.replace(/\s+/g, " ") ?? "held"
  return [at, { text: `/workflow ${wayOn(run.hold)}`, tone: "text" }, { text: ` · ${why}`, tone: "warning" }]
}

function stepTimes({ steps }: RunView, now: number): string {
  return steps.map((step) => stepTime(step, now)).join(" ")
}

function endWord(run: RunView): string {
  if (run.status === "success") return "done"
  return run.cause === "deadline" ? `${run.status}: deadline passed` : run.status
}

function current(run: RunView, now: number): TextSpan[] {
  const busy = run.steps.filter((step) => step.status === "running" || step.status === "waiting")
  const first = busy.find((step) => step.status === "running") ?? busy[0]
  if (first === undefined) return [muted("starting")]
  const state = first.status === "waiting" ? "waiting" : stepTime(first, now)
  return [
    { text: clip(first.id, NAME_COLUMNS), tone: "text" },
    muted(` ${state}${busy.length > 1 ? ` +${busy.length - 1}` : ""}`),
  ]
}

/**
 * Key hints for this screen, the longest first: how to enter or leave a step, and how to message
 * the worker on the screen.
 */
function hints(run: RunView | undefined, worker: WorkerView | undefined, input: BarInput): TextSpan[][] {
  const { jump, message } = input.keys
  const focus = run && stepInFocus(run)
  const isOnStep =
    worker !== undefined || input.runs.some((any) => any.steps.some((step) => step.session === input.session))
  const hasJump = jump !== undefined && (isOnStep || (focus !== undefined && canOpen(focus)))
  const jumps: TextSpan[] = hasJump ? [{ text: jump, tone: "text" }, muted(isOnStep ? " back" : " open step")] : []
  const mayTell = worker?.run != null && !input.canType && message !== undefined
  if (!mayTell) return [jumps, []]
  const tell: TextSpan[] = [muted("press "), { text: message, tone: "text" }, muted(" to message this worker")]
  const short: TextSpan[] = [{ text: message, tone: "text" }, muted(" message")]
  const also = jumps.length > 0 ? [muted("  "), ...jumps] : []
  return [[...tell, ...also], tell, [...short, ...also], short, []]
}

function cutParts(parts: readonly TextSpan[], width: number): TextSpan[] {
  let left = width
  return parts.flatMap((part) => {
    if (left <= 0) return []
    const text = cut(part.text, left)
    left = text === part.text ? left - widthOf(text) : 0
    return [{ ...part, text }]
  })
}

function muted(text: string): TextSpan {
  return { text, tone: "muted" }
}
