import type { Command, RunCreated, RunEvent } from "../core/events.ts"
import type { RunHeader } from "../core/ports.ts"
import { evolve, type Run } from "../core/run.ts"
import { type RunView, viewRun } from "../core/view.ts"
import { type LoopDeps, RunLoop } from "./run-loop.ts"

export type EngineDeps = LoopDeps

/** A change of a run, as onlookers get it: the run after the events, and the events. */
export type Listener = (run: Run, events: readonly RunEvent[]) => void

/** Done, or the sentence that says why not. */
export type Outcome = { readonly ok: true; readonly run: string } | { readonly ok: false; readonly why: string }

/**
 * All runs of one project in one process. A run is driven by the process that holds its claim; of every other run this
 * engine knows what the journal says. Nothing is driven that nobody asked for (G3).
 */
export class Engine {
  readonly #deps: EngineDeps
  readonly #loops = new Map<string, RunLoop>()
  readonly #listeners = new Set<Listener>()

  constructor(deps: EngineDeps) {
    this.#deps = deps
  }

  /** Starts a run; it goes on by itself. Refused when a run of that id exists. */
  start(created: Omit<RunCreated, "type" | "at">): Outcome {
    if (this.#load(created.run)) return { ok: false, why: `there is already a run ${created.run}` }
    return this.#drive(created.run, undefined, { type: "create", created })
  }

  /** Takes an interrupted run up again; what finished stays finished (G2). */
  resume(run: string, by: string, parent?: string): Outcome {
    return this.#command(run, { type: "resume", by, ...(parent === undefined ? {} : { parent }) })
  }

  /** Ends a run for good, with everything it is running. */
  abort(run: string, by: string): Outcome {
    return this.#command(run, { type: "abort", by })
  }

  /** Stops every run of this process so that it can be resumed; resolves when no worker is left. */
  async interrupt(by: string): Promise<void> {
    const loops = [...this.#loops.values()]
    for (const loop of loops) loop.send({ type: "interrupt", by })
    await Promise.all(loops.map((loop) => loop.over))
  }

  /** The run once it has ended, was interrupted, or could not be written down (`broken` says why). */
  async finished(run: string): Promise<{ readonly view: RunView | undefined; readonly broken?: string }> {
    const loop = this.#loops.get(run)
    await loop?.over
    return { view: this.view(run), ...(loop?.broken === undefined ? {} : { broken: loop.broken }) }
  }

  view(run: string): RunView | undefined {
    const state = this.#loops.get(run)?.run ?? this.#load(run)
    return state && viewRun(state, this.#deps.store.isClaimed(run))
  }

  /** The run of that id, or the only one whose id begins like that; without an id the newest. */
  find(wanted: string | undefined): RunView | undefined {
    const ids = this.list().map((header) => header.id)
    const matches = wanted === undefined ? ids.slice(0, 1) : ids.filter((id) => id.startsWith(wanted))
    const id = matches.find((match) => match === wanted) ?? (matches.length === 1 ? matches[0] : undefined)
    return id === undefined ? undefined : this.view(id)
  }

  /** Every run of the project, newest first. */
  list(): RunHeader[] {
    return this.#deps.store.list()
  }

  /** Runs this process drives or has driven, newest first. */
  live(): RunView[] {
    return [...this.#loops.keys()].reverse().flatMap((run) => this.view(run) ?? [])
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #load(run: string): Run | undefined {
    return this.#deps.store.read(run).reduce<Run | undefined>(evolve, undefined)
  }

  #command(run: string, command: Command): Outcome {
    const loop = this.#loops.get(run)
    if (loop?.run?.status === "running" && loop.broken === undefined) {
      if (command.type === "resume") return { ok: false, why: `run ${run} is running already` }
      const refused = loop.send(command)
      return refused === undefined ? { ok: true, run } : { ok: false, why: refused }
    }
    const state = this.#load(run)
    if (state === undefined) return { ok: false, why: `there is no run ${run}` }
    return this.#drive(run, state, command)
  }

  /** Claims the run, gives it a loop, and sends the first command. */
  #drive(run: string, state: Run | undefined, command: Command): Outcome {
    const claim = this.#deps.store.claim(run)
    if (claim === undefined) return { ok: false, why: `run ${run} is being worked on by another process` }
    const loop = new RunLoop(this.#deps, claim, state, (next, events) => this.#tell(next, events))
    const previous = this.#loops.get(run)
    this.#loops.delete(run)
    this.#loops.set(run, loop)
    const refused = loop.send(command)
    if (refused === undefined) return { ok: true, run }
    claim.release()
    this.#loops.delete(run)
    if (previous) this.#loops.set(run, previous)
    return { ok: false, why: refused }
  }

  #tell(run: Run, events: readonly RunEvent[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(run, events)
      } catch (error) {
        this.#deps.log.error("an onlooker threw", { run: run.id, error: String(error) })
      }
    }
  }
}
