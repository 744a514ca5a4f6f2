import { createSignal } from "solid-js"
import type { Clock } from "../../core/ports/ports.ts"
import { type Need, needsOf, type UntrustedFolder } from "../../core/view/needs.ts"
import type { FolderMessage, StateMessage } from "../../core/view/protocol.ts"
import type { PendingRequestView, RunView, WorkerView } from "../../core/view/view.ts"
import type { Pace } from "./pace.ts"
import { LINGER_MS } from "./view-model.ts"

const TICK_MS = 1_000

/** State of runs, workers and requests as far as this TUI knows it, readable from Solid views. */
export interface Live {
  /** All known runs, newest first. */
  runs(): readonly RunView[]
  /**
   * Runs for the status line: running, paused until a person decides, or ended so recently that the
   * person may not have seen it.
   */
  inBar(): readonly RunView[]
  /** Workers with a task, then kept workers without one. */
  workers(): readonly WorkerView[]
  /** Requests that wait for a person, oldest first. */
  asks(): readonly PendingRequestView[]
  /** Everything that needs the person, oldest first. */
  needs(): readonly Need[]
  /**
   * Milliseconds since 1970. Ticks once a second while a run is running, and when a run leaves the
   * status line.
   */
  now(): number
  /** A text that changes when another process has changed runs of a project. */
  version(): string
  /** Lines that the server half has not answered for more than a second. */
  waiting(): readonly string[]
  /**
   * Applies the state that the server half of a directory sent. It replaces only the earlier state
   * of that directory.
   */
  update(state: Pick<StateMessage, "runs"> & Partial<StateMessage>): void
  /** Applies whether the person has to decide about a folder. */
  setFolder(message: FolderMessage): void
  setWaiting(lines: readonly string[]): void
  /**
   * Called when a prompt was sent: removes ended runs from the status line, because the person has
   * seen them.
   */
  dismiss(): void
  /** Stops the ticking. */
  close(): void
}

/**
 * Holds the last state that the server half sent. The channel and the prompt handler write it, the
 * views read it.
 */
export function createLive(clock: Clock, pace: Pace): Live {
  /** The last state of each directory. */
  const said = new Map<string, Said>()
  /** By directory: the folders that the person has to decide about. */
  const folders = new Map<string, UntrustedFolder | null>()
  const [runs, setRuns] = createSignal<readonly RunView[]>([])
  const [workers, setWorkers] = createSignal<readonly WorkerView[]>([])
  const [asks, setAsks] = createSignal<readonly PendingRequestView[]>([])
  const [waiting, setWaiting] = createSignal<readonly string[]>([])
  const [now, setNow] = createSignal(clock.now())
  /** By run: the time until which its line stays after it ended, or 0 once dismissed. */
  const [until, setUntil] = createSignal<ReadonlyMap<string, number>>(new Map())
  let cancel = () => {}
  const [version, setVersion] = createSignal("")
  const [needs, setNeeds] = createSignal<readonly Need[]>([])
  const isAlive = (run: RunView) => run.status === "running" || run.status === "paused"
  const inBar = () => runs().filter((run) => isAlive(run) || (until().get(run.id) ?? 0) > now())

  const tick = () => {
    cancel()
    setNow(clock.now())
    const next = nextTick(runs(), until(), now())
    if (Number.isFinite(next)) cancel = clock.after(next, () => pace.change(tick))
  }
  const count = () => setNeeds(needsOf(runs(), asks(), undecided(folders)))

  return {
    runs,
    inBar,
    workers,
    asks,
    needs,
    version,
    now,
    waiting,
    update(next) {
      pace.change(() => {
        said.set(next.directory ?? "", next)
        const all = together([...said.values()])
        setUntil(lingering(until(), runs(), all.runs, clock.now()))
        setRuns(all.runs)
        setWorkers(all.workers)
        setAsks(all.asks)
        count()
        setVersion(all.version)
        tick()
      })
    },
    setFolder: ({ directory, folder }) => {
      folders.set(directory, folder)
      pace.change(count)
    },
    setWaiting: (lines) => void setWaiting(lines),
    dismiss() {
      setUntil(new Map([...until().keys()].map((id) => [id, 0])))
    },
    close: () => cancel(),
  }
}

type Said = Pick<StateMessage, "runs"> & Partial<StateMessage>

/** The states of all directories as one. */
function together(all: readonly Said[]) {
  return {
    runs: all.flatMap((one) => one.runs).sort((a, b) => b.createdAt - a.createdAt),
    workers: all.flatMap((one) => one.workers ?? []),
    asks: all.flatMap((one) => one.asks ?? []).sort((a, b) => a.askedAt - b.askedAt),
    version: all.map((one) => one.version ?? 0).join(" "),
  }
}

function undecided(folders: ReadonlyMap<string, UntrustedFolder | null>): UntrustedFolder[] {
  return [...folders.values()].flatMap((folder) => folder ?? [])
}

/** Milliseconds until something on the screen changes by itself; infinite when nothing does. */
function nextTick(runs: readonly RunView[], until: ReadonlyMap<string, number>, now: number): number {
  if (runs.some((run) => run.status === "running")) return TICK_MS
  return Math.min(...[...until.values()].filter((end) => end > now)) - now
}

function lingering(
  before: ReadonlyMap<string, number>,
  known: readonly RunView[],
  next: readonly RunView[],
  now: number,
): Map<string, number> {
  const wasRunning = new Set(known.filter((run) => run.status === "running").map((run) => run.id))
  const entries = next
    .filter((run) => run.status !== "running" && run.status !== "paused")
    .map((run): [string, number] => {
      const seenEnding = wasRunning.has(run.id) || (run.endedAt === null && !before.has(run.id))
      const isRecent = run.endedAt !== null && !before.has(run.id) && run.endedAt + LINGER_MS > now
      return [run.id, seenEnding || isRecent ? now + LINGER_MS : (before.get(run.id) ?? 0)]
    })
  return new Map(entries)
}
