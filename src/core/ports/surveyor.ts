import type { Seen, Unseen } from "../model/events.ts"

/**
 * Asks git for the state of the project's files. It changes nothing in the repository and never
 * rejects.
 */
export interface Surveyor {
  /** Returns the current state, or why it is not known; undefined when the project is in no git
   *  repository. */
  look(): Promise<Seen | Unseen | undefined>
  /** Returns the files whose content has changed since then, relative to the project, or why that
   *  is not known. */
  changedSince(seen: Seen): Promise<readonly string[] | Unseen>
}
