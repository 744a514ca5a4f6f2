import type { Command } from "../../core/model/events.ts"
import type { Run } from "../../core/model/run.ts"
import type { Surveyor } from "../../core/ports/ports.ts"

/** Has what a run changes in the project written down: a look before the first worker, and one when the run has ended. */
export class Changes {
  readonly #surveyor: Surveyor | undefined
  readonly #send: (command: Command) => void
  #before: Promise<void> | undefined
  #isLooking = false
  #lookedAt: number | undefined

  constructor(surveyor: Surveyor | undefined, send: (command: Command) => void) {
    this.#surveyor = surveyor
    this.#send = send
  }

  /** Resolves when it was looked; undefined when nobody has to wait. */
  get before(): Promise<void> | undefined {
    return this.#before
  }

  /** To be called when the run was created, before any worker exists. A question to one worker is no work on a project. */
  begin({ created }: Run): void {
    if (this.#surveyor === undefined || created.ask !== undefined) return
    this.#before = this.#surveyor.look().then((seen) => {
      this.#before = undefined
      if (seen) this.#send({ type: "seen", ...seen })
    })
  }

  /** Whether the end of the run has to be waited with: it is being looked what has changed. `done` is called after that. */
  isOpen({ endedAt, seen }: Run, done: () => void): boolean {
    if (this.#isLooking) return true
    if (this.#surveyor === undefined || seen === undefined || endedAt === undefined) return false
    if (this.#lookedAt === endedAt) return false
    this.#isLooking = true
    this.#lookedAt = endedAt
    void this.#surveyor.changedSince(seen).then((files) => {
      this.#isLooking = false
      if (files) this.#send({ type: "changed", files })
      done()
    })
    return true
  }
}
