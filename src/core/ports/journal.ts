import type { RunEvent } from "../model/events.ts"

/** What a journal tells of its runs, beside their events. */

/** What is known about a run without reading all its events. */
export interface RunHeader {
  readonly id: string
  readonly workflow: string
  readonly createdAt: number
}

/** How much of a run is in the journal. A run that was deleted and created again differs in
 *  `createdAt`. */
export interface JournalExtent {
  readonly createdAt: number
  readonly events: number
}

/** A run that a worker started from its session. */
export interface DelegatedRun {
  readonly id: string
  /** The session that it was started from. */
  readonly parent: string
  readonly createdAt: number
}

/** A queued command that was not carried out, because its sender cannot be this user's Baton, or
 *  because it was carried out before. */
export interface DroppedEntry {
  readonly run: string
  readonly key: string
  readonly why: string
}

/** An event with its place among those of all runs. */
export interface JournalEntry {
  /** Grows with each event of the journal, whichever process appends it. */
  readonly position: number
  readonly run: string
  /** Null when it cannot be read. */
  readonly event: RunEvent | null
}
