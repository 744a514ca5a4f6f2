import type { Command, Definition, RunCreated, RunEvent, Took } from "../core/events.ts"
import type { Budget } from "../core/model.ts"
import type { AskAnswer, DelegatedRun, KeptWorker, RunHeader, Steer } from "../core/ports.ts"
import type { Profile } from "../core/profile.ts"
import { evolve, type Run } from "../core/run.ts"
import { rowsOf } from "../core/table.ts"
import {
  type AskView,
  type RunView,
  type StepView,
  sumOf,
  viewRun,
  type WorkerView,
  withDelegated,
} from "../core/view.ts"
import { Dispatcher } from "./dispatch.ts"
import { type LoopDeps, RunLoop } from "./run-loop.ts"
import { Workers } from "./workers.ts"

export interface EngineDeps extends Omit<LoopDeps, "dispatcher" | "workers" | "delegatedFrom"> {
  /** Between 0 and 1. */
  readonly random: () => number
}

/** A change of a run, as onlookers get it: the run after the events, and the events. */
export type Listener = (run: Run, events: readonly RunEvent[]) => void

/** What is done about a step that waits, or that failed in a run that has ended. */
export type Decision = Omit<Extract<Command, { type: "decide" }>, "type">

/** Something to say to a worker. */
export interface SteerMessage {
  readonly type: "message"
  readonly id: string
  readonly text: string
}

/** Done, or the sentence that says why not. */
export type Outcome = { readonly ok: true; readonly run: string } | { readonly ok: false; readonly why: string }

/**
 * All runs of one project in one process. A run is driven by the process that holds its claim; of every other run this
 * engine knows what the journal says. Nothing is driven that nobody asked for (G3).
 */
export class Engine {
  readonly #deps: LoopDeps
  readonly #workers: Workers
  readonly #loops = new Map<string, RunLoop>()
  readonly #listeners = new Set<Listener>()
  /** By run: what ends the wait of its gates. */
  readonly #timers = new Map<string, () => void>()

  constructor(deps: EngineDeps) {
    this.#workers = new Workers(deps.clock)
    const workers = this.#workers
    this.#deps = {
      ...deps,
      workers,
      dispatcher: new Dispatcher({ ...deps, workers }),
      delegatedFrom: (session, since) => this.#delegatedFrom(session, since),
    }
  }

  #delegatedFrom(session: string, since: number): Took | undefined {
    const delegated = this.#deps.store.delegated()
    const runs = delegated.filter((run) => run.parent === session && run.createdAt >= since)
    const views = runs.flatMap(({ id }) => this.#viewAmong(id, delegated) ?? [])
    return views.length === 0 ? undefined : sumOf(views)
  }

  /** Starts a run; it goes on by itself. Refused when a run of that id exists. */
  start(created: Omit<RunCreated, "type" | "at">): Outcome {
    if (this.#load(created.run)) return { ok: false, why: `there is already a run ${created.run}` }
    return this.#drive(created.run, undefined, { type: "create", created })
  }

  /** Takes an interrupted or paused run up again, or anew what failed in one that has ended; what finished stays
   *  finished (G2). Open gates are continued. `edited` is the workflow as it is now: what changed, and what
   *  depends on it, is done again. */
  resume(run: string, by: string, parent?: string, edited?: Definition): Outcome {
    // A person says that the provider may be asked again.
    this.#deps.dispatcher.pool.closeAll()
    return this.#command(run, {
      type: "resume",
      by,
      ...(parent === undefined ? {} : { parent }),
      ...(edited ? { edited } : {}),
    })
  }

  /** Ends a run for good, with everything it is running. */
  abort(run: string, by: string): Outcome {
    // What held it holds nothing any more: the next run finds out anew.
    this.#deps.dispatcher.pool.closeAll()
    return this.#command(run, { type: "abort", by })
  }

  /** Starts nothing more of a run until `resume`; what runs goes on. */
  pause(run: string, by: string): Outcome {
    return this.#command(run, { type: "pause", by })
  }

  /** Decides an open gate; `retry` also tries a step of a run that has failed again, with all that waits for it. A message
   *  is said to its worker, in its session. */
  decide(run: string, decision: Decision): Outcome {
    const loop = this.#loops.get(run)
    const state = loop && !loop.isOver ? undefined : this.#load(run)
    // What a crash or an interrupt left running is taken up first; its gates stay open for that.
    if (state?.status === "running" || state?.status === "interrupted") {
      const resumed = this.resume(run, decision.by, decision.parent)
      if (!resumed.ok) return resumed
    }
    return this.#command(run, { type: "decide", ...decision })
  }

  /** Lets a run spend more, and go on if that held it. */
  raise(run: string, budget: Budget, by: string): Outcome {
    return this.#command(run, { type: "raise", budget, by })
  }

  /** Deletes the journal of a run that has ended; its sessions stay in OpenCode. */
  remove(run: string): Outcome {
    const { store } = this.#deps
    const state = this.#load(run)
    if (state === undefined) return { ok: false, why: `there is no run ${run}` }
    const claim = store.claim(run)
    if (state.endedAt === undefined || claim === undefined) {
      claim?.release()
      return { ok: false, why: `run ${run} has not ended` }
    }
    store.remove(run)
    this.#loops.delete(run)
    claim.release()
    return { ok: true, run }
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
    return this.#viewAmong(run, this.#deps.store.delegated())
  }

  /** The run, with what its workers have delegated: one reading of the store serves many views. */
  #viewAmong(run: string, delegated: readonly DelegatedRun[]): RunView | undefined {
    const state = this.#current(run)
    const view = state && viewRun(state, this.#deps.store.isClaimed(run))
    return view && this.#withDelegated(view, delegated)
  }

  /** What a run was given when it began. */
  inputs(run: string): RunCreated["inputs"] | undefined {
    return this.#current(run)?.created.inputs
  }

  /** The run as it is. One that waits may have been taken on by another process: only the journal knows. */
  #current(run: string): Run | undefined {
    const known = this.#loops.get(run)?.run
    const waits = known?.status === "paused" || known?.status === "interrupted"
    return waits ? this.#load(run) : (known ?? this.#load(run))
  }

  /** Adds what the run's workers have delegated, as deep as it goes. */
  #withDelegated(view: RunView, delegated: readonly DelegatedRun[]): RunView {
    const children = new Map<string, RunView[]>()
    for (const run of delegated) {
      const step = view.steps.find((one) => startedFrom(run, one))
      const child = step && this.#viewAmong(run.id, delegated)
      if (step && child) children.set(step.id, [...(children.get(step.id) ?? []), child])
    }
    return withDelegated(view, children)
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
    const delegated = this.#deps.store.delegated()
    return [...this.#loops.keys()].reverse().flatMap((run) => this.#viewAmong(run, delegated) ?? [])
  }

  // ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Every worker of this process, and those kept without a task. */
  workers(): WorkerView[] {
    return this.#workers.views(this.#deps.store.kept())
  }

  /** The end of what the worker of a step is writing; undefined when nothing is heard of it. */
  tail(run: string, step: string): string | undefined {
    return this.#workers.tail(run, step)
  }

  /** What waits for a person, oldest first (G7). */
  asks(): AskView[] {
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

  /** Answers an ask of a worker. Resolves with why that was not possible, or undefined. */
  async answer(ask: string, answer: AskAnswer): Promise<string | undefined> {
    const task = this.#workers.taskOfAsk(ask)
    if (task === undefined) return `nothing waits for an answer under ${ask}: it may have been answered already`
    return this.#deps.backend(task.profile.kind).answer(ask, answer)
  }

  /**
   * Acts on a worker with a task, found by its name or session. Journalled before it happens; `id` makes a message the
   * same one when it is sent again.
   */
  steer(wanted: string, steer: Exclude<Steer, { type: "message" }> | SteerMessage, by: string): Outcome {
    const found = this.#workers.find(wanted)
    if (found === undefined) return { ok: false, why: `no worker ${wanted} has a task` }
    const { run, step, attempt } = found.task
    const loop = this.#loops.get(run)
    if (found.session === undefined || loop === undefined) return { ok: false, why: `${wanted} has not begun yet` }
    const { type: action, ...rest } = steer
    const refused = loop.send({ type: "steered", step, attempt, by, action, ...rest })
    return refused === undefined ? { ok: true, run } : { ok: false, why: refused }
  }

  /** Ends the task of a worker, found by its name or session: of a kept one the session stays, of a step it fails. */
  stopWorker(wanted: string): Outcome {
    const found = this.#workers.find(wanted)
    const loop = found && this.#loops.get(found.task.run)
    if (found === undefined || loop === undefined) return { ok: false, why: `no worker ${wanted} has a task` }
    loop.stopStep(found.task.step, found.task.attempt)
    return { ok: true, run: found.task.run }
  }

  /** Makes a worker by name without asking its model anything. Rejects with what the backend says. */
  async spawn(
    name: string,
    profile: Profile,
    parent: string | undefined,
  ): Promise<{ readonly ok: true; readonly worker: KeptWorker } | { readonly ok: false; readonly why: string }> {
    const { store, clock, backend } = this.#deps
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

  #load(run: string): Run | undefined {
    return this.#deps.store.read(run).reduce<Run | undefined>(evolve, undefined)
  }

  #command(run: string, command: Command): Outcome {
    const loop = this.#loops.get(run)
    if (loop && !loop.isOver && loop.broken === undefined) {
      const isGoingOn = loop.run?.status === "running" && !loop.run.hold
      if (command.type === "resume" && isGoingOn) return { ok: false, why: `run ${run} is running already` }
      const refused = loop.send(command)
      return refused === undefined ? { ok: true, run } : { ok: false, why: refused }
    }
    const state = this.#load(run)
    if (state === undefined) return { ok: false, why: `there is no run ${run}` }
    return this.#drive(run, state, command)
  }

  /** The gates of a paused run are decided in a person's place when their time is over, if this process is still there. */
  #watchGates(run: Run): void {
    this.#timers.get(run.id)?.()
    this.#timers.delete(run.id)
    if (run.status !== "paused") return
    const ends = rowsOf(run.steps).flatMap((step) => step.gate?.expiresAt ?? [])
    if (ends.length === 0) return
    const { clock } = this.#deps
    const wait = Math.max(0, Math.min(...ends) - clock.now())
    this.#timers.set(
      run.id,
      clock.after(wait, () => void this.#command(run.id, { type: "tick" })),
    )
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
    this.#watchGates(run)
    for (const listener of this.#listeners) {
      try {
        listener(run, events)
      } catch (error) {
        this.#deps.log.error("an onlooker threw", { run: run.id, error: String(error) })
      }
    }
  }
}

/** Whether a run was started from a step's session while the step ran: a kept session serves many steps. */
function startedFrom(run: DelegatedRun, step: StepView): boolean {
  if (run.parent !== step.session || step.startedAt === null) return false
  return run.createdAt >= step.startedAt && run.createdAt <= (step.endedAt ?? run.createdAt)
}
