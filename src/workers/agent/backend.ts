import { defined } from "../../core/base/defined.ts"
import type { Clock, Log, WorkerBackend } from "../../core/ports/ports.ts"
import type { Host } from "../../host/host.ts"
import { createSessionBackend } from "../session/backend.ts"

/**
 * Workers with root sessions in the server of the session the run was started from. They are in
 * OpenCode's session list, where a person can continue them.
 */
export function createAgentBackend(host: Host, clock: Clock, log: Log, notes?: string): WorkerBackend {
  return createSessionBackend({ host, origin: host, clock, log, kind: "agent", ...defined({ notes }) })
}
