import type { Kind } from "../../core/model/kinds.ts"
import type { Clock, Log } from "../../core/ports/ports.ts"
import type { Host } from "../../host/host.ts"

/** Where a kind's workers are: all that one kind of session worker does differently from another. */
export interface SessionTarget {
  /** Server the workers' sessions are in. */
  readonly host: Host
  /** Server of the session they are started from, whose model, permissions and conversation they are given. */
  readonly origin: Host
  readonly clock: Clock
  readonly log: Log
  /** Says whether its sessions are roots, or children of the session they are started from. */
  readonly kind: Kind
}
