import { doneBy } from "../../core/model/step-types.ts"
import { fractionDone, progressWords } from "../../core/view/progress.ts"
import type { PendingRequestView, RunView, StepView, WorkerView } from "../../core/view/view.ts"
import { formatAge, short, widthOf } from "../state/text.ts"
import type { TreeRow } from "../state/tree-rows.ts"
import { notesOf, stateNow, stateOf, stepIcon, stepTime, type TextSpan } from "../state/view-model.ts"
import type { Selection } from "./actions.ts"
import type { FrameInput } from "./model.ts"
import { priceOf, runRows } from "./runs.ts"
import { bold, type Cell, type Column, fill, mark, muted, rule, space, type TableLine, table } from "./table.ts"

/** The steps of the selected run as a tree, one line each. */

/** From this width on, the detail pane is beside the steps instead of below them. */
export const WIDE = 150

/** Number of rows of the tree that fit on the screen. */
export function treeRoom({
  width,
  height,
  runs,
  rows,
  selection,
}: Pick<FrameInput, "width" | "height" | "runs" | "rows" | "selection">): number {
  const room = height - 2 - runRows(height, runs.length) - 2 - noticeRows(selection)
  if (width >= WIDE) return Math.max(1, room)
  const free = room - 1
  return Math.max(1, Math.min(rows.length, free - Math.min(10, Math.floor(free * 0.45))))
}

function noticeRows(selection: Selection | undefined): number {
  return selection && noticeOf(selection.run) !== undefined ? 1 : 0
}

/** Why the whole run waits, when none of its gates says so. */
function noticeOf(run: RunView): string | undefined {
  if (run.hold === null || run.endedAt !== null || run.steps.some((step) => step.gate !== null)) return undefined
  return run.hold.detail
}

/** The title of the run, why it waits, the head of the table and the visible rows of the tree. */
export function stepLines(input: FrameInput, width: number): TableLine[] {
  const { selection, rows, rowsFrom, rowAt, runs, runAt } = input
  const run = runs[runAt]
  if (run === undefined || !("status" in run)) return []
  const room = treeRoom(input)
  const seen = rows.slice(rowsFrom, rowsFrom + room)
  const drawn = table({
    rows,
    width,
    name: { title: "step", share: 0.42, of: nameOfStep },
    columns: stepColumns(input),
  })
  const below = rows.length - rowsFrom - seen.length
  const hidden = [...(rowsFrom > 0 ? [`↑ ${rowsFrom}`] : []), ...(below > 0 ? [`↓ ${below}`] : [])].join("  ")
  const title = [bold(run.ask ?? run.workflow), muted(` ${run.status} ${progressWords(run.steps)}`)]
  const notice = noticeOf(run)
  return [
    { cells: rule(title, hidden === "" ? [] : [muted(hidden)], width) },
    ...(notice !== undefined && selection
      ? [{ cells: fill([space(2), { text: `‖ ${notice}`, tone: "warning" }], width) }]
      : []),
    { cells: drawn.head },
    ...seen.map((row, at): TableLine => {
      const isChosen = rowsFrom + at === rowAt
      const cells = [...mark(isChosen), ...drawn.draw(row)]
      return { cells, isChosen, pick: { type: "step", key: row.key } }
    }),
  ]
}

function nameOfStep({ lead, label, step, below, isFolded }: TreeRow): Cell[] {
  const isQuiet = step.status === "pending" || step.status === "skipped" || step.status === "cancelled"
  const icon = stepIcon(step.status)
  const fold = isFolded ? [muted(` ▸ ${below}`)] : []
  return [{ text: lead, tone: "border" }, icon, space(1), { text: label, tone: isQuiet ? "muted" : "text" }, ...fold]
}

/** The live worker of a step, otherwise the kept worker that has its session. */
export function workerOf(workers: readonly WorkerView[], run: string, step: StepView): WorkerView | undefined {
  const isOf = (one: WorkerView) => one.run === run && (one.step === step.id || one.step === null)
  return (
    workers.find(isOf) ??
    workers.find((one) => one.run === null && one.session !== null && one.session === step.session)
  )
}

function stepColumns({ workers, asks, now }: FrameInput): Column<TreeRow>[] {
  const busy = (row: TreeRow) => {
    const worker = row.step.status === "running" ? workerOf(workers, row.run.id, row.step) : undefined
    return worker?.run == null ? undefined : worker
  }
  const spent = ({ step: { tokens } }: TreeRow) => tokens.input + tokens.output
  return [
    { title: "state", min: 12, max: 22, drop: 0, of: (row, width) => stateCell(row, busy(row), asks, now, width) },
    {
      title: "notes",
      min: 19,
      max: 24,
      drop: 10,
      of: ({ step }) => muted(step.gate?.why === "warning" ? "" : notesOf(step)),
    },
    { title: "profile", min: 8, max: 12, drop: 9, of: ({ step }) => muted(whoIs(step)) },
    { title: "model", min: 15, max: 20, drop: 6, of: (row) => muted(modelOf(row.step, busy(row))) },
    { title: "time", min: 7, max: 8, drop: 4, isRight: true, of: ({ step }) => muted(stepTime(step, now)) },
    { title: "last", min: 5, max: 5, drop: 8, isRight: true, of: (row) => muted(lastOf(busy(row), now)) },
    {
      title: "tokens",
      min: 6,
      max: 6,
      drop: 7,
      isRight: true,
      of: (row) => muted(spent(row) === 0 ? "" : short(spent(row))),
    },
    {
      title: "cost",
      min: 8,
      max: 9,
      drop: 5,
      isRight: true,
      of: (row) => muted(spent(row) === 0 ? "" : priceOf(row.step)),
    },
  ]
}

/** The profile of a step, or the type of a group. */
function whoIs({ type, profile }: StepView): string {
  return doneBy(type) === "worker" ? profile : type
}

function lastOf(worker: WorkerView | undefined, now: number): string {
  return worker?.lastActivityAt == null ? "" : formatAge(now - worker.lastActivityAt)
}

function modelOf(step: StepView, worker: WorkerView | undefined): string {
  const model = worker?.model ?? step.model ?? ""
  return model.slice(model.indexOf("/") + 1)
}

function stateCell(
  { step, run }: TreeRow,
  worker: WorkerView | undefined,
  asks: readonly PendingRequestView[],
  now: number,
  width: number,
): TextSpan {
  const isAsking = asks.some((ask) => ask.run === run.id && ask.session === step.session)
  if ((isAsking && step.status === "running") || step.gate !== null) return { text: "needs you", tone: "warning" }
  const parts = run.steps.filter(({ group }) => group === step.id)
  // The icon says the status too, so a narrow column has only what it does not say.
  const within = (whole: string, rest: string) => (widthOf(whole) <= width ? whole : rest)
  if (parts.length > 0) {
    const done = `${fractionDone(parts)} done`
    return { text: within(`${step.status} ${done}`, done), tone: stepIcon(step.status).tone }
  }
  if (worker) {
    const state = stateNow(worker, now)
    const word = state === "tool" ? `› ${worker.tool ?? "tool"}` : state === "yours" ? "your turn" : state
    return { text: word, tone: state === "silent" || state === "held" || state === "yours" ? "warning" : "active" }
  }
  const isNoted = step.warnings.length > 0 || step.checks.some((check) => !check.isOk)
  const state = within(stateOf(step), step.reason ?? stateOf(step))
  return {
    text: isNoted ? within(`${state} !`, state) : state,
    tone: step.status === "running" ? "active" : stepIcon(step.status).tone,
  }
}
