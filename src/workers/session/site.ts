import type { Clock, Log } from "../../core/ports/ports.ts"
import type { Host } from "../../host/host.ts"

/** Where a kind's workers are: all that one kind of session worker does differently from another. */
export interface Site {
  /** Server the workers' sessions are in. */
  readonly host: Host
  /** Server of the session they are started from, whose model, permissions and conversation they are given. */
  readonly origin: Host
  readonly clock: Clock
  readonly log: Log
  /** `child`: in the child navigation of the session it was started from; `root`: a session of its own. A worker that a
   *  person works with is always a root: OpenCode shows no prompt in a child's view. */
  readonly place: "child" | "root"
}
