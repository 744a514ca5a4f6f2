import { decide } from "../core/decide.ts"
import type { Command, Effect, RunEvent, Steered } from "../core/events.ts"
import { DEFAULTS, type Profile, type Step, type StepResult } from "../core/model.ts"
import type { Claim, Clock, KeptWorker, Log, Render, Steer, Store, WorkerBackend, WorkerTask } from "../core/ports.ts"
import { formatProblems } from "../core/problem.ts"
import { type Run, stepOf } from "../core/run.ts"
import type { Dispatcher, Outcome } from "./dispatch.ts"
import { scopeOf } from "./scope.ts"
import { asksOf, type Workers } from "./workers.ts"

export interface LoopDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly render: Render
  /** SHA-256, in hex, of a text. */
  readonly hash: (text: string) => string
  /** The backend of a profile's kind. The kinds a run needs were checked before it was created. */
  readonly backend: (kind: string) => WorkerBackend
  readonly dispatcher: Dispatcher
  readonly workers: Workers
}

const NOTHING_SPENT = { tokens: { input: 0, output: 0 }, cost: 0 } as const

/**
 * Drives one run. Owns: the run's claim, its workers, its deadline. The order is always the same (G1):
 * command → `decide` → append to the journal → adopt the new state → tell the onlookers → perform the effects.
 *
 *   L1  an effect is performed only after the events that decided it are on disk
 *   L2  when the journal cannot be written, nothing more is started and the run is left to be resumed
 *   L3  every worker is awaited: the loop is over only when no worker of it is left
 */
export class RunLoop {
  readonly #deps: LoopDeps
  readonly #claim: Claim
  readonly #changed: (run: Run, events: readonly RunEvent[]) => void
  readonly #workers = new Map<string, AbortController>()
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers()
  #cancelDeadline: (() => void) | undefined
  #run: Run | undefined
  #broken: string | undefined

  constructor(
    deps: LoopDeps,
    claim: Claim,
    run: Run | undefined,
    changed: (run: Run, events: readonly RunEvent[]) => void,
  ) {
    this.#deps = deps
    this.#claim = claim
    this.#run = run
    this.#changed = changed
  }

  get run(): Run | undefined {
    return this.#run
  }

  /** Why the loop gave up before the run ended (the journal could not be written), if it did. */
  get broken(): string | undefined {
    return this.#broken
  }

  /** Resolves when the run has ended, was interrupted, or can no longer be written down, and no worker is left. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** Acts on a command; returns why nothing followed from it, or undefined. */
  send(command: Command): string | undefined {
    if (this.#broken !== undefined) return this.#broken
    const decision = decide(this.#run, command, this.#deps.clock.now())
    if (decision.refused !== undefined || decision.run === undefined) return decision.refused ?? "nothing to do"
    try {
      this.#deps.store.append(decision.run.id, decision.events)
    } catch (error) {
      return this.#giveUp(decision.run.id, error)
    }
    this.#run = decision.run
    this.#changed(decision.run, decision.events)
    for (const effect of decision.effects) this.#perform(effect)
    this.#watchDeadline(decision.run)
    this.#leaveIfOver()
    return undefined
  }

  /** Ends one attempt; its step ends as `aborted`. */
  stopStep(step: string, attempt: number): void {
    this.#workers.get(`${step}/${attempt}`)?.abort()
  }

  #giveUp(run: string, error: unknown): string {
    this.#broken = `the journal could not be written: ${error instanceof Error ? error.message : String(error)}`
    this.#deps.log.error(this.#broken, { run })
    for (const worker of this.#workers.values()) worker.abort()
    this.#leaveIfOver()
    return this.#broken
  }

  #watchDeadline(run: Run): void {
    if (run.status !== "running") {
      this.#cancelDeadline?.()
      this.#cancelDeadline = undefined
    } else if (this.#cancelDeadline === undefined) {
      const left = run.activeSince + run.created.workflow.settings.timeoutMs - this.#deps.clock.now()
      this.#cancelDeadline = this.#deps.clock.after(Math.max(0, left), () => this.send({ type: "deadline" }))
    }
  }

  #leaveIfOver(): void {
    if (this.#workers.size > 0) return
    if (this.#broken === undefined && this.#run?.status === "running") return
    this.#cancelDeadline?.()
    this.#claim.release()
    this.#over.resolve()
  }

  #perform(effect: Effect): void {
    const id = `${effect.step}/${effect.attempt}`
    const worker = this.#workers.get(id)
    if (effect.type === "steer") {
      this.#steer(effect)
      return
    }
    if (worker) {
      if (effect.type === "stop") worker.abort()
      return
    }
    const controller = new AbortController()
    const work = effect.type === "start" ? this.#start(effect, controller) : this.#stopLeftover(effect)
    this.#workers.set(id, controller)
    void work
      .catch((error): Outcome => {
        this.#deps.log.error("a step could not be worked on", { step: effect.step, error: String(error) })
        return { result: { reason: "error", output: "", detail: String(error), ...NOTHING_SPENT } }
      })
      .then((outcome) => {
        this.#workers.delete(id)
        const { step, attempt } = effect
        if ("hold" in outcome) this.send({ type: "held", step, attempt, hold: outcome.hold })
        else this.send({ type: "ended", step, attempt, result: outcome.result })
        this.#leaveIfOver()
      })
  }

  async #start(effect: Extract<Effect, { type: "start" }>, controller: AbortController): Promise<Outcome> {
    const run = this.#run as Run
    const task = this.#taskOf(run, effect)
    if ("reason" in task) return { result: task }
    const { step, attempt } = task
    const { workers, dispatcher } = this.#deps
    const inputHash = this.#deps.hash(JSON.stringify([task.profile, task.prompt]))
    workers.add({ task, ask: run.created.ask })
    try {
      return await dispatcher.work(
        task,
        run.created.limits.maxWorkers,
        {
          keptSession: () => this.#keptSession(run, task.profile),
          opened: (opened) => {
            const refused = this.send({ type: "opened", step, attempt, inputHash, prompt: task.prompt, ...opened })
            // Not on disk, so it must not be prompted (G1).
            if (refused === undefined) this.#keep(run, task, opened.session)
            else controller.abort()
          },
          warned: (warning) => void this.send({ type: "warned", step, attempt, warning }),
        },
        controller.signal,
      )
    } finally {
      workers.remove(task.key)
    }
  }

  /** Remembers the session of a worker that is kept, the next task of which goes on in it. */
  #keep(run: Run, task: WorkerTask, session: string): void {
    const { store, clock } = this.#deps
    if (!task.profile.keep) return
    const name = nameOf(run, task.profile)
    const known = this.#kept(name)
    if (known?.session === session) return
    const { name: profile, kind } = task.profile
    store.keep({ name, profile, kind, session, parent: task.parent ?? null, createdAt: clock.now() })
  }

  #steer(effect: Extract<Effect, { type: "steer" }>): void {
    const run = this.#run as Run
    const { session, step, profile } = this.#whereabouts(run, effect.step)
    const steer = steerOf(effect.steered)
    if (session === undefined || profile === undefined) return
    this.#deps
      .backend(profile.kind)
      .steer(session, steer)
      .then((why) => {
        if (why !== undefined) this.#deps.log.error("a worker could not be steered", { step, why })
      })
      .catch((error) => this.#deps.log.error("a worker could not be steered", { step, error: String(error) }))
  }

  #whereabouts(run: Run, id: string) {
    const state = stepOf(run, id)
    const step = run.created.workflow.steps[state?.index ?? -1]
    return { session: state?.session, step: id, profile: run.created.profiles[step?.profile ?? ""] }
  }

  /** The task of a step, or the result it already has because its prompt cannot be filled in. */
  #taskOf(run: Run, effect: Extract<Effect, { type: "start" }>): WorkerTask | StepResult {
    const state = stepOf(run, effect.step)
    const step = run.created.workflow.steps[state?.index ?? -1]
    const profile = run.created.profiles[step?.profile ?? ""]
    if (!state || !step || !profile) {
      return { reason: "error", output: "", detail: `step ${effect.step} has no profile`, ...NOTHING_SPENT }
    }
    const prompt = this.#deps.render(step.prompt, scopeOf(run, step))
    if (!prompt.ok) return { reason: "error", output: "", detail: formatProblems(prompt.problems), ...NOTHING_SPENT }
    const { limits, depth = 0, ask } = run.created
    const workflow = run.created.workflow.name
    const isKept = this.#isKept(run, profile)
    return {
      run: run.id,
      workflow,
      step: step.id,
      attempt: effect.attempt,
      key: `${run.id}/${step.id}/${effect.attempt}`,
      title: isKept
        ? nameOf(run, profile)
        : (ask ?? `${step.id} · ${workflow}${effect.attempt > 1 ? ` · try ${effect.attempt}` : ""}`),
      // Spawned by name it is kept whether its profile says so or not.
      profile: isKept ? { ...profile, keep: true } : profile,
      prompt: prompt.value,
      resumed: effect.resumed,
      messages: state.messages ?? [],
      depth: depth + 1,
      mayDelegate: depth + 1 < (limits.maxDepth ?? DEFAULTS.maxDepth),
      ...deadlinesOf(step, profile),
      asks: asksOf(step, profile),
      ...(run.parent === undefined ? {} : { parent: run.parent }),
      ...(state.session === undefined ? {} : { session: state.session }),
    }
  }

  #keptSession(run: Run, profile: Profile): string | undefined {
    return this.#isKept(run, profile) ? this.#kept(nameOf(run, profile))?.session : undefined
  }

  /** Whether its worker's session is for later, too: the profile says so, or a person spawned it by that name. */
  #isKept(run: Run, profile: Profile): boolean {
    const { ask } = run.created
    return profile.keep === true || (ask !== undefined && this.#kept(ask) !== undefined)
  }

  #kept(name: string): KeptWorker | undefined {
    return this.#deps.store.kept().find((worker) => worker.name === name)
  }

  /** Stops a step whose worker belonged to a process that is gone. */
  async #stopLeftover(effect: Effect): Promise<Outcome> {
    const { session, profile } = this.#whereabouts(this.#run as Run, effect.step)
    if (session !== undefined && profile !== undefined) await this.#deps.backend(profile.kind).stop(session)
    const where = session === undefined ? {} : { session }
    return { result: { reason: "aborted", output: "", tokens: { input: 0, output: 0 }, cost: null, ...where } }
  }
}

/** What a person calls a worker that is kept. */
function nameOf(run: Run, profile: Profile): string {
  return run.created.ask ?? profile.name
}

function deadlinesOf(step: Step, profile: Profile) {
  const total = profile.mode === "foreground" ? DEFAULTS.foregroundTimeoutMs : DEFAULTS.stepTimeoutMs
  return {
    timeoutMs: step.timeoutMs ?? profile.timeoutMs ?? total,
    idleTimeoutMs: step.idleTimeoutMs ?? profile.idleTimeoutMs ?? DEFAULTS.stepIdleTimeoutMs,
    toolTimeoutMs: profile.toolTimeoutMs ?? DEFAULTS.toolTimeoutMs,
  }
}

function steerOf({ action, id, text }: Steered): Steer {
  if (action === "message") return { type: "message", message: { id: id ?? "", text: text ?? "" } }
  if (action === "handback") return { type: "handback", ...(text === undefined ? {} : { text }) }
  return { type: action }
}
