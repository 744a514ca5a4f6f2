import { cell, clip, widthOf } from "../state/text.ts"
import type { TextSpan } from "../state/view-model.ts"

/** Lines and tables of a full screen, as plain data. Each line is exactly as wide as requested. */

/** A piece of a line. */
export interface Cell extends TextSpan {
  readonly isBold?: boolean
}

export interface TableLine {
  readonly cells: readonly Cell[]
  /** True for the selected line, which is drawn on another background. */
  readonly isChosen?: boolean
  /** What a click on the first `reach` columns selects; without `reach`, on the whole line. */
  readonly pick?: { readonly type: "run" | "step"; readonly key: string }
  readonly reach?: number
}

export interface Column<Row> {
  readonly title: string
  /**
   * The width that the column has at least and at most. It depends on the room alone, never on the
   * values, so that no column moves while values change.
   */
  readonly min: number
  readonly max: number
  /**
   * When columns do not fit, those with the highest number are dropped first. A column with 0 is
   * always kept.
   */
  readonly drop: number
  readonly isRight?: boolean
  /** The value of a row, which may be shorter in a narrow column. */
  readonly of: (row: Row, width: number) => TextSpan
}

/** The layout of a table that fits the width: its head, and a function that draws a row. */
export interface DrawnTable<Row> {
  readonly head: readonly Cell[]
  draw(row: Row): readonly Cell[]
}

const GAP = 2
/** Columns before the first column: the bar of the selected row and a space. */
const MARGIN = 2

export interface TableInput<Row> {
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  /** The first column. It is as wide as its longest cell, up to this share of the width. */
  readonly name: { readonly title: string; readonly of: (row: Row) => readonly Cell[]; readonly share: number }
  readonly width: number
}

export function table<Row>({ rows, columns, name, width }: TableInput<Row>): DrawnTable<Row> {
  const wanted = rows.reduce((widest, row) => Math.max(widest, widthOf(textOf(name.of(row)))), widthOf(name.title))
  const first = Math.min(wanted, Math.max(14, Math.floor(width * name.share)))
  const all = fitColumns(columns, width - MARGIN - first)
  const lay = (lead: readonly Cell[], of: (column: (typeof all)[number]) => TextSpan): Cell[] => {
    const left = all
      .filter(({ isRight }) => !isRight)
      .flatMap((column) => [space(GAP), fitted(of(column), column.width, false)])
    const right = all
      .filter(({ isRight }) => isRight)
      .flatMap((column) => [space(GAP), fitted(of(column), column.width, true)])
    return spread([...fill(lead, first), ...left], right, width - MARGIN)
  }
  return {
    head: [space(MARGIN), ...lay([muted(name.title)], ({ title }) => muted(title))],
    draw: (row) => lay(name.of(row), (column) => column.of(row, column.width)),
  }
}

/** The columns that fit into the room, which get what is left of it in their order. */
function fitColumns<Row>(columns: readonly Column<Row>[], room: number): (Column<Row> & { width: number })[] {
  const kept = [...columns]
  const free = () => room - kept.reduce((sum, { min }) => sum + GAP + min, 0)
  while (free() < 0) {
    const worst = Math.max(...kept.map(({ drop }) => drop))
    if (worst <= 0) break
    kept.splice(
      kept.findIndex(({ drop }) => drop === worst),
      1,
    )
  }
  let left = Math.max(0, free())
  return kept.map((column) => {
    const more = Math.min(left, column.max - column.min)
    left -= more
    return { ...column, width: column.min + more }
  })
}

/** A line with text at both ends. When they do not fit together, the left end is cut. */
export function spread(left: readonly Cell[], right: readonly Cell[], width: number): Cell[] {
  const end = widthOf(textOf(right))
  return [...fill(left, Math.max(0, width - end)), ...(end > width ? fill(right, width) : right)]
}

/** Cuts the cells, or pads them with spaces, to exactly `width` columns. */
export function fill(cells: readonly Cell[], width: number): Cell[] {
  const kept: Cell[] = []
  let free = width
  for (const one of cells) {
    const wide = widthOf(one.text)
    if (wide <= free) kept.push(one)
    else if (free > 0) kept.push({ ...one, text: cell(one.text, free) })
    free -= wide
    if (free <= 0) break
  }
  return free > 0 ? [...kept, space(free)] : kept
}

function fitted(part: TextSpan, width: number, isRight: boolean): Cell {
  const text = clip(part.text, width)
  return { ...part, text: isRight ? " ".repeat(Math.max(0, width - widthOf(text))) + text : cell(text, width) }
}

export function textOf(cells: readonly TextSpan[]): string {
  return cells.map(({ text }) => text).join("")
}

export function space(width: number): Cell {
  return { text: " ".repeat(Math.max(0, width)), tone: "muted" }
}

export function muted(text: string): Cell {
  return { text, tone: "muted" }
}

/** A line `── title ─────── right ──` of the full width. */
export function rule(title: readonly Cell[], right: readonly Cell[], width: number): Cell[] {
  const border = (length: number): Cell => ({ text: "─".repeat(Math.max(0, length)), tone: "border" })
  const end = right.length === 0 ? [] : [space(1), ...right, space(1), border(2)]
  const room = width - widthOf(textOf(end))
  const begin = title.length === 0 ? [] : [border(2), space(1), ...title, space(1)]
  const used = widthOf(textOf(begin))
  return used > room ? fill(begin, width) : [...begin, border(room - used), ...end]
}

/**
 * First visible row of a window of `size` rows that contains row `at`. It stays as close to
 * `before` as possible.
 */
export function windowFrom(before: number, at: number, size: number, count: number): number {
  const last = Math.max(0, count - size)
  const low = Math.max(0, at - size + 1)
  return Math.min(last, Math.max(low, Math.min(before, at)))
}

/** The margin before a line that can be selected. */
export function mark(isChosen: boolean): Cell[] {
  return [{ text: isChosen ? "┃" : " ", tone: "active" }, space(1)]
}

export function bold(text: string): Cell {
  return { text, tone: "text", isBold: true }
}
