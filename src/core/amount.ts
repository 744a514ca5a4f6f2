/** What a person types as an amount to spend. */

/** `10`, `2.50`, `$10`; undefined when it is not above 0. */
export function dollarsOf(text: string): number | undefined {
  return amountOf(text.replace(/^\$/, ""), 1)
}

/** `2000000`, `2_000_000`, `500k`, `2M`; undefined when it is not above 0. */
export function tokensOf(text: string): number | undefined {
  const unit = /[kKmM]$/.exec(text)?.[0].toLowerCase()
  return amountOf(unit ? text.slice(0, -1) : text, unit === "k" ? 1_000 : unit === "m" ? 1_000_000 : 1)
}

function amountOf(text: string, unit: number): number | undefined {
  if (!/^\d[\d_]*(\.\d+)?$/.test(text)) return undefined
  const amount = Number(text.replaceAll("_", "")) * unit
  return amount > 0 ? amount : undefined
}
