import type { Kind } from "../../core/model/kinds.ts"
import type { Clock, Log } from "../../core/ports/ports.ts"
import type { Host } from "../../host/host.ts"

/**
 * The server and placement of a kind's workers: everything in which one kind of session worker
 * differs from another.
 */
export interface SessionTarget {
  /** The server that has the workers' sessions. */
  readonly host: Host
  /**
   * The server of the session they are started from. Its model, permissions and conversation are
   * handed on to them.
   */
  readonly origin: Host
  readonly clock: Clock
  readonly log: Log
  /**
   * Folder of the notes about sessions, which Baton's guard reads in the server. Undefined where
   * the server has no guard.
   */
  readonly notes?: string
  /** Decides whether the sessions are roots, or children of the session they are started from. */
  readonly kind: Kind
}
