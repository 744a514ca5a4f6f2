import type { RunEvent } from "../../core/events.ts"
import type { Claim, DelegatedRun, KeptWorker, RunHeader, Store } from "../../core/ports.ts"

/** A store that forgets: for tests, and for measuring the engine without a disk. Claims hold within this object. */
export function createMemoryStore(): Store {
  const runs = new Map<string, RunEvent[]>()
  const claimed = new Set<string>()
  const kept = new Map<string, KeptWorker>()
  return {
    append(run, events) {
      const known = runs.get(run)
      if ((known === undefined) !== (events[0]?.type === "run.created")) {
        throw new Error(known ? `run ${run} exists already` : `there is no run ${run}`)
      }
      // Through JSON, as on disk: nothing kept here is shared with the caller.
      runs.set(run, [...(known ?? []), ...(JSON.parse(JSON.stringify(events)) as RunEvent[])])
    },
    read: (run) => [...(runs.get(run) ?? [])],
    list: () => [...runs.values()].map(headerOf).reverse(),
    remove: (run) => void runs.delete(run),
    delegated: () => [...runs.values()].flatMap(delegatedOf),
    claim(run): Claim | undefined {
      if (claimed.has(run)) return undefined
      claimed.add(run)
      return { release: () => void claimed.delete(run) }
    },
    isClaimed: (run) => claimed.has(run),
    keep: (worker) => void kept.set(worker.name, worker),
    kept: () => [...kept.values()].sort((a, b) => a.createdAt - b.createdAt),
    unkeep: (name) => void kept.delete(name),
    close: () => claimed.clear(),
  }
}

function delegatedOf(events: readonly RunEvent[]): DelegatedRun[] {
  const created = events[0]
  if (created?.type !== "run.created" || !created.depth || created.parent === undefined) return []
  return [{ id: created.run, parent: created.parent, createdAt: created.at }]
}

function headerOf(events: readonly RunEvent[]): RunHeader {
  const created = events[0]
  if (created?.type !== "run.created") throw new Error("a run without its first event")
  return { id: created.run, workflow: created.workflow.name, createdAt: created.at }
}
