import type { Clock, Log, WorkerBackend } from "../../core/ports/ports.ts"
import type { Host } from "../../host/host.ts"
import { createSessionBackend } from "../session/backend.ts"

/** Workers that are sessions of their own in the server of the session the run was started from: in OpenCode's session
 *  list, where a person can go on with them. */
export function createAgentBackend(host: Host, clock: Clock, log: Log): WorkerBackend {
  return createSessionBackend({ host, origin: host, clock, log, kind: "agent" })
}
