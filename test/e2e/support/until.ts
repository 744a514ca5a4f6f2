import { setTimeout as sleep } from "node:timers/promises"

export interface Waiting {
  /**
   * What the caller waits for, which the error names. A function is called at the deadline and can
   * show the last state.
   */
  readonly what: string | (() => string)
  /** The default is 60,000. */
  readonly timeoutMs?: number
  /** Pause between two probes; the default is 50. */
  readonly everyMs?: number
}

/**
 * Calls `probe` repeatedly until it returns something truthy, and returns that. A probe that throws
 * is repeated, too, and its last error becomes the cause of the error at the deadline.
 */
export async function until<T>(
  probe: () => T | Promise<T>,
  waiting: Waiting,
): Promise<Exclude<T, undefined | null | false | 0 | "">> {
  const { timeoutMs = 60_000, everyMs = 50 } = waiting
  const deadline = Date.now() + timeoutMs
  let cause: unknown
  while (true) {
    try {
      const found = await probe()
      if (found) return found as Exclude<T, undefined | null | false | 0 | "">
    } catch (error) {
      cause = error
    }
    if (Date.now() >= deadline) {
      const what = typeof waiting.what === "string" ? waiting.what : waiting.what()
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause })
    }
    await sleep(everyMs)
  }
}
