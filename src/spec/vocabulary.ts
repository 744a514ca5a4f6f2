/** What a form of a workflow calls things, so that a mistake is told in the words of the document it is in. */
export interface Vocabulary {
  /** A node of the graph. */
  readonly step: string
  /** The key that says what it waits for. */
  readonly needs: string
  /** What a worker's name is called. */
  readonly worker: string
}

/** Those of the canonical form. */
export const CANONICAL_VOCABULARY: Vocabulary = { step: "step", needs: "needs", worker: "profile" }
