import type { Profile } from "../../core/model/profile.ts"
import type { Run } from "../../core/model/run.ts"
import type { Clock, KeptWorker, Store, WorkerBackend } from "../../core/ports/ports.ts"

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

export type Spawned = { readonly ok: true; readonly worker: KeptWorker } | { readonly ok: false; readonly why: string }

interface SpawnDeps {
  readonly store: Store
  readonly clock: Clock
  readonly backend: (kind: string) => WorkerBackend
}

/** Makes a worker by name without asking its model anything. Rejects with what the backend says. */
export async function spawnKept(
  { store, clock, backend }: SpawnDeps,
  name: string,
  profile: Profile,
  parent: string | undefined,
): Promise<Spawned> {
  if (store.kept().some((worker) => worker.name === name))
    return { ok: false, why: `there is a worker ${name} already` }
  const { session } = await backend(profile.kind).open({
    key: `worker/${name}`,
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
