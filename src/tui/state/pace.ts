import { batch } from "solid-js"
import type { Clock } from "../../core/ports/ports.ts"

/** Redraws for anything but a key are at least this far apart: five a second. */
const APART_MS = 200

/** Lets changes of what is shown through together, so that the screen is redrawn at most five times a second. */
export interface Pace {
  /** Makes a change at once when there was none for 200 ms, else with the next one, in the order they came. */
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
