import { createSignal } from "solid-js"
import type { Clock } from "../../core/ports/ports.ts"
import { type GateView, openGates } from "../../core/view/gate-view.ts"
import type { StateMessage } from "../../core/view/protocol.ts"
import type { AskView, RunView, WorkerView } from "../../core/view/view.ts"
import type { Pace } from "./pace.ts"
import { LINGER_MS } from "./view-model.ts"

const TICK_MS = 1_000

/** What is alive as this TUI knows it, readable from Solid views. */
export interface Live {
  /** All known runs, newest first. */
  runs(): readonly RunView[]
  /** The runs that deserve the status line: running, paused until somebody decides, or over so recently that nobody may
   *  have looked. */
  inBar(): readonly RunView[]
  /** Workers with a task, then those that are kept without one. */
  workers(): readonly WorkerView[]
  /** What waits for a person, oldest first. */
  asks(): readonly AskView[]
  /** Steps that wait for a person's decision. */
  gates(): readonly GateView[]
  /** Milliseconds since 1970; ticks once a second, and only while something runs. */
  now(): number
  /** Lines the server half has not answered for over a second. */
  waiting(): readonly string[]
  /** Takes in what a folder's server half says: it replaces what that one said before, and nothing else. */
  update(state: Pick<StateMessage, "runs"> & Partial<StateMessage>): void
  setWaiting(lines: readonly string[]): void
  /** A prompt was sent: the person has seen what is over. */
  dismiss(): void
  /** Stops the ticking. */
  close(): void
}

/** Holds what the server half last said. Written by the channel and the prompt line, read by the views. */
export function createLive(clock: Clock, pace: Pace): Live {
  /** What each folder said last. */
  const said = new Map<string, Pick<StateMessage, "runs"> & Partial<StateMessage>>()
  const [runs, setRuns] = createSignal<readonly RunView[]>([])
  const [workers, setWorkers] = createSignal<readonly WorkerView[]>([])
  const [asks, setAsks] = createSignal<readonly AskView[]>([])
  const [waiting, setWaiting] = createSignal<readonly string[]>([])
  const [now, setNow] = createSignal(clock.now())
  /** Until when the line of a run that is over stays; 0 once dismissed. */
  const [until, setUntil] = createSignal<ReadonlyMap<string, number>>(new Map())
  let cancel = () => {}

  const isAlive = (run: RunView) => run.status === "running" || run.status === "paused"
  const inBar = () => runs().filter((run) => isAlive(run) || (until().get(run.id) ?? 0) > now())

  const tick = () => {
    cancel()
    setNow(clock.now())
    const tickLater = () => pace.change(tick)
    if (runs().some((run) => run.status === "running")) {
      cancel = clock.after(TICK_MS, tickLater)
      return
    }
    const next = Math.min(...[...until().values()].filter((end) => end > now()))
    if (Number.isFinite(next)) cancel = clock.after(next - now(), tickLater)
  }

  return {
    runs,
    inBar,
    workers,
    asks,
    gates: () => runs().flatMap(openGates),
    now,
    waiting,
    update(next) {
      pace.change(() => {
        said.set(next.directory ?? "", next)
        const all = [...said.values()]
        const together = all.flatMap((one) => one.runs).sort((a, b) => b.createdAt - a.createdAt)
        setUntil(lingering(until(), runs(), together, clock.now()))
        setRuns(together)
        setWorkers(all.flatMap((one) => one.workers ?? []))
        setAsks(all.flatMap((one) => one.asks ?? []).sort((a, b) => a.askedAt - b.askedAt))
        tick()
      })
    },
    setWaiting: (lines) => void setWaiting(lines),
    dismiss() {
      setUntil(new Map([...until().keys()].map((id) => [id, 0])))
    },
    close: () => cancel(),
  }
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
