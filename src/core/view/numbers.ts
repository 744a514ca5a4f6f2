import { formatDuration } from "../base/duration.ts"
import type { Budget } from "../model/workflow.ts"

/** US dollars with enough digits to tell a small price from nothing; an unknown price says so (G5). */
export function formatCost(cost: number | null): string {
  if (cost === null) return "price unknown"
  return cost > 0 && cost < 0.1 ? `$${cost.toFixed(4)}` : `$${cost.toFixed(2)}`
}

/** `12,345` */
export function countOf(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",")
}

/** `1 file`, `2 files` */
export function plural(count: number, one: string): string {
  return `${countOf(count)} ${one}${count === 1 ? "" : "s"}`
}

/** A budget in words: `$10 and 2h 00m`. */
export function budgetWords({ usd, tokens, timeMs, workers }: Budget): string {
  return [
    ...(usd === undefined ? [] : [`$${usd}`]),
    ...(tokens === undefined ? [] : [`${tokens} tokens`]),
    ...(timeMs === undefined ? [] : [`${formatDuration(timeMs)} of time`]),
    ...(workers === undefined ? [] : [`${workers} workers`]),
  ].join(" and ")
}
