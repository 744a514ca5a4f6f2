import { formatDuration } from "../base/duration.ts"
import type { TotalUsage } from "./usage.ts"
import type { Budget } from "./workflow.ts"

/** What a run may spend, and what it has spent of it. Pure. */

/** What was spent, in all the kinds of amounts that a budget can limit. */
export interface Spending extends TotalUsage {
  readonly tries: number
  readonly timeMs: number
}

/** The kinds of amounts, in the order in which they are compared and named. */
const KEYS = ["usd", "tokens", "timeMs", "workers"] as const

const SPENT: Readonly<Record<keyof Budget, (spent: Spending) => number>> = {
  usd: ({ knownUsd }) => knownUsd,
  tokens: ({ tokens }) => tokens.input + tokens.output,
  timeMs: ({ timeMs }) => timeMs,
  workers: ({ tries }) => tries,
}

const WORDS: Readonly<Record<keyof Budget, (amount: number) => string>> = {
  usd: (usd) => `$${usd}`,
  tokens: (tokens) => `${tokens} tokens`,
  timeMs: (timeMs) => `${formatDuration(timeMs)} of time`,
  workers: (workers) => `${workers} workers`,
}

/** Describes a budget, for example `$10 and 2h 00m of time`. */
export function budgetWords(budget: Budget): string {
  return amountsOf(budget)
    .map(([key, amount]) => WORDS[key](amount))
    .join(" and ")
}

/** Describes the first limit of a budget that is used up, or returns undefined when none is. */
export function usedUp(budget: Budget, spent: Spending): string | undefined {
  const [key] = usedKeys(budget, spent)
  const limit = key && budget[key]
  if (key === undefined || limit === undefined) return undefined
  if (key === "timeMs") return `its time of ${formatDuration(limit)}`
  return key === "usd" ? `$${spent.knownUsd.toFixed(2)} of $${limit}` : `${SPENT[key](spent)} of ${WORDS[key](limit)}`
}

/**
 * Returns new totals to suggest for the limits that are used up: enough to spend the present amount
 * once more.
 */
export function suggestedRaise(budget: Budget, spent: Spending): Budget {
  const entries = usedKeys(budget, spent).map((key) => {
    const present = budget[key] ?? 0
    return [key, roundedUp(present + SPENT[key](spent), key)]
  })
  return Object.fromEntries(entries)
}

/** Returns why a budget cannot be raised to these totals, or undefined when it can be. */
export function refusedRaise(budget: Budget, wanted: Budget, spent: Spending): string | undefined {
  for (const [key, amount] of amountsOf(wanted)) {
    const [now, next] = [WORDS[key](budget[key] ?? 0), WORDS[key](amount)]
    if (budget[key] !== undefined && amount < budget[key])
      return `it may spend ${now} in all, and ${next} is less: give a higher total`
    const used = SPENT[key](spent)
    if (amount <= used) return `it has spent ${spentWords(key, used)} already: give a higher total than ${next}`
  }
  const isSame = amountsOf(wanted).every(([key, amount]) => amount === budget[key])
  return isSame ? `it may spend ${budgetWords(wanted)} in all already: give a higher total` : undefined
}

function spentWords(key: keyof Budget, used: number): string {
  return key === "usd" ? `$${used.toFixed(2)}` : WORDS[key](used)
}

function usedKeys(budget: Budget, spent: Spending): (keyof Budget)[] {
  return amountsOf(budget).flatMap(([key, limit]) => (SPENT[key](spent) >= limit ? [key] : []))
}

function amountsOf(budget: Budget): [keyof Budget, number][] {
  return KEYS.flatMap((key): [keyof Budget, number][] => {
    const amount = budget[key]
    return amount === undefined ? [] : [[key, amount]]
  })
}

const MINUTE_MS = 60_000

/** Rounds up to two digits, and a time to whole minutes, because a person reads and changes it. */
function roundedUp(amount: number, key: keyof Budget): number {
  if (key === "timeMs") return Math.ceil(amount / MINUTE_MS) * MINUTE_MS
  const unit = 10 ** (Math.floor(Math.log10(amount)) - 1)
  // A sum of binary fractions is not exactly the decimal that a person means.
  const rounded = Number((Math.ceil(Number((amount / unit).toPrecision(12))) * unit).toPrecision(2))
  return key === "usd" ? rounded : Math.max(1, Math.ceil(rounded))
}
