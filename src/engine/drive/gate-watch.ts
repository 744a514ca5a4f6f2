import { rowsOf } from "../../core/base/table.ts"
import type { Run } from "../../core/model/run.ts"
import type { Clock } from "../../core/ports/ports.ts"

/** Has the gates of paused runs decided when their time is over, as long as the process that
 *  paused them is alive. */
export class GateWatch {
  readonly #clock: Clock
  readonly #tick: (run: string) => void
  /** For each run, the function that cancels its timer. */
  readonly #timers = new Map<string, () => void>()

  /** `tick` is called with the id of a run when the time of one of its gates is over. */
  constructor(clock: Clock, tick: (run: string) => void) {
    this.#clock = clock
    this.#tick = tick
  }

  /** Must be called at every change of a run. */
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
