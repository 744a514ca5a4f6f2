import type { KeptWorker, Store } from "../core/ports.ts"
import type { Profile } from "../core/profile.ts"
import type { Run } from "../core/run.ts"

/** Workers of a run whose session is for later, too. */

/** Whether the profile says so, or a person spawned it by the name the run asks for. */
export function isKept(store: Store, run: Run, profile: Profile): boolean {
  const { ask } = run.created
  return profile.keep === true || (ask !== undefined && keptNamed(store, ask) !== undefined)
}

/** The session that the next task of a kept worker goes on in, as soon as it has one. */
export function keptSession(store: Store, run: Run, profile: Profile): string | undefined {
  return isKept(store, run, profile) ? keptNamed(store, nameOf(run, profile))?.session : undefined
}

export function keptNamed(store: Store, name: string): KeptWorker | undefined {
  return store.kept().find((worker) => worker.name === name)
}

/** What a person calls a worker that is kept. */
export function nameOf(run: Run, profile: Profile): string {
  return run.created.ask ?? profile.name
}
