import { defined } from "../../core/base/defined.ts"
import type { Clock, Log, WorkerBackend } from "../../core/ports/ports.ts"
import type { Host } from "../../host/host.ts"
import { createSessionBackend } from "../session/backend.ts"

/**
 * Workers with child sessions of the session the run was started from. They are visible in
 * OpenCode's child navigation, titled by their step (contract C30).
 */
export function createSubagentBackend(host: Host, clock: Clock, log: Log, notes?: string): WorkerBackend {
  return createSessionBackend({ host, origin: host, clock, log, kind: "subagent", ...defined({ notes }) })
}
