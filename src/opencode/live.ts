import type { RunEvent } from "../core/model/events.ts"
import { traitsOf } from "../core/model/kinds.ts"
import type { Run } from "../core/model/run.ts"
import type { Clock } from "../core/ports/ports.ts"
import type { StateMessage } from "../core/view/protocol.ts"
import { viewRun } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { describe, type Host } from "../host/host.ts"
import { type AttentionDeps, watchAttention } from "./attention.ts"
import { send } from "./send.ts"
import { slim, slimRequest } from "./slim.ts"

/** Changes within this many milliseconds reach the TUI as one update. */
const SETTLE_MS = 200
/** A worker's activity changes with every token, so it is sent at most once in this many
 *  milliseconds. */
const ACTIVITY_MS = 500
/** How often the journal is asked whether another process has written to it. */
const FOLLOW_MS = 1_000
/** At most so many ended runs are sent; the dashboard asks for older ones. */
const ENDED_TOLD = 20

export interface WatchDeps extends AttentionDeps {
  readonly clock: Clock
}

/**
 * Keeps every TUI of this server informed about runs, workers and requests: changes after a moment,
 * activity twice a second, requests at once. Notifies a person when a run needs input, and opens
 * the session of a worker that a person works with. Returns the function that stops it.
 */
export function watchRuns(deps: WatchDeps): () => void {
  const { host, engine, log, clock } = deps
  const attempt = (what: string, work: () => Promise<void>) => {
    work().catch((error) => log.error(what, { error: describe(error) }))
  }
  const schedule = throttle(clock, () =>
    attempt("the TUI could not be sent the state of the runs", () => publishState(host, engine)),
  )
  let asked = ""
  const offs = [
    engine.subscribe((run, events) => {
      schedule(SETTLE_MS)
      const opened = openedForPerson(run, events)
      if (opened) attempt("the TUI could not open the session of a worker", () => send(host, opened))
    }),
    engine.subscribeWorkers(() => {
      const asks = engine.asks().map(({ id }) => id)
      const now = asks.join(" ")
      schedule(now === asked ? ACTIVITY_MS : 0)
      asked = now
    }),
    watchAttention(deps),
    followJournal(deps, () => schedule(SETTLE_MS)),
  ]
  return () => {
    for (const off of offs) off()
    schedule(Number.POSITIVE_INFINITY)
  }
}

/**
 * Calls `changed` when other processes have changed runs, workers or kept sessions of the project.
 * A look costs one integer of the journal while nothing happens. A process that was killed writes
 * nothing, so for each run that another one drives the look also asks whether it still does.
 */
function followJournal({ engine, clock, log }: WatchDeps, changed: () => void): () => void {
  let version: number | undefined
  let driven: readonly string[] = []
  let failed = ""
  const look = () => {
    const now = engine.version()
    if (now === version && driven.every((run) => engine.isElsewhere(run))) return
    const isFirst = version === undefined
    version = now
    const running = engine.open().filter(({ status }) => status === "running")
    driven = running.flatMap(({ id }) => (engine.isElsewhere(id) ? [id] : []))
    if (!isFirst) changed()
  }
  let cancel = () => {}
  const tick = () => {
    try {
      look()
      failed = ""
    } catch (error) {
      const why = describe(error)
      if (why !== failed) log.error("the runs of other processes could not be followed", { error: why })
      failed = why
    }
    cancel = clock.after(FOLLOW_MS, tick)
  }
  tick()
  return () => cancel()
}

/** Calls `fn` after the shortest delay (milliseconds) that was requested since its last call; an
 *  infinite delay cancels the call. */
function throttle(clock: Clock, fn: () => void): (delayMs: number) => void {
  let due = Number.POSITIVE_INFINITY
  let cancel = () => {}
  return (delayMs) => {
    const at = clock.now() + delayMs
    if (Number.isFinite(delayMs) && at >= due) return
    cancel()
    due = at
    if (!Number.isFinite(delayMs)) return
    cancel = clock.after(delayMs, () => {
      due = Number.POSITIVE_INFINITY
      fn()
    })
  }
}

export async function publishState(host: Host, engine: Engine): Promise<void> {
  await send(host, stateOf(engine, host.directory))
}

/** The state that a TUI is sent, with long texts cut. */
export function stateOf(engine: Engine, directory: string): StateMessage {
  let ended = 0
  const runs = engine.followed().filter((run) => run.endedAt === null || ++ended <= ENDED_TOLD)
  const workers = engine.workers().map((worker) => ({ ...worker, tail: "" }))
  return {
    kind: "state",
    directory,
    version: engine.version(),
    runs: runs.map(slim),
    workers,
    asks: engine.requests().map(slimRequest),
  }
}

/** The message that opens the session of a worker of this server which a person works with, if
 *  one has just started. */
function openedForPerson(run: Run, events: readonly RunEvent[]) {
  const opened = events.find((event) => event.type === "step.opened")
  if (opened === undefined || run.parent === undefined) return undefined
  const step = viewRun(run, true).steps.find((one) => one.id === opened.step)
  if (step?.mode !== "foreground" || !traitsOf(step.kind).canOpenHere) return undefined
  return { kind: "open" as const, session: opened.session, parent: run.parent }
}
