import type { OpencodeClient } from "@opencode-ai/sdk/v2"
import type { Feed } from "./host.ts"

const RECONNECT_MS = 500
const FIRST_EVENT_MS = 15_000

/**
 * Follows a server's event stream into `feed` until `signal` fires, and reconnects whenever it
 * breaks. Resolves once the first connection is up: everything asked of the server from then on is
 * heard. Throws when the first connection fails.
 */
export async function followEvents(
  client: OpencodeClient,
  feed: Feed,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> {
  const connected = Promise.withResolvers<void>()
  const timer = setTimeout(
    () => connected.reject(new Error("the OpenCode server opened no event stream")),
    FIRST_EVENT_MS,
  )
  void follow(client, feed, signal, onError, connected.resolve)
  try {
    await connected.promise
  } finally {
    clearTimeout(timer)
  }
}

async function follow(
  client: OpencodeClient,
  feed: Feed,
  signal: AbortSignal,
  onError: (error: unknown) => void,
  onFirst: () => void,
): Promise<void> {
  for (let connection = 0; !signal.aborted; connection++) {
    try {
      const { stream } = await client.event.subscribe({}, { signal, sseMaxRetryAttempts: 0 })
      for await (const event of stream) {
        feed.emit(event)
        if (event.type !== "server.connected") continue
        onFirst()
        // This must not happen sooner: an event between the recovery and the new connection would
        // be missed as well (contract C28).
        if (connection > 0) feed.emit({ type: "baton.reconnected", properties: {} })
      }
    } catch (error) {
      if (!signal.aborted) onError(error)
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS))
  }
}
