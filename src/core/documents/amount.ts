import { MAX_DURATION_MS, parseDuration } from "../base/duration.ts"
import type { Budget } from "../model/workflow.ts"

/** What a person types as an amount to spend. */

interface Amount {
  readonly key: keyof Budget
  /** The amount a text says; undefined when it is none above 0. */
  readonly read: (text: string) => number | undefined
  readonly example: string
}

/** Everything a budget is made of, by the word a person says it with. */
export const AMOUNTS: Readonly<Record<string, Amount>> = {
  usd: { key: "usd", read: dollarsOf, example: "10" },
  tokens: { key: "tokens", read: tokensOf, example: "2000000" },
  time: { key: "timeMs", read: timeOf, example: "2h" },
  workers: { key: "workers", read: workersOf, example: "40" },
}

/** `usd=10`; a word of another kind is undefined, one that is no amount says why. */
export function amountIn(word: string): { readonly budget: Budget } | { readonly why: string } | undefined {
  const [, name = "", text = ""] = /^([a-z]+)=(.*)$/.exec(word) ?? []
  const amount = Object.hasOwn(AMOUNTS, name) ? AMOUNTS[name] : undefined
  if (amount === undefined) return undefined
  const value = amount.read(text)
  if (value === undefined) return { why: `\`${word}\` is no amount: ${name}=${amount.example}` }
  return { budget: { [amount.key]: value } }
}

function timeOf(text: string): number | undefined {
  const ms = parseDuration(text)
  return ms === undefined || ms <= 0 || ms > MAX_DURATION_MS ? undefined : ms
}

function workersOf(text: string): number | undefined {
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined
}

/** `10`, `2.50`, `$10`; undefined when it is not above 0. */
function dollarsOf(text: string): number | undefined {
  return amountOf(text.replace(/^\$/, ""), 1)
}

/** `2000000`, `2_000_000`, `500k`, `2M`; undefined when it is not above 0. */
function tokensOf(text: string): number | undefined {
  const unit = /[kKmM]$/.exec(text)?.[0].toLowerCase()
  return amountOf(unit ? text.slice(0, -1) : text, unit === "k" ? 1_000 : unit === "m" ? 1_000_000 : 1)
}

function amountOf(text: string, unit: number): number | undefined {
  if (!/^\d[\d_]*(\.\d+)?$/.test(text)) return undefined
  const amount = Number(text.replaceAll("_", "")) * unit
  return amount > 0 ? amount : undefined
}
