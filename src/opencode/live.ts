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

/** Changes closer together than this reach the TUI as one. */
const SETTLE_MS = 200
/** What a worker is doing changes with every token: no more often than this. */
const ACTIVITY_MS = 500
/** Runs that are over and still told of: the dashboard asks for older ones. */
const ENDED_TOLD = 20

export interface WatchDeps extends AttentionDeps {
  readonly clock: Clock
}

/**
 * Keeps every TUI of this server told how runs, workers and asks stand: changes after a moment, activity twice a
 * second, asks at once. Calls for a person where one is needed, and calls them to a worker that waits for one. Returns
 * the function that stops it.
 */
export function watchRuns(deps: WatchDeps): () => void {
  const { host, engine, log, clock } = deps
  const attempt = (what: string, work: () => Promise<void>) => {
    work().catch((error) => log.error(what, { error: describe(error) }))
  }
  const schedule = throttle(clock, () =>
    attempt("the TUI could not be told how the runs go", () => publishState(host, engine)),
  )
  let asked = ""
  const offs = [
    engine.subscribe((run, events) => {
      schedule(SETTLE_MS)
      const opened = openedForPerson(run, events)
      if (opened) attempt("the TUI could not be called to a worker", () => send(host, opened))
    }),
    engine.subscribeWorkers(() => {
      const asks = engine.asks().map(({ id }) => id)
      const now = asks.join(" ")
      schedule(now === asked ? ACTIVITY_MS : 0)
      asked = now
    }),
    watchAttention(deps),
  ]
  return () => {
    for (const off of offs) off()
    schedule(Number.POSITIVE_INFINITY)
  }
}

/** Calls `fn` after the shortest delay asked for since it was last called; an infinite one calls it off. */
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

/** What a TUI is told, with everything long cut. */
export function stateOf(engine: Engine, directory: string): StateMessage {
  let ended = 0
  const runs = engine.live().filter((run) => run.endedAt === null || ++ended <= ENDED_TOLD)
  const workers = engine.workers().map((worker) => ({ ...worker, tail: "" }))
  return { kind: "state", directory, runs: runs.map(slim), workers, asks: engine.asks().map(slimRequest) }
}

/** A worker of this server that a person works with has just begun. */
function openedForPerson(run: Run, events: readonly RunEvent[]) {
  const opened = events.find((event) => event.type === "step.opened")
  if (opened === undefined || run.parent === undefined) return undefined
  const step = viewRun(run, true).steps.find((one) => one.id === opened.step)
  if (step?.mode !== "foreground" || !traitsOf(step.kind).canOpenHere) return undefined
  return { kind: "open" as const, session: opened.session, parent: run.parent }
}
