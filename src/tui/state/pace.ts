import { batch } from "solid-js"
import type { Clock } from "../../core/ports/ports.ts"

/** Minimum interval between two redraws that no key caused: five redraws a second. */
const APART_MS = 200

/**
 * Collects changes of displayed data, so that the screen is redrawn at most five times a second.
 */
export interface Pace {
  /**
   * Applies a change at once when the last was at least 200 ms ago. Otherwise it is applied
   * together with the other waiting changes, in order.
   */
  change(make: () => void): void
  close(): void
}

export function createPace(clock: Clock): Pace {
  let waiting: (() => void)[] = []
  let last = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | undefined
  const flush = () => {
    cancel = undefined
    last = clock.now()
    const due = waiting
    waiting = []
    batch(() => {
      for (const make of due) make()
    })
  }
  return {
    change(make) {
      waiting.push(make)
      if (cancel !== undefined) return
      const wait = last + APART_MS - clock.now()
      if (wait <= 0) flush()
      else cancel = clock.after(wait, flush)
    },
    close() {
      cancel?.()
      waiting = []
    },
  }
}
