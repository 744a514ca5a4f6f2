import type { Clock, Log } from "../core/ports/ports.ts"
import { describe } from "../host/host.ts"

/** How often the files of the journal are looked at while no engine is open, in milliseconds. */
const LOOK_MS = 2_000

export interface WakeDeps {
  readonly clock: Clock
  readonly log: Log
  /** A text that changes when anybody writes to the journal. Cheap. */
  readonly stamp: () => string
  /** Whether some run of the project has not ended. */
  readonly hasUnended: () => Promise<boolean>
  /** Whether something has opened the engine. */
  readonly isOpen: () => boolean
  /** Opens the engine, and tells the TUIs its state. */
  readonly open: () => Promise<void>
}

/**
 * Opens the engine as soon as the journal has a run that has not ended, so that a person sees what
 * needs them without a command: after a restart, and when a `baton` in a shell needs them. Without
 * such a run OpenCode pays only for a look at two files. Returns the function that stops it.
 */
export function wakeForRuns(deps: WakeDeps): () => void {
  const { clock, log, isOpen } = deps
  let seen: string | undefined
  let isStopped = false
  let cancel = () => {}
  const look = async () => {
    const stamp = deps.stamp()
    if (stamp === seen) return
    seen = stamp
    if ((await deps.hasUnended()) && !isStopped && !isOpen()) await deps.open()
  }
  const tick = () => {
    void look()
      .catch((error) => log.error("the journal could not be looked at", { error: describe(error) }))
      .then(() => {
        // An open engine follows the journal itself.
        if (!isStopped && !isOpen()) cancel = clock.after(LOOK_MS, tick)
      })
  }
  tick()
  return () => {
    isStopped = true
    cancel()
  }
}
