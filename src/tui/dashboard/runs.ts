import { runsBelow } from "../../core/view/needs.ts"
import { shortCost } from "../../core/view/numbers.ts"
import { fractionDone, shareDone } from "../../core/view/progress.ts"
import type { BrokenRun } from "../../core/view/protocol.ts"
import type { RunView } from "../../core/view/view.ts"
import { formatAge, short } from "../state/text.ts"
import { runIcon, runTime, type TextSpan } from "../state/view-model.ts"
import type { FrameInput } from "./model.ts"
import { type Cell, type Column, mark, muted, space, type TableLine, table } from "./table.ts"

/** The list of runs, one line each. */

/** Columns of the progress bar. */
const BAR = 10

/** Number of runs that the list shows at once. */
export function runRows(height: number, count: number): number {
  return Math.max(1, Math.min(count, Math.floor(height / 8) - 1))
}

/** The part of the list around the selected run. */
export function runLines(input: FrameInput, width: number): TableLine[] {
  const { runs, runAt, height, now } = input
  const rows = runRows(height, runs.length)
  const from = Math.max(0, Math.min(runAt - Math.floor(rows / 2), runs.length - rows))
  const seen = runs.slice(from, from + rows)
  const drawn = table<RunView | BrokenRun>({
    rows: runs,
    width,
    name: { title: "", share: 0.34, of: nameOfRun },
    columns: runColumns(input, now),
  })
  return seen.map((run, at) => {
    const isChosen = from + at === runAt
    return { cells: [...mark(isChosen), ...drawn.draw(run)], isChosen, pick: { type: "run", key: run.id } }
  })
}

function nameOfRun(run: RunView | BrokenRun): Cell[] {
  if (!("status" in run))
    return [
      { text: "✗ ", tone: "error" },
      { text: run.workflow, tone: "text" },
    ]
  return [runIcon(run.status), space(1), { text: run.ask === null ? run.workflow : `asked ${run.ask}`, tone: "text" }]
}

function runColumns({ needs, runs }: FrameInput, now: number): Column<RunView | BrokenRun>[] {
  const of = (get: (run: RunView) => TextSpan | string) => (run: RunView | BrokenRun) => {
    const part = "status" in run ? get(run) : ""
    return typeof part === "string" ? muted(part) : part
  }
  const spentBy = ({ tokens }: RunView) => tokens.input + tokens.output
  const sound = runs.flatMap((run) => ("status" in run ? [run] : []))
  const needOf = (run: RunView) => {
    const ids = runsBelow(run, sound)
    return needs.find((need) => need.run !== null && ids.has(need.run))
  }
  return [
    {
      title: "",
      min: 9,
      max: 14,
      drop: 0,
      of: (run) => {
        if (!("status" in run)) return { text: "unreadable", tone: "error" }
        const need = needOf(run)
        if (need === undefined) return muted(run.status)
        // A run that waits as a whole says by its state for what.
        const isWhole = need.type === "hold" || need.type === "interrupted"
        return { text: isWhole ? run.status : "needs you", tone: "warning" }
      },
    },
    { title: "", min: BAR, max: BAR, drop: 6, of: of(bar) },
    { title: "", min: 10, max: 14, drop: 5, of: of((run) => `${fractionDone(run.steps)} done`) },
    {
      title: "",
      min: 7,
      max: 8,
      drop: 7,
      isRight: true,
      of: of((run) => (run.status === "running" ? "" : `${formatAge(now - (run.endedAt ?? run.createdAt))} ago`)),
    },
    { title: "", min: 7, max: 9, drop: 3, isRight: true, of: of((run) => runTime(run, now)) },
    {
      title: "",
      min: 12,
      max: 13,
      drop: 8,
      isRight: true,
      of: of((run) => (spentBy(run) === 0 ? "" : `${short(spentBy(run))} tokens`)),
    },
    { title: "", min: 8, max: 9, drop: 4, isRight: true, of: of((run) => (spentBy(run) === 0 ? "" : priceOf(run))) },
    { title: "", min: 10, max: 12, drop: 9, isRight: true, of: (run) => muted(run.id) },
  ]
}

/** Example: `$0.0123`, or `≥$0.0123` when a part is unknown. A price of which nothing is known is `$?`. */
export function priceOf({ cost, knownUsd }: Pick<RunView, "cost" | "knownUsd">): string {
  return shortCost(cost, knownUsd, "$?")
}

function bar(run: RunView): TextSpan {
  const full = Math.floor(shareDone(run.steps) * BAR)
  return { text: "━".repeat(full) + "╌".repeat(BAR - full), tone: runIcon(run.status).tone }
}
