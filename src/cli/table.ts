import { printable } from "../core/base/printable.ts"
import type { Colors } from "./style.ts"

/** Tables of the command line, in columns that fit the terminal. */

export interface TextColumn<Row> {
  readonly title: string
  readonly of: (row: Row) => string
  readonly isRight?: true
  /** When the columns do not fit, those with the highest number are left out first. Kept without one. */
  readonly drop?: number
}

const GAP = "  "

/**
 * Returns the head and one line for each row. A column that is empty in every row is left out. With
 * a `width`, columns are left out until the lines fit, and then the last column is cut.
 */
export function textTable<Row>(
  columns: readonly TextColumn<Row>[],
  rows: readonly Row[],
  width: number | undefined,
  colors: Colors,
): string[] {
  let shown = columns
    .map((column) => ({ ...column, cells: rows.map((row) => printable(column.of(row)).replaceAll(/[\t\n]/g, " ")) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ""))
    .map((column) => ({ ...column, wide: Math.max(...[column.title, ...column.cells].map(widthOf)) }))
  const total = () => shown.reduce((sum, { wide }) => sum + wide + GAP.length, -GAP.length)
  // The last column may be cut, but not to less than its title.
  const tooWide = () =>
    width !== undefined && total() - (shown.at(-1)?.wide ?? 0) + (shown.at(-1)?.title.length ?? 0) > width
  while (tooWide()) {
    const worst = Math.max(...shown.map(({ drop = 0 }) => drop))
    if (worst <= 0) break
    shown = shown.filter(({ drop }) => drop !== worst)
  }
  const lines = [shown.map(({ title }) => title), ...rows.map((_, at) => shown.map(({ cells }) => cells[at] ?? ""))]
  const [head = "", ...body] = lines.map((cells) =>
    cut(cells.map((cell, at) => padded(cell, shown[at]?.wide ?? 0, shown[at]?.isRight === true)).join(GAP), width),
  )
  return [colors.dim(head), ...body]
}

/** The width of the terminal, or undefined when the output goes somewhere else. */
export function terminalWidth(stream: {
  readonly isTTY?: boolean
  readonly columns?: number | undefined
}): number | undefined {
  return stream.isTTY ? (stream.columns ?? 80) : undefined
}

function widthOf(text: string): number {
  return Bun.stringWidth(text)
}

function padded(text: string, width: number, isRight: boolean): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)))
  return isRight ? space + text : text + space
}

function cut(line: string, width: number | undefined): string {
  const text = line.trimEnd()
  if (width === undefined || widthOf(text) <= width) return text
  let kept = [...text]
  while (widthOf(kept.join("")) > width - 1) kept = kept.slice(0, -1)
  return `${kept.join("").trimEnd()}…`
}
