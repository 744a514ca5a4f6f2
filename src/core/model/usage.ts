import type { Usage } from "./events.ts"
import type { Tokens } from "./result.ts"
import type { Budget } from "./workflow.ts"

/** Usage in tokens and US dollars. The cost is null when a part of it is unknown. */
export interface TotalUsage {
  readonly tokens: Tokens
  readonly cost: number | null
  /** The known part of the cost. */
  readonly knownUsd: number
}

/** The usage of something that no model works on. */
export const NO_USAGE: Usage & { readonly cost: number } = { tokens: { input: 0, output: 0 }, cost: 0 }
/** The start value of a sum. */
export const NO_TOTAL_USAGE: TotalUsage = { ...NO_USAGE, knownUsd: 0 }

/** Adds usage to a total. */
export function plus(a: TotalUsage, b: Usage | undefined): TotalUsage {
  if (b === undefined) return a
  return {
    tokens: { input: a.tokens.input + b.tokens.input, output: a.tokens.output + b.tokens.output },
    cost: a.cost === null || b.cost === null ? null : a.cost + b.cost,
    knownUsd: a.knownUsd + knownIn(b),
  }
}

/** Subtracts usage `b` from a total that includes it. */
export function minus(a: TotalUsage, b: Usage): TotalUsage {
  return {
    tokens: { input: a.tokens.input - b.tokens.input, output: a.tokens.output - b.tokens.output },
    cost: a.cost === null || b.cost === null ? null : a.cost - b.cost,
    knownUsd: a.knownUsd - knownIn(b),
  }
}

/** Returns the US dollars that usage is known to have cost. */
function knownIn({ cost, knownUsd = 0 }: Usage): number {
  return cost ?? knownUsd
}

/** Sums usage. */
export function sumOf(parts: readonly Usage[]): TotalUsage {
  return parts.reduce<TotalUsage>(plus, NO_TOTAL_USAGE)
}

/** Returns the lower limit of each key of two budgets. */
export function lowest(a: Budget = {}, b: Budget = {}): Budget {
  const keys = ["usd", "tokens", "timeMs", "workers"] as const
  const entries = keys.flatMap((key) => {
    const least = Math.min(a[key] ?? Number.POSITIVE_INFINITY, b[key] ?? Number.POSITIVE_INFINITY)
    return Number.isFinite(least) ? [[key, least]] : []
  })
  return Object.fromEntries(entries)
}

/**
 * Returns the used share of a budget, 0.8 at 80 %. Usage with an unknown price does not count
 * against `usd`.
 */
export function shareOf(budget: Budget, spent: TotalUsage): number {
  const money = budget.usd === undefined ? 0 : spent.knownUsd / budget.usd
  const tokens = budget.tokens === undefined ? 0 : (spent.tokens.input + spent.tokens.output) / budget.tokens
  return Math.max(money, tokens)
}
