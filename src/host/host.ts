import type { Event, OpencodeClient } from "@opencode-ai/sdk/v2"

/**
 * An OpenCode server as Baton reaches it: from inside its own plugin worker, or over HTTP from the
 * command line.
 */
export interface Host {
  readonly client: OpencodeClient
  /** The project directory that every call names. */
  readonly directory: string
  /** The folder that file names are relative to; undefined: `directory`. */
  readonly root?: string
  /** Whether a person is there who can answer a permission request. */
  readonly isAttended: boolean
  /**
   * Whether Baton's plugin runs in it with the engine of this process, so that its tools reach that
   * engine.
   */
  readonly hasTools?: boolean
  /** Calls the listener with every event of the server until the returned function is called. */
  subscribe(listener: (event: HostEvent) => void): () => void
}

/**
 * The server's events, and one of our own: the stream was interrupted, so events may have been
 * missed.
 */
export type HostEvent = Event | { readonly type: "baton.reconnected"; readonly properties: Record<string, never> }

/**
 * Passes events from one source to many listeners. A listener that throws is reported and does not
 * stop the others.
 */
export interface Feed {
  emit(event: HostEvent): void
  subscribe(listener: (event: HostEvent) => void): () => void
}

export function createFeed(onError: (error: unknown) => void): Feed {
  const listeners = new Set<(event: HostEvent) => void>()
  return {
    emit(event) {
      for (const listener of listeners) {
        try {
          listener(event)
        } catch (error) {
          onError(error)
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** A call to the server that failed, with what was tried and what the server said. */
export class HostError extends Error {
  readonly status: number | undefined

  constructor(what: string, why: string, status?: number) {
    super(`could not ${what}: ${why}`)
    this.name = "HostError"
    this.status = status
  }
}

interface SdkResponse {
  readonly data?: unknown
  readonly error?: unknown
  readonly response?: Response | undefined
}

/**
 * Returns the data of an SDK call, or throws a HostError that says `what` failed. The SDK returns
 * errors instead of throwing them. A starting server may never answer its first request (contract
 * C60), so every call has a deadline, and a call that may be repeated is repeated once.
 */
export async function callHost<A extends SdkResponse>(
  what: string,
  call: (options: { signal: AbortSignal }) => Promise<A>,
  options: { readonly timeoutMs?: number; readonly isRepeatable?: boolean } = {},
): Promise<NonNullable<A["data"]>> {
  const { timeoutMs = 20_000, isRepeatable = true } = options
  let last: unknown
  for (let attempt = 0; attempt < (isRepeatable ? 2 : 1); attempt++) {
    try {
      const answer = await within(timeoutMs, call)
      if (answer.error === undefined) return answer.data as NonNullable<A["data"]>
      // The server has answered, and would answer the same again.
      if (answer.response) throw new HostError(what, describe(answer.error), answer.response.status)
      last = answer.error
    } catch (error) {
      if (error instanceof HostError) throw error
      last = error
    }
  }
  throw new HostError(what, describe(last))
}

/**
 * Returns the result of a call, or rejects at its deadline. Inside OpenCode a request has no
 * socket, so the call itself decides whether its signal ends it.
 */
async function within<A>(ms: number, call: (options: { signal: AbortSignal }) => Promise<A>): Promise<A> {
  const signal = AbortSignal.timeout(ms)
  const late = Promise.withResolvers<never>()
  const giveUp = () => late.reject(signal.reason)
  signal.addEventListener("abort", giveUp, { once: true })
  try {
    return await Promise.race([call({ signal }), late.promise])
  } finally {
    signal.removeEventListener("abort", giveUp)
  }
}

/** Returns the message inside an error, whatever shape the error has. */
export function describe(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "the OpenCode server did not answer in time"
  if (error instanceof Error) return error.message
  if (typeof error === "string") return error
  if (typeof error === "object" && error !== null) {
    const { message, data, name } = error as { message?: unknown; data?: { message?: unknown }; name?: unknown }
    for (const text of [data?.message, message, name]) if (typeof text === "string" && text !== "") return text
  }
  return JSON.stringify(error) ?? "unknown error"
}
