import { MAX_DURATION_MS, MIN_DURATION_MS, parseDuration, writeDuration } from "../base/duration.ts"
import type { Budget } from "../model/workflow.ts"

/** One kind of amount in a budget that a person can type. */

interface Amount {
  readonly key: keyof Budget
  /** Parses a text, and returns undefined unless it is an amount above 0. */
  readonly read: (text: string) => number | undefined
  readonly example: string
}

/** The kinds of amounts of a budget, by the name that a person types. */
export const AMOUNTS: Readonly<Record<string, Amount>> = {
  usd: { key: "usd", read: dollarsOf, example: "10" },
  tokens: { key: "tokens", read: tokensOf, example: "2000000" },
  time: { key: "timeMs", read: timeOf, example: "2h" },
  workers: { key: "workers", read: workersOf, example: "40" },
}

/**
 * Parses `usd=10`. Returns undefined when the word names no kind of amount, and `why` when its
 * value is not valid.
 */
export function amountIn(word: string): { readonly budget: Budget } | { readonly why: string } | undefined {
  const [, name = "", text = ""] = /^([a-z]+)=(.*)$/.exec(word) ?? []
  const amount = Object.hasOwn(AMOUNTS, name) ? AMOUNTS[name] : undefined
  if (amount === undefined) return undefined
  const value = amount.read(text)
  if (value === undefined) return { why: `\`${word}\` is not an amount: write it like ${name}=${amount.example}` }
  return { budget: { [amount.key]: value } }
}

/** Writes a budget as a person types it: `usd=10 time=2h`, or as options `--usd 10 --time 2h`. */
export function typedAmounts(budget: Budget, form: "words" | "options" = "words"): string {
  return Object.entries(AMOUNTS)
    .flatMap(([name, { key }]) => {
      const amount = budget[key]
      if (amount === undefined) return []
      const value = key === "timeMs" ? writeDuration(amount) : String(amount)
      return [form === "words" ? `${name}=${value}` : `--${name} ${value}`]
    })
    .join(" ")
}

/** An example of each kind of amount: `usd=10, tokens=2000000, time=2h or workers=40`. */
export const AMOUNT_EXAMPLES = Object.entries(AMOUNTS)
  .map(([name, { example }]) => `${name}=${example}`)
  .join(", ")
  .replace(/, ([^,]*)$/, " or $1")

function timeOf(text: string): number | undefined {
  const ms = parseDuration(text)
  return ms === undefined || ms < MIN_DURATION_MS || ms > MAX_DURATION_MS ? undefined : ms
}

function workersOf(text: string): number | undefined {
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined
}

/** Parses `10`, `2.50` or `$10`. Returns undefined unless it is above 0. */
function dollarsOf(text: string): number | undefined {
  return amountOf(text.replace(/^\$/, ""), 1)
}

/** Parses `2000000`, `2_000_000`, `500k` or `2M`. Returns undefined unless it is above 0. */
function tokensOf(text: string): number | undefined {
  const unit = /[kKmM]$/.exec(text)?.[0].toLowerCase()
  return amountOf(unit ? text.slice(0, -1) : text, unit === "k" ? 1_000 : unit === "m" ? 1_000_000 : 1)
}

function amountOf(text: string, unit: number): number | undefined {
  if (!/^\d[\d_]*(\.\d+)?$/.test(text)) return undefined
  const amount = Number(text.replaceAll("_", "")) * unit
  return amount > 0 ? amount : undefined
}
