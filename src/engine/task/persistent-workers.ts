import type { Profile } from "../../core/model/profile.ts"
import type { Run } from "../../core/model/run.ts"
import type { Clock, KeptWorker, Store, WorkerBackend } from "../../core/ports/ports.ts"

/** Workers whose session is kept for later tasks. */

/** Whether the worker's session is kept: its profile says so, or a person spawned a worker by
 *  the name that the run asks for. */
export function isKept(store: Store, run: Run, profile: Profile): boolean {
  const { ask } = run.created
  return profile.keep === true || (ask !== undefined && keptNamed(store, ask) !== undefined)
}

/** The session in which the next task of a kept worker continues, once it has one. */
export function keptSession(store: Store, run: Run, profile: Profile): string | undefined {
  return isKept(store, run, profile) ? keptNamed(store, nameOf(run, profile))?.session : undefined
}

export function keptNamed(store: Store, name: string): KeptWorker | undefined {
  return store.kept().find((worker) => worker.name === name)
}

/** The name of a kept worker. */
export function nameOf(run: Run, profile: Profile): string {
  return run.created.ask ?? profile.name
}

export type Spawned = { readonly ok: true; readonly worker: KeptWorker } | { readonly ok: false; readonly why: string }

interface SpawnDeps {
  readonly store: Store
  readonly clock: Clock
  readonly backend: (kind: string) => WorkerBackend
}

/** Creates a kept worker without prompting its model. Rejects with the backend's error. */
export async function spawnKept(
  { store, clock, backend }: SpawnDeps,
  name: string,
  profile: Profile,
  parent: string | undefined,
): Promise<Spawned> {
  if (store.kept().some((worker) => worker.name === name))
    return { ok: false, why: `there is already a worker ${name}` }
  const { session } = await backend(profile.kind).open({
    key: `worker/${name}`,
    idTime: clock.now(),
    title: name,
    profile: { ...profile, keep: true },
    depth: 1,
    mayDelegate: false,
    ...(parent === undefined ? {} : { parent }),
  })
  const { kind } = profile
  const worker = { name, profile: profile.name, kind, session, parent: parent ?? null, createdAt: clock.now() }
  store.keep(worker)
  return { ok: true, worker }
}
