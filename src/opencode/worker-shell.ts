import type { Log } from "../core/ports/ports.ts"
import { WORKER_VARIABLE } from "../host/ancestry.ts"
import { callHost, describe, type Host } from "../host/host.ts"

/** So many sessions are remembered, and no worker's session is deeper below its root. */
const REMEMBERED = 1_000
const DEEPEST = 8

/**
 * Returns the function that marks the shells of workers: whatever a worker's session starts has
 * `BATON_WORKER` in its environment, and so cannot decide for the person. A shell without a session
 * is a terminal that a person opened.
 */
export function createShellMarker(host: Host, log: Log) {
  const known = new Map<string, string | undefined>()
  return async (session: string | undefined, env: Record<string, string>): Promise<void> => {
    if (session === undefined) return
    try {
      if (!known.has(session)) known.set(session, await workerOf(host, session))
      const worker = known.get(session)
      if (worker !== undefined) env[WORKER_VARIABLE] = worker
      const oldest = known.keys().next().value
      if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest)
    } catch (error) {
      // A shell that cannot be told apart counts as a worker's.
      env[WORKER_VARIABLE] = "unknown"
      log.error("a shell's session could not be read", { session, error: describe(error) })
    }
  }
}

/** RUN/STEP of the worker whose session this is, or is below; undefined for a person's session. */
async function workerOf(host: Host, session: string): Promise<string | undefined> {
  let id: string | undefined = session
  for (let left = DEEPEST; id !== undefined && left > 0; left--) {
    const sessionID: string = id
    const { metadata, parentID } = await callHost("read the session", (o) => host.client.session.get({ sessionID }, o))
    const { key } = (metadata?.baton ?? {}) as { key?: unknown }
    if (typeof key === "string") return key.split("/").slice(0, 2).join("/")
    id = parentID
  }
  return undefined
}
