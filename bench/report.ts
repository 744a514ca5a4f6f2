import { median } from "./measure.ts"

/**
 * How the side with Baton is compared with the bare side: `times` is a ratio, `more` a difference.
 */
export type Comparison = "times" | "more"

/** One line of the result. */
export interface Row {
  /** What was measured, in words. */
  readonly what: string
  /** Unit of `measured`, `bare` and a difference. */
  readonly unit: "ms" | "us" | "MB" | "kTok" | "/s"
  /** Medians over the rounds. */
  readonly measured: number
  readonly bare: number
  readonly comparison: Comparison
  /**
   * Median of the comparisons of each round, in which both sides ran on the machine under the same
   * load.
   */
  readonly ratio: number
  readonly atMost: number
  readonly ok: boolean
  /** Comparison of each round in order, which shows how far the median can be trusted. */
  readonly rounds: readonly number[]
}

/** Makes a row from numbers that were measured in pairs. */
export function compare(
  what: string,
  options: { readonly unit: Row["unit"]; readonly comparison: Comparison; readonly atMost: number },
  measured: readonly number[],
  bare: readonly number[],
): Row {
  const rounds = measured.map((value, round) => {
    const other = bare[round] ?? Number.NaN
    return options.comparison === "times" ? value / other : value - other
  })
  const ratio = median(rounds)
  return {
    what,
    ...options,
    measured: median(measured),
    bare: median(bare),
    ratio,
    ok: ratio <= options.atMost,
    rounds,
  }
}

/** The rows as an aligned table. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [
    ["what", "measured", "bare", "ratio", "at most", "rounds", ""],
    ...rows.map((row) => [
      row.what,
      amount(row.measured, row.unit),
      amount(row.bare, row.unit),
      compared(row.ratio, row),
      compared(row.atMost, row),
      `${compared(Math.min(...row.rounds), row)} … ${compared(Math.max(...row.rounds), row)}`,
      row.ok ? "ok" : "over",
    ]),
  ]
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => (line[column] as string).length))) ?? []
  const isText = (column: number) => column === 0 || column === widths.length - 1
  return cells
    .map((line) =>
      line
        .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

function amount(value: number, unit: Row["unit"]): string {
  const digits = value >= 100 ? 0 : 1
  return `${value.toFixed(digits)} ${unit === "us" ? "µs" : unit}`
}

function compared(value: number, row: Row): string {
  if (row.comparison === "times") return `${value.toFixed(row.atMost > 5 ? 2 : 3)} x`
  return `${value < 0 ? "-" : "+"}${amount(Math.abs(value), row.unit)}`
}
