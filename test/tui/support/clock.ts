import type { Clock } from "../../../src/core/ports/ports.ts"

/** A clock that stands still until a test moves it. Timers fire in order while it moves. */
export class HandClock implements Clock {
  private time = 0
  private timers: { at: number; fn: () => void }[] = []

  now(): number {
    return this.time
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.time + ms, fn }
    this.timers.push(timer)
    return () => {
      this.timers = this.timers.filter((other) => other !== timer)
    }
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.timers.length
  }

  advance(ms: number): void {
    const end = this.time + ms
    for (;;) {
      const next = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.timers = this.timers.filter((timer) => timer !== next)
      this.time = next.at
      next.fn()
    }
    this.time = end
  }
}
