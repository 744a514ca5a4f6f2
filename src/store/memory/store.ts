import type { RunEvent } from "../../core/model/events.ts"
import type {
  Claim,
  DelegatedRun,
  JournalEntry,
  KeptWorker,
  QueuedOutcome,
  QueueEntry,
  RunHeader,
  Store,
} from "../../core/ports/ports.ts"

/**
 * A store in memory, for tests and for measuring the engine without a disk. Claims are valid within
 * this object.
 */
export function createMemoryStore(): Store {
  const runs = new Map<string, RunEvent[]>()
  const claimed = new Set<string>()
  const kept = new Map<string, KeptWorker>()
  const queue = createQueue()
  const log = createLog()
  let writes = 0
  return {
    append(run, events, done) {
      const known = runs.get(run)
      if (events.length > 0 && (known === undefined) !== (events[0]?.type === "run.created")) {
        throw new Error(known ? `run ${run} already exists` : `there is no run ${run}`)
      }
      // Copied through JSON as on disk, so that nothing is shared with the caller.
      const copies = JSON.parse(JSON.stringify(events)) as RunEvent[]
      runs.set(run, [...(known ?? []), ...copies])
      log.add(run, copies)
      if (done !== undefined) queue.end(run, done, {})
      writes++
    },
    read: (run, after = 0) => (runs.get(run) ?? []).slice(after),
    readAll: log.read,
    extent(run) {
      const events = runs.get(run)
      return events && { createdAt: headerOf(events).createdAt, events: events.length }
    },
    version: () => writes,
    list: () => [...runs.values()].map(headerOf).reverse(),
    unended: () => [...runs.values()].filter(isOpen).map(headerOf).reverse(),
    remove(run) {
      writes++
      runs.delete(run)
      log.remove(run)
      queue.remove(run)
    },
    post: queue.post,
    queued: queue.waiting,
    drop: () => [],
    refuse: (run, key, why) => queue.end(run, key, { refused: why }),
    outcomeOf: queue.outcomeOf,
    withdraw: queue.withdraw,
    delegated: () => [...runs.values()].flatMap(delegatedOf),
    claim(run): Claim | undefined {
      if (claimed.has(run)) return undefined
      claimed.add(run)
      return { release: () => void claimed.delete(run) }
    },
    isClaimed: (run) => claimed.has(run),
    keep(worker) {
      writes++
      kept.set(worker.name, worker)
    },
    kept: () => [...kept.values()].sort((a, b) => a.createdAt - b.createdAt),
    unkeep(name) {
      writes++
      kept.delete(name)
    },
    close: () => claimed.clear(),
  }
}

/** The events of all runs in the order of their writing. */
function createLog() {
  let entries: JournalEntry[] = []
  let position = 0
  return {
    add(run: string, events: readonly RunEvent[]) {
      for (const event of events) entries.push({ position: ++position, run, event })
    },
    read: (after: number, most: number) => entries.filter((entry) => entry.position > after).slice(0, most),
    remove(run: string) {
      entries = entries.filter((entry) => entry.run !== run)
    },
  }
}

function createQueue() {
  const entries: (QueueEntry & { outcome?: QueuedOutcome })[] = []
  const find = (run: string, key: string) => entries.find((entry) => entry.run === run && entry.key === key)
  const drop = (is: (entry: QueueEntry) => boolean) => {
    for (let at = entries.length - 1; at >= 0; at--) if (is(entries[at] as QueueEntry)) entries.splice(at, 1)
  }
  return {
    post(entry: QueueEntry) {
      if (find(entry.run, entry.key) === undefined) entries.push(JSON.parse(JSON.stringify(entry)) as QueueEntry)
    },
    waiting: () =>
      entries.filter(({ outcome }) => outcome === undefined).map(({ run, key, command }) => ({ run, key, command })),
    end(run: string, key: string, outcome: QueuedOutcome) {
      const entry = find(run, key)
      if (entry !== undefined) entry.outcome ??= outcome
    },
    outcomeOf: (run: string, key: string) => find(run, key)?.outcome,
    withdraw(run: string, key: string) {
      const entry = find(run, key)
      if (entry === undefined || entry.outcome !== undefined) return undefined
      drop((other) => other === entry)
      return entry.command
    },
    remove: (run: string) => drop((entry) => entry.run === run),
  }
}

/** The last event does not end the run. What git found can be written after the end. */
function isOpen(events: readonly RunEvent[]): boolean {
  return events.findLast(({ type }) => type !== "run.changed" && type !== "run.unseen")?.type !== "run.ended"
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
