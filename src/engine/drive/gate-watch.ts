import { rowsOf } from "../../core/base/table.ts"
import type { Run } from "../../core/model/run.ts"
import type { Clock } from "../../core/ports/ports.ts"

/** The gates of paused runs are decided in a person's place when their time is over, if the process that paused them is
 *  still there. */
export class GateWatch {
  readonly #clock: Clock
  readonly #tick: (run: string) => void
  /** By run: what ends the wait of its gates. */
  readonly #timers = new Map<string, () => void>()

  /** `tick` is called with a run when the time of one of its gates is over. */
  constructor(clock: Clock, tick: (run: string) => void) {
    this.#clock = clock
    this.#tick = tick
  }

  /** To be told of every change of a run. */
  changed(run: Run): void {
    this.#timers.get(run.id)?.()
    this.#timers.delete(run.id)
    if (run.status !== "paused") return
    const ends = rowsOf(run.steps).flatMap((step) => step.gate?.expiresAt ?? [])
    if (ends.length === 0) return
    const wait = Math.max(0, Math.min(...ends) - this.#clock.now())
    this.#timers.set(
      run.id,
      this.#clock.after(wait, () => this.#tick(run.id)),
    )
  }
}
