/** How an ensemble decided. */
export interface Verdict {
  readonly asked: number
  readonly answered: number
  /** Providers that answered. */
  readonly providers: readonly string[]
  /**
   * The proposers in the order in which the judge saw their proposals. The judge did not see the
   * names.
   */
  readonly order: readonly string[]
  /** The seed that the order was drawn with. */
  readonly seed: number
  /** The step that judged, or null when none could. */
  readonly judge: string | null
  readonly verdict: "pick" | "synthesize" | null
  /** The proposer whose proposal was picked. */
  readonly choice?: string
  readonly reasons: readonly string[]
  /** What the judge did not follow, and the reasons in favour of it. */
  readonly dissent: readonly string[]
}

/** Describes how the ensemble decided, one statement per line. */
export function verdictLines(verdict: Verdict): string[] {
  const { asked, answered, providers, judge, choice, reasons, dissent, seed, order } = verdict
  const from =
    providers.length === 0
      ? ""
      : ` (${providers.length} ${providers.length === 1 ? "provider" : "providers"}: ${providers.join(", ")})`
  const how =
    judge === null ? "no verdict" : `${judge} ${choice === undefined ? "synthesized an answer" : `picked ${choice}`}`
  return [
    `${answered} of ${asked} proposers answered${from}`,
    `${how}; shown as ${order.join(", ")} (seed ${seed})`,
    ...reasons.map((reason) => `because: ${reason}`),
    ...dissent.map((text) => `dissent: ${text}`),
  ]
}
