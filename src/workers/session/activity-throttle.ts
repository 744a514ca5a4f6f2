import type { Activity, Clock, WorkerReport } from "../../core/ports/ports.ts"

/** At most four reports of activity a second. */
const REPORT_MS = 250

/**
 * Reports what a worker does. A new phase is reported at once, anything else a few times a second.
 */
export class ActivityThrottle {
  readonly #clock: Clock
  readonly #report: WorkerReport
  #told: Activity | undefined
  #latest: Activity | undefined
  #cancel: (() => void) | undefined

  constructor(clock: Clock, report: WorkerReport) {
    this.#clock = clock
    this.#report = report
  }

  tell(activity: Activity): void {
    this.#latest = activity
    if (activity.phase !== this.#told?.phase || activity.tool !== this.#told.tool) {
      this.#flush()
      return
    }
    this.#cancel ??= this.#clock.after(REPORT_MS, () => {
      this.#cancel = undefined
      this.#flush()
    })
  }

  close(): void {
    this.#cancel?.()
  }

  #flush(): void {
    if (this.#latest === undefined) return
    this.#told = this.#latest
    this.#report.activity(this.#latest)
  }
}
