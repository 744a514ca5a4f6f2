import { type Decider, deciderOf } from "../core/model/decided.ts"
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

export interface EngineDeps extends Omit<RunRegistryDeps, "dispatcher" | "workers" | "delegatedFrom" | "answer"> {
  /** Returns a number from 0 to 1. */
  readonly random: () => number
}

/** Called at every change of a run, with the run after the events, and the events. */
export type Listener = (run: Run, events: readonly RunEvent[]) => void

/** A person's decision about a step that waits, or that failed in a run that has ended. */
export type GateDecision = Omit<Extract<Command, { type: "decide" }>, "type">

/** A message to a worker. */
export interface SteerMessage {
  readonly type: "message"
  readonly id: string
  readonly text: string
}

export type { CommandOutcome, Settled } from "./drive/remote-control.ts"

/**
 * All runs of one project in one process. A run is driven by the process that holds its claim;
 * every other run is read from the journal, and commands for it are queued for that process. The
 * engine drives only runs that somebody asked it to drive (G3).
 */
export class Engine {
  readonly #deps: LoopDeps
  readonly #workers: Workers
  readonly #listeners = new Set<Listener>()
  readonly #reader: RunReader
  readonly #runs: RunRegistry
  readonly #unreadable = new Set<string>()

  constructor(deps: EngineDeps) {
    const workers = new Workers(deps.clock, (ask) => deps.vault.hide(ask))
    this.#workers = workers
    this.#reader = new RunReader(
      deps.store,
      (run) => this.#runs.liveLoop(run)?.run,
      (run) => workers.usageIn(run),
    )
    const all = {
      ...deps,
      workers,
      dispatcher: new Dispatcher({ ...deps, workers }),
      answer: (ask: string, answer: RequestAnswer, by: string) => this.#answerHere(ask, answer, by),
      delegatedFrom: (session: string, since: number) => this.#reader.delegatedFrom(session, since),
    }
    this.#deps = all
    this.#runs = new RunRegistry(all, this.#reader, (run, events) => this.#tell(run, events))
  }

  /** Starts a run, which then proceeds by itself. Refused when a run of that id exists. */
  start(created: Omit<RunCreated, "type" | "at">): CommandOutcome {
    if (this.#runs.exists(created.run)) return { ok: false, why: `there is already a run ${created.run}` }
    return this.#runs.drive(created.run, { type: "create", created })
  }

  /**
   * Resumes an interrupted or paused run, or retries what failed in a run that has ended; finished
   * steps stay finished (G2). Open gates are continued. `edited` is the current version of the
   * workflow: changed steps, and all that depend on them, run again.
   */
  resume(run: string, by: Decider, parent?: string, edited?: Definition): CommandOutcome {
    return this.#runs.command(run, {
      type: "resume",
      ...deciderOf(by),
      ...(parent === undefined ? {} : { parent }),
      ...(edited ? { edited } : {}),
    })
  }

  /** Ends a run for good, with everything it is running. */
  abort(run: string, by: Decider): CommandOutcome {
    return this.#runs.command(run, { type: "abort", ...deciderOf(by) })
  }

  /** Starts no more steps of a run until `resume`; running steps continue. */
  pause(run: string, by: Decider): CommandOutcome {
    if (this.#runs.isLeft(run)) return { ok: false, why: `run ${run} was interrupted: none of its steps is running` }
    return this.#runs.command(run, { type: "pause", ...deciderOf(by) })
  }

  /** Decides an open gate. `retry` also retries a failed step of a run that has ended, with all
   *  steps that depend on it. A message is sent to the step's worker, in its session. */
  decide(run: string, decision: GateDecision): CommandOutcome {
    // Work that a crash or an interrupt left is resumed first; its gates stay open meanwhile.
    if (this.#runs.isLeft(run)) {
      const resumed = this.resume(run, decision, decision.parent)
      if (!resumed.ok) return resumed
    }
    return this.#runs.command(run, { type: "decide", ...decision })
  }

  /** Raises a run's budget, and continues the run if the budget held it. */
  raise(run: string, budget: Budget, by: Decider): CommandOutcome {
    this.#runs.settleCrash(run)
    return this.#runs.command(run, { type: "raise", budget, ...deciderOf(by) })
  }

  /**
   * The outcome of a command: at once for a run that is driven here. For a run of another process
   * it resolves when that process has carried the command out, or after five seconds. When that
   * process is gone, the command is carried out here.
   */
  settled(outcome: CommandOutcome): Promise<Settled> {
    return this.#runs.settled(outcome)
  }

  /** Whether another living process drives the run. */
  isElsewhere(run: string): boolean {
    return this.#runs.isElsewhere(run)
  }

  /** Deletes the journal of a run that has ended; its sessions stay in OpenCode. */
  remove(run: string): CommandOutcome {
    const { store, files, tree } = this.#deps
    const state = this.#reader.load(run)
    if (state === undefined) return { ok: false, why: `there is no run ${run}` }
    const claim = store.claim(run)
    if (state.endedAt === undefined || claim === undefined) {
      claim?.release()
      return { ok: false, why: `run ${run} has not ended` }
    }
    store.remove(run)
    files.forget(run)
    tree?.forget(run)
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

  /** Resolves when the run has ended, was interrupted, or could not be journalled (`broken` says
   *  why). */
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

  /** `value` without the secrets of the run in any of its texts; undefined when the values of
   *  the secrets are not available, so that they cannot be found. */
  withoutSecrets<T>(run: string, value: T): T | undefined {
    const { vault } = this.#deps
    const workflow = this.#reader.current(run)?.created.workflow
    const isKnown = workflow === undefined || vault.open(secretsOf(workflow)).ok
    return isKnown ? vault.hide(value) : undefined
  }

  /** The inputs that a run was started with. */
  inputs(run: string): RunCreated["inputs"] | undefined {
    return this.#reader.current(run)?.created.inputs
  }

  /** Whether a run was started with the documents of the project's folder. */
  usesFolder(run: string): boolean {
    return this.#reader.current(run)?.created.usesFolder !== false
  }

  /** The run with that id, or the only one whose id begins with it; without an id the newest. */
  find(wanted: string | undefined): RunView | undefined {
    const ids = this.list().map((header) => header.id)
    const matches = wanted === undefined ? ids.slice(0, 1) : ids.filter((id) => id.startsWith(wanted))
    const id = matches.find((match) => match === wanted) ?? (matches.length === 1 ? matches[0] : undefined)
    return id === undefined ? undefined : this.view(id)
  }

  /** The run; undefined also for one that cannot be read, which is logged once. For those who look
   *  through many runs, because one that a newer version wrote must not cost the others. */
  readable(run: string): RunView | undefined {
    try {
      return this.view(run)
    } catch (error) {
      this.#broken(run, error)
      return undefined
    }
  }

  readonly #broken = (run: string, error: unknown): void => {
    const why = error instanceof Error ? error.message : String(error)
    if (!this.#unreadable.has(run)) this.#deps.log.error("a run cannot be read", { run, error: why })
    this.#unreadable.add(run)
  }

  /** Every run of the project, newest first. */
  list(): RunHeader[] {
    return this.#deps.store.list()
  }

  /** Runs this process drives or has driven, newest first. */
  live(): RunView[] {
    return this.#reader.views([...this.#runs.loops().keys()].reverse())
  }

  /** The runs that a person follows, newest first: every run of the project that has not ended,
   *  whichever process drives it, and those that have ended since this process saw or drove them.
   *  A run that cannot be read is logged once and left out. */
  followed(): RunView[] {
    return this.#reader.followed(this.#runs.loops().keys(), this.#broken)
  }

  /** Every run of the project that has not ended, newest first. */
  open(): RunView[] {
    return this.followed().filter(({ endedAt }) => endedAt === null)
  }

  /** A number that changes when another process has written to the journal. */
  version(): number {
    return this.#deps.store.version()
  }

  // ── workers ──

  /** Every worker of this process, and the kept workers without a task. */
  workers(): WorkerView[] {
    return this.#workers.views(this.#deps.store.kept())
  }

  /** Requests of this process's workers that wait for a person, oldest first (G7). */
  asks(): PendingRequestView[] {
    return this.#workers.asks()
  }

  /** Requests that wait for a person, oldest first, also those of workers of other processes, as far
   *  as the journal has them. */
  requests(): PendingRequestView[] {
    const elsewhere = this.#reader.requestsElsewhere(this.#runs.loops().keys(), this.#broken)
    return [...this.asks(), ...elsewhere].sort((a, b) => a.askedAt - b.askedAt)
  }

  /** Calls `listener` when workers or requests have changed; that can be many times a second. */
  subscribeWorkers(listener: () => void): () => void {
    return this.#workers.subscribe(listener)
  }

  /** Nesting depth of a session of this process: that of its worker, or 0 for any other session. */
  depthOf(session: string | undefined): number {
    return this.#workers.depthOf(session)
  }

  /** The file with a step's whole answer if it is too long to be handed on; undefined otherwise. */
  async fileOf(run: string, { id, output }: { readonly id: string; readonly output: string }) {
    return isLong(output) ? this.#deps.files.keep(run, id, output) : undefined
  }

  /** Why data that the worker in `session` gives as its answer does not match its schema, or
   *  undefined. */
  refuseData(session: string, given: unknown): Promise<string | undefined> {
    return refusalOf(this.#deps.checker, this.#workers.find(session)?.task.schema, given)
  }

  /** Answers a worker's request, also that of a worker of another process. Resolves with why that
   *  was not possible, or undefined. */
  async answer(ask: string, answer: RequestAnswer, by: string): Promise<string | undefined> {
    const run = this.#workers.taskOfRequest(ask) ? undefined : this.requests().find(({ id }) => id === ask)?.run
    if (run == null) return this.#answerHere(ask, answer, by)
    const outcome = await this.settled(this.#runs.post(run, { type: "answer", ask, answer, by }))
    if (!outcome.ok) return outcome.why
    return outcome.isPending ? "the process that its worker belongs to has not taken the answer yet" : undefined
  }

  async #answerHere(ask: string, answer: RequestAnswer, by: string): Promise<string | undefined> {
    const task = this.#workers.taskOfRequest(ask)
    const request = this.asks().find(({ id }) => id === ask)
    if (task === undefined || request === undefined)
      return `nothing waits for an answer under ${ask}: it may have been answered already`
    // The journal, from which another process answers, does not tell several questions apart.
    const { length } = request.questions
    if (answer.type === "answers" && answer.answers.length !== length)
      return `it has ${length} questions: answer it in the OpenCode that its worker belongs to`
    return this.#deps.backend(task.profile.kind).answer(ask, answer, { by, from: "inbox" })
  }

  /** Steers a worker with a task, found by its name or session. The action is journalled before
   *  it happens; a message that is sent again with the same `id` is the same message. */
  steer(wanted: string, steer: Exclude<Steer, { type: "message" }> | SteerMessage, by: string): CommandOutcome {
    const found = this.#workers.find(wanted)
    if (found === undefined) {
      const other = this.workerElsewhere(wanted)
      if (other === undefined) return { ok: false, why: `no worker ${wanted} has a task` }
      return this.#runs.post(other.run, steerCommand(other, steer, by), steer.type === "message" ? steer.id : undefined)
    }
    const { run, step, attempt } = found.task
    const loop = this.#runs.loops().get(run)
    if (found.session === undefined || loop === undefined) return { ok: false, why: `${wanted} has not started yet` }
    const { type: action, ...rest } = steer
    const refused = loop.send({ type: "steered", step, attempt, by, action, ...rest })
    return refused === undefined ? { ok: true, run } : { ok: false, why: refused }
  }

  /** Ends the task of a worker, found by its name or session: a kept worker keeps its session,
   *  and a step fails. */
  stopWorker(wanted: string): CommandOutcome {
    const found = this.#workers.find(wanted)
    const other = found === undefined ? this.workerElsewhere(wanted) : undefined
    if (other) return this.#runs.post(other.run, { type: "stop", step: other.step, attempt: other.attempt })
    const loop = found && this.#runs.loops().get(found.task.run)
    if (found === undefined || loop === undefined) return { ok: false, why: `no worker ${wanted} has a task` }
    loop.stopStep(found.task.step, found.task.attempt)
    return { ok: true, run: found.task.run }
  }

  /** The worker with that name or session that another process runs. */
  workerElsewhere(wanted: string): RemoteWorker | undefined {
    const runs = this.list().map(({ id }) => id)
    return findRemoteWorker(
      wanted,
      runs.filter((run) => this.isElsewhere(run)),
      (run) => this.readable(run),
    )
  }

  /** Creates a kept worker without prompting its model. Rejects with the backend's error. */
  spawn(name: string, profile: Profile, parent: string | undefined): Promise<Spawned> {
    return spawnKept(this.#deps, name, profile, parent)
  }

  /** The kept worker with that name or session. */
  kept(wanted: string): KeptWorker | undefined {
    return this.#deps.store.kept().find((worker) => worker.name === wanted || worker.session === wanted)
  }

  /** Makes the kept worker hand its results back to this session from now on. */
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
        this.#deps.log.error("a listener threw", { run: run.id, error: String(error) })
      }
    }
  }
}
