import type { Command } from "../../core/model/events.ts"
import type { Run } from "../../core/model/run.ts"
import type { Surveyor } from "../../core/ports/surveyor.ts"

/** Records which files of the project a run changes: it surveys the project before the first
 *  worker starts, and again when the run has ended. */
export class Changes {
  readonly #surveyor: Surveyor | undefined
  readonly #send: (command: Command) => void
  #before: Promise<void> | undefined
  #isScanning = false
  #scannedAt: number | undefined

  constructor(surveyor: Surveyor | undefined, send: (command: Command) => void) {
    this.#surveyor = surveyor
    this.#send = send
  }

  /** Resolves when the survey before the run is done; undefined when none is pending. */
  get before(): Promise<void> | undefined {
    return this.#before
  }

  /** Called when the run was created, before any worker exists. A question to one worker is not
   *  surveyed, because it is not work on the project. */
  begin({ created }: Run): void {
    if (this.#surveyor === undefined || created.ask !== undefined) return
    this.#before = this.#surveyor.look().then((seen) => {
      this.#before = undefined
      if (seen) this.#send("why" in seen ? { type: "unseen", ...seen } : { type: "seen", ...seen })
    })
  }

  /** True while the end-of-run scan for changed files is pending; `done` is called after it. */
  isOpen({ endedAt, seen }: Run, done: () => void): boolean {
    if (this.#isScanning) return true
    if (this.#surveyor === undefined || seen === undefined || endedAt === undefined) return false
    if (this.#scannedAt === endedAt) return false
    this.#isScanning = true
    this.#scannedAt = endedAt
    void this.#surveyor.changedSince(seen).then((files) => {
      this.#isScanning = false
      this.#send("why" in files ? { type: "unseen", ...files } : { type: "changed", files })
      done()
    })
    return true
  }
}
