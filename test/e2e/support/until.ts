import { setTimeout as sleep } from "node:timers/promises"

export interface Waiting {
  /** What is waited for, for the error; a function is called at the deadline and can show the last state. */
  readonly what: string | (() => string)
  /** 60,000 when left out. */
  readonly timeoutMs?: number
  /** Pause between two looks; 50 when left out. */
  readonly everyMs?: number
}

/**
 * Looks again and again until `probe` gives something truthy, and returns that. A probe that throws has not come to
 * anything yet; what it threw last becomes the cause of the error at the deadline.
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
