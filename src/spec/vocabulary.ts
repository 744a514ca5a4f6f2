/** A dialect's words for things, so that problems use the words of the document they are in. */
export interface Vocabulary {
  /** Its word for a node of the graph. */
  readonly step: string
  /** The key that lists a node's dependencies. */
  readonly needs: string
  /** The key with which a hook names the hooks that it needs. */
  readonly hookNeeds: string
  /** Its word for a worker's name. */
  readonly worker: string
}

/** The words of the canonical form. */
export const CANONICAL_VOCABULARY: Vocabulary = { step: "step", needs: "needs", hookNeeds: "needs", worker: "profile" }
