import type { Command, Definition, RunCreated, RunEvent } from "../core/model/events.ts"
import { isLong } from "../core/model/handoff.ts"
import type { Profile } from "../core/model/profile.ts"
import type { Run } from "../core/model/run.ts"
import type { Budget } from "../core/model/workflow.ts"
import type { KeptWorker, RequestAnswer, RunHeader, Steer } from "../core/ports/ports.ts"
import { secretsOf } from "../core/rights/secret-text.ts"
import type { PendingRequestView, RunView, WorkerView } from "../core/view/view.ts"
import { refusalOf } from "./answer/judge.ts"
import { Dispatcher } from "./dispatch/dispatch.ts"
import { Workers } from "./dispatch/workers.ts"
import {
  type CommandOutcome,
  findRemoteWorker,
  type RemoteWorker,
  type Settled,
  steerCommand,
} from "./drive/remote-control.ts"
import type { LoopDeps } from "./drive/run-loop.ts"
import { RunReader } from "./drive/run-reader.ts"
import { RunRegistry, type RunRegistryDeps } from "./drive/run-registry.ts"
import { type Spawned, spawnKept } from "./task/persistent-workers.ts"

export interface EngineDeps extends Omit<RunRegistryDeps, "dispatcher" | "workers" | "delegatedFrom"> {
  /** Between 0 and 1. */
  readonly random: () => number
}

/** A change of a run, as onlookers get it: the run after the events, and the events. */
export type Listener = (run: Run, events: readonly RunEvent[]) => void

/** What is done about a step that waits, or that failed in a run that has ended. */
export type GateDecision = Omit<Extract<Command, { type: "decide" }>, "type">

/** Something to say to a worker. */
export interface SteerMessage {
  readonly type: "message"
  readonly id: string
  readonly text: string
}

export type { CommandOutcome, Settled } from "./drive/remote-control.ts"

/**
 * All runs of one project in one process. A run is driven by the process that holds its claim; of every other run this
 * engine knows what the journal says, and what is asked of it here is handed to that process. Nothing is driven that
 * nobody asked for (G3).
 */
export class Engine {
  readonly #deps: LoopDeps
  readonly #workers: Workers
  readonly #listeners = new Set<Listener>()
  readonly #reader: RunReader
  readonly #runs: RunRegistry

  constructor(deps: EngineDeps) {
    this.#reader = new RunReader(deps.store, (run) => this.#runs.loops().get(run)?.run)
    const workers = new Workers(deps.clock, (ask) => deps.vault.hide(ask))
    this.#workers = workers
    const all = {
      ...deps,
      workers,
      dispatcher: new Dispatcher({ ...deps, workers }),
      delegatedFrom: (session: string, since: number) => this.#reader.delegatedFrom(session, since),
    }
    this.#deps = all
    this.#runs = new RunRegistry(all, this.#reader, (run, events) => this.#tell(run, events))
  }

  /** Starts a run; it goes on by itself. Refused when a run of that id exists. */
  start(created: Omit<RunCreated, "type" | "at">): CommandOutcome {
    if (this.#runs.exists(created.run)) return { ok: false, why: `there is already a run ${created.run}` }
    return this.#runs.drive(created.run, { type: "create", created })
  }

  /** Takes an interrupted or paused run up again, or anew what failed in one that has ended; what finished stays
   *  finished (G2). Open gates are continued. `edited` is the workflow as it is now: what changed, and what
   *  depends on it, is done again. */
  resume(run: string, by: string, parent?: string, edited?: Definition): CommandOutcome {
    return this.#runs.command(run, {
      type: "resume",
      by,
      ...(parent === undefined ? {} : { parent }),
      ...(edited ? { edited } : {}),
    })
  }

  /** Ends a run for good, with everything it is running. */
  abort(run: string, by: string): CommandOutcome {
    return this.#runs.command(run, { type: "abort", by })
  }

  /** Starts nothing more of a run until `resume`; what runs goes on. */
  pause(run: string, by: string): CommandOutcome {
    if (this.#runs.isLeft(run)) return { ok: false, why: `run ${run} was interrupted: nothing of it is going on` }
    return this.#runs.command(run, { type: "pause", by })
  }

  /** Decides an open gate; `retry` also tries a step of a run that has failed again, with all that waits for it. A message
   *  is said to its worker, in its session. */
  decide(run: string, decision: GateDecision): CommandOutcome {
    // What a crash or an interrupt left running is taken up first; its gates stay open for that.
    if (this.#runs.isLeft(run)) {
      const resumed = this.resume(run, decision.by, decision.parent)
      if (!resumed.ok) return resumed
    }
    return this.#runs.command(run, { type: "decide", ...decision })
  }

  /** Lets a run spend more, and go on if that held it. */
  raise(run: string, budget: Budget, by: string): CommandOutcome {
    this.#runs.settleCrash(run)
    return this.#runs.command(run, { type: "raise", budget, by })
  }

  /** What became of something asked of a run: at once of one driven here; of one that another process drives once that
   *  has done it, or after five seconds. When that process is gone without having come to it, it is done here. */
  settled(outcome: CommandOutcome): Promise<Settled> {
    return this.#runs.settled(outcome)
  }

  /** Whether another living process drives the run. */
  isElsewhere(run: string): boolean {
    return this.#runs.isElsewhere(run)
  }

  /** Deletes the journal of a run that has ended; its sessions stay in OpenCode. */
  remove(run: string): CommandOutcome {
    const { store, files } = this.#deps
    const state = this.#reader.load(run)
    if (state === undefined) return { ok: false, why: `there is no run ${run}` }
    const claim = store.claim(run)
    if (state.endedAt === undefined || claim === undefined) {
      claim?.release()
      return { ok: false, why: `run ${run} has not ended` }
    }
    store.remove(run)
    files.forget(run)
    this.#runs.forget(run)
    claim.release()
    return { ok: true, run }
  }

  /** Stops every run of this process so that it can be resumed; resolves when no worker is left. */
  async interrupt(by: string): Promise<void> {
    const loops = [...this.#runs.loops().values()]
    for (const loop of loops) loop.send({ type: "interrupt", by })
    await Promise.all(loops.map((loop) => loop.over))
  }

  /** The run once it has ended, was interrupted, or could not be written down (`broken` says why). */
  async finished(run: string): Promise<{ readonly view: RunView | undefined; readonly broken?: string }> {
    const loop = this.#runs.loops().get(run)
    await loop?.over
    return { view: this.view(run), ...(loop?.broken === undefined ? {} : { broken: loop.broken }) }
  }

  view(run: string): RunView | undefined {
    return this.#reader.view(run)
  }

  /** Everything the journal holds of a run, in order; empty when there is no such run. */
  events(run: string): readonly RunEvent[] {
    return this.#deps.store.read(run)
  }

  /** The same without the values of the run's secrets, in all texts in it; undefined when they are not there to be looked
   *  for. */
  withoutSecrets<T>(run: string, value: T): T | undefined {
    const { vault } = this.#deps
    const workflow = this.#reader.current(run)?.created.workflow
    const isKnown = workflow === undefined || vault.open(secretsOf(workflow)).ok
    return isKnown ? vault.hide(value) : undefined
  }

  /** What a run was given when it began. */
  inputs(run: string): RunCreated["inputs"] | undefined {
    return this.#reader.current(run)?.created.inputs
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
    return this.#reader.views([...this.#runs.loops().keys()].reverse())
  }

  // ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Every worker of this process, and those kept without a task. */
  workers(): WorkerView[] {
    return this.#workers.views(this.#deps.store.kept())
  }

  /** What waits for a person, oldest first (G7). */
  asks(): PendingRequestView[] {
    return this.#workers.asks()
  }

  /** Hears that workers or asks have changed; can be many times a second. */
  subscribeWorkers(listener: () => void): () => void {
    return this.#workers.subscribe(listener)
  }

  /** How deep a session of this process is: of a worker its depth, of any other 0. */
  depthOf(session: string | undefined): number {
    return this.#workers.depthOf(session)
  }

  /** A file with all of a step's answer, where that is too long to be handed on; undefined: it is not. */
  async fileOf(run: string, { id, output }: { readonly id: string; readonly output: string }) {
    return isLong(output) ? this.#deps.files.keep(run, id, output) : undefined
  }

  /** What is wrong with data that the worker in `session` gives as its answer, or undefined. */
  refuseData(session: string, given: unknown): Promise<string | undefined> {
    return refusalOf(this.#deps.checker, this.#workers.find(session)?.task.schema, given)
  }

  /** Answers an ask of a worker. Resolves with why that was not possible, or undefined. */
  async answer(ask: string, answer: RequestAnswer): Promise<string | undefined> {
    const task = this.#workers.taskOfRequest(ask)
    if (task === undefined) return `nothing waits for an answer under ${ask}: it may have been answered already`
    return this.#deps.backend(task.profile.kind).answer(ask, answer)
  }

  /**
   * Acts on a worker with a task, found by its name or session. Journalled before it happens; `id` makes a message the
   * same one when it is sent again.
   */
  steer(wanted: string, steer: Exclude<Steer, { type: "message" }> | SteerMessage, by: string): CommandOutcome {
    const found = this.#workers.find(wanted)
    if (found === undefined) {
      const other = this.workerElsewhere(wanted)
      if (other === undefined) return { ok: false, why: `no worker ${wanted} has a task` }
      return this.#runs.post(other.run, steerCommand(other, steer, by), steer.type === "message" ? steer.id : undefined)
    }
    const { run, step, attempt } = found.task
    const loop = this.#runs.loops().get(run)
    if (found.session === undefined || loop === undefined) return { ok: false, why: `${wanted} has not begun yet` }
    const { type: action, ...rest } = steer
    const refused = loop.send({ type: "steered", step, attempt, by, action, ...rest })
    return refused === undefined ? { ok: true, run } : { ok: false, why: refused }
  }

  /** Ends the task of a worker, found by its name or session: of a kept one the session stays, of a step it fails. */
  stopWorker(wanted: string): CommandOutcome {
    const found = this.#workers.find(wanted)
    const other = found === undefined ? this.workerElsewhere(wanted) : undefined
    if (other) return this.#runs.post(other.run, { type: "stop", step: other.step, attempt: other.attempt })
    const loop = found && this.#runs.loops().get(found.task.run)
    if (found === undefined || loop === undefined) return { ok: false, why: `no worker ${wanted} has a task` }
    loop.stopStep(found.task.step, found.task.attempt)
    return { ok: true, run: found.task.run }
  }

  /** The worker of that name or session that another process works with. */
  workerElsewhere(wanted: string): RemoteWorker | undefined {
    const runs = this.list().map(({ id }) => id)
    return findRemoteWorker(
      wanted,
      runs.filter((run) => this.isElsewhere(run)),
      (run) => this.view(run),
    )
  }

  /** Makes a worker by name without asking its model anything. Rejects with what the backend says. */
  spawn(name: string, profile: Profile, parent: string | undefined): Promise<Spawned> {
    return spawnKept(this.#deps, name, profile, parent)
  }

  /** The kept worker of that name or session. */
  kept(wanted: string): KeptWorker | undefined {
    return this.#deps.store.kept().find((worker) => worker.name === wanted || worker.session === wanted)
  }

  /** From now on the kept worker hands back to this session. */
  adopt(name: string, parent: string): void {
    const worker = this.kept(name)
    if (worker !== undefined && worker.parent !== parent) this.#deps.store.keep({ ...worker, parent })
  }

  /** Forgets a kept worker; its session stays in OpenCode. */
  forget(name: string): void {
    this.#deps.store.unkeep(name)
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
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
