/** How an ensemble came to its answer. */
export interface Verdict {
  readonly asked: number
  readonly answered: number
  /** Providers that answered. */
  readonly providers: readonly string[]
  /** Who proposed, in the order in which the judge was shown the proposals, without their names. */
  readonly order: readonly string[]
  /** What the order was drawn with. */
  readonly seed: number
  /** Step that judged; null: nobody could. */
  readonly judge: string | null
  readonly verdict: "pick" | "synthesize" | null
  /** Whose proposal was picked. */
  readonly choice?: string
  readonly reasons: readonly string[]
  /** What the judge did not follow, and what speaks for it. */
  readonly dissent: readonly string[]
}

/** How it came to its answer, a line each. */
export function verdictLines(verdict: Verdict): string[] {
  const { asked, answered, providers, judge, choice, reasons, dissent, seed, order } = verdict
  const from =
    providers.length === 0
      ? ""
      : ` (${providers.length} ${providers.length === 1 ? "provider" : "providers"}: ${providers.join(", ")})`
  const how =
    judge === null ? "no verdict" : `${judge} ${choice === undefined ? "made one of all" : `picked ${choice}`}`
  return [
    `${answered} of ${asked} proposers answered${from}`,
    `${how}; shown as ${order.join(", ")} (seed ${seed})`,
    ...reasons.map((reason) => `because: ${reason}`),
    ...dissent.map((text) => `dissent: ${text}`),
  ]
}
