/**
 * Formats US dollars with enough digits to tell a small price from nothing. Of a cost that is not
 * wholly known, the known part is named as the least it can be (G5).
 */
export function formatCost(cost: number | null, knownUsd = 0): string {
  if (cost === null) return knownUsd > 0 ? `at least ${formatCost(knownUsd)}` : "price unknown"
  return cost > 0 && cost < 0.1 ? `$${cost.toFixed(4)}` : `$${cost.toFixed(2)}`
}

/**
 * Formats a cost for a cell of a table: `$0.0123`, or `≥$0.0123` when a part is unknown. Of a cost
 * of which nothing is known it is `unknown`.
 */
export function shortCost(cost: number | null, knownUsd: number, unknown: string): string {
  if (cost !== null) return formatCost(cost)
  return knownUsd > 0 ? `≥${formatCost(knownUsd)}` : unknown
}

/** Formats a count, for example `12,345`. */
export function countOf(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",")
}

/** Formats a count with its noun, for example `1 file` or `2 files`. */
export function plural(count: number, one: string): string {
  return `${countOf(count)} ${one}${count === 1 ? "" : "s"}`
}
