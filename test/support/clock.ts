import type { Clock } from "../../src/core/ports/ports.ts"

/** A clock that stands still until the test advances it. */
export function manualClock(start = 0): Clock & { advance(ms: number): void; pending(): number } {
  let now = start
  let timers: { at: number; fn: () => void }[] = []
  return {
    now: () => now,
    after(ms, fn) {
      const timer = { at: now + ms, fn }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance(ms) {
      const until = now + ms
      for (;;) {
        const next = timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        now = next.at
        timers = timers.filter((timer) => timer !== next)
        next.fn()
      }
      now = until
    },
    pending: () => timers.length,
  }
}
