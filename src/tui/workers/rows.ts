import { traitsOf } from "../../core/model/kinds.ts"
import { formatCost } from "../../core/view/numbers.ts"
import type { WorkerState, WorkerView } from "../../core/view/view.ts"
import type { Choice } from "../dialogs/pickers.ts"
import { cell, clip, formatElapsed, formatTokens, widthOf } from "../state/text.ts"
import { stateNow } from "../state/view-model.ts"

/**
 * Workers and their actions, as rows of OpenCode's select dialog. Plain data; times are
 * milliseconds since 1970.
 */

const ICON: Record<WorkerState, string> = {
  queued: "○",
  starting: "◐",
  working: "◐",
  tool: "◐",
  retrying: "↻",
  silent: "◌",
  asking: "?",
  held: "‖",
  yours: "✎",
  idle: "·",
}
/** Display names of states whose own name is not clear to a user. */
const WORD: Partial<Record<WorkerState, string>> = { yours: "your turn", asking: "needs you", tool: "working" }

const GAP = "  "
/**
 * Columns of the table from left to right. When they do not fit, the one with the highest number is
 * dropped first.
 */
const COLUMNS: readonly {
  readonly max: number
  readonly drop: number
  readonly isRight?: boolean
  readonly of: (worker: WorkerView, now: number) => string
}[] = [
  { max: 9, drop: 0, of: (worker, now) => stateWord(worker, now) },
  { max: 14, drop: 2, of: (worker) => worker.tool ?? "" },
  { max: 26, drop: 3, of: stepOf },
  { max: 8, drop: 7, of: (worker) => worker.kind },
  { max: 22, drop: 6, of: (worker) => shortModel(worker.model) },
  { max: 8, drop: 1, isRight: true, of: (worker, now) => since(worker.startedAt, now) },
  { max: 12, drop: 8, isRight: true, of: (worker, now) => activity(worker, now) },
  { max: 12, drop: 4, isRight: true, of: spentTokens },
  { max: 13, drop: 5, isRight: true, of: spentMoney },
]

function stateWord(worker: WorkerView, now: number): string {
  const state = stateNow(worker, now)
  return WORD[state] ?? state
}

function stepOf({ step, workflow, profile, name }: WorkerView): string {
  if (workflow === null) return profile === name ? "" : profile
  return step === name ? workflow : `${step} · ${workflow}`
}

function shortModel(model: string | null): string {
  return model === null ? "" : model.slice(model.indexOf("/") + 1)
}

function since(at: number | null, now: number): string {
  return at === null ? "" : formatElapsed(now - at)
}

function activity({ run, lastActivityAt }: WorkerView, now: number): string {
  return run === null || lastActivityAt === null ? "" : `${formatElapsed(now - lastActivityAt)} ago`
}

function spentTokens({ tokens }: WorkerView): string {
  return tokens.input + tokens.output === 0 ? "" : formatTokens(tokens)
}

function spentMoney(worker: WorkerView): string {
  return spentTokens(worker) === "" ? "" : formatCost(worker.cost)
}

/** One row for each worker, with aligned columns that together fit into `columns`. */
export function workerChoices(workers: readonly WorkerView[], now: number, columns: number): Choice<string>[] {
  const name = Math.min(22, Math.max(0, ...workers.map((worker) => widthOf(worker.name))))
  const table = COLUMNS.map((column) => {
    const cells = workers.map((worker) => clip(column.of(worker, now), column.max))
    return { ...column, cells, width: Math.max(0, ...cells.map(widthOf)) }
  }).filter(({ width }) => width > 0)
  const total = () => 2 + name + table.reduce((sum, { width }) => sum + GAP.length + width, 0)
  while (table.length > 1 && total() > columns) {
    const worst = Math.max(...table.map(({ drop }) => drop))
    table.splice(
      table.findIndex(({ drop }) => drop === worst),
      1,
    )
  }
  return workers.map((worker, row) => {
    const draw = (isRight: boolean) =>
      table
        .filter((column) => (column.isRight ?? false) === isRight)
        .map(({ cells, width }) => (isRight ? padLeft(cells[row] ?? "", width) : cell(cells[row] ?? "", width)))
        .join(GAP)
    return {
      title: `${ICON[stateNow(worker, now)]} ${cell(worker.name, name)}`,
      value: worker.session ?? worker.name,
      description: ` ${draw(false)}`,
      footer: draw(true),
      category: workers.some((other) => other.run === null) ? (worker.run === null ? "Kept" : "Running") : "",
    }
  })
}

function padLeft(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - widthOf(text))) + text
}

/**
 * The actions that a worker's state allows, each with its label and its line. The picker asks for a
 * text before it submits `/workers ask`.
 */
export function workerActions(worker: WorkerView): readonly { readonly title: string; readonly line: string }[] {
  const { name, session, run, state, mode, kind } = worker
  const wanted = session ?? name
  const canOpen = session !== null && traitsOf(kind).canOpenHere
  const isLive = run !== null && session !== null
  return [
    ...(state === "asking" ? [{ title: "Answer its request", line: "/inbox" }] : []),
    ...(canOpen ? [{ title: "Open its session", line: `/workers open ${wanted}` }] : []),
    { title: run === null ? "Ask it something" : "Send it a message", line: `/workers ask ${wanted}` },
    ...(isLive && mode === "foreground" ? [{ title: "Hand back its last answer", line: `/handback ${wanted}` }] : []),
    ...(isLive && state === "held" ? [{ title: "Resume it", line: `/workers resume ${wanted}` }] : []),
    ...(isLive && state !== "held" && state !== "yours"
      ? [{ title: "Interrupt: stop its turn, keep its task", line: `/workers interrupt ${wanted}` }]
      : []),
    ...(run === null ? [{ title: "Summarize for the main session", line: `/workers summarize ${wanted}` }] : []),
    { title: "Show its whole task", line: `/trace ${name}` },
    ...(run === null
      ? [{ title: "Forget it (its session stays)", line: `/workers forget ${name}` }]
      : [{ title: "Stop: end its task", line: `/workers stop ${wanted}` }]),
  ]
}

/** The title of the actions, such as `coder · working · npm test`. */
export function workerTitle(worker: WorkerView, now: number): string {
  return [worker.name, stateWord(worker, now), worker.tool ?? "", stepOf(worker)].filter(Boolean).join(" · ")
}
