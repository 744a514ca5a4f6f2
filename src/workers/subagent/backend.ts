import type { Clock, Log, WorkerBackend } from "../../core/ports/ports.ts"
import type { Host } from "../../host/host.ts"
import { createSessionBackend } from "../session/backend.ts"

/** Workers that are child sessions of the session the run was started from: visible in OpenCode's own child
 *  navigation, titled by their step. */
export function createSubagentBackend(host: Host, clock: Clock, log: Log): WorkerBackend {
  return createSessionBackend({ host, origin: host, clock, log, kind: "subagent" })
}
