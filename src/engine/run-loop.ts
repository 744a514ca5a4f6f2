import { decide } from "../core/decide.ts"
import type { Command, Effect, RunEvent } from "../core/events.ts"
import { DEFAULTS, type StepResult } from "../core/model.ts"
import type { Claim, Clock, Log, Render, Store, WorkerBackend, WorkerTask } from "../core/ports.ts"
import { STOP_GRACE_MS } from "../core/ports.ts"
import { formatProblems } from "../core/problem.ts"
import { type Run, stepOf } from "../core/run.ts"
import { scopeOf } from "./scope.ts"

export interface LoopDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly render: Render
  /** SHA-256, in hex, of a text. */
  readonly hash: (text: string) => string
  /** The backend of a profile's kind. The kinds a run needs were checked before it was created. */
  readonly backend: (kind: string) => WorkerBackend
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
    if (worker) {
      if (effect.type === "stop") worker.abort()
      return
    }
    const controller = new AbortController()
    const work = effect.type === "start" ? this.#start(effect, controller) : this.#stopLeftover(effect)
    this.#workers.set(id, controller)
    void work
      .catch((error): StepResult => {
        this.#deps.log.error("a worker backend broke its contract and threw", {
          step: effect.step,
          error: String(error),
        })
        return { reason: "error", output: "", detail: String(error), ...NOTHING_SPENT }
      })
      .then((result) => {
        this.#workers.delete(id)
        this.send({ type: "ended", step: effect.step, attempt: effect.attempt, result })
        this.#leaveIfOver()
      })
  }

  async #start(effect: Extract<Effect, { type: "start" }>, controller: AbortController): Promise<StepResult> {
    const task = this.#taskOf(effect)
    if ("reason" in task) return task
    const backend = this.#deps.backend(task.profile.kind)
    const inputHash = this.#deps.hash(JSON.stringify([task.profile, task.prompt]))
    const working = backend.run(
      task,
      ({ session, model }) => {
        const refused = this.send({
          type: "opened",
          step: task.step,
          attempt: task.attempt,
          session,
          model,
          inputHash,
          prompt: task.prompt,
        })
        // Not on disk, so it must not be prompted (G1): the backend sees the abort before it goes on.
        if (refused !== undefined) controller.abort()
      },
      controller.signal,
    )
    return this.#withBackstop(task, working, controller)
  }

  /** A worker that overstays its own deadline or does not let go when stopped is given up (G4). */
  async #withBackstop(
    task: WorkerTask,
    working: Promise<StepResult>,
    controller: AbortController,
  ): Promise<StepResult> {
    const lost = Promise.withResolvers<StepResult>()
    const giveUp = (reason: "worker-lost" | "aborted", detail: string) =>
      lost.resolve({ reason, output: "", detail, tokens: { input: 0, output: 0 }, cost: null })
    const { clock } = this.#deps
    const cancels = [
      clock.after(task.timeoutMs + STOP_GRACE_MS, () => {
        giveUp("worker-lost", "the worker did not end at its deadline")
        controller.abort()
      }),
    ]
    const onAbort = () =>
      cancels.push(clock.after(STOP_GRACE_MS + 1_000, () => giveUp("aborted", "the worker did not let go in time")))
    if (controller.signal.aborted) onAbort()
    else controller.signal.addEventListener("abort", onAbort, { once: true })
    try {
      return await Promise.race([working, lost.promise])
    } finally {
      for (const cancel of cancels) cancel()
    }
  }

  /** The task of a step, or the result it already has because its prompt cannot be filled in. */
  #taskOf(effect: Extract<Effect, { type: "start" }>): WorkerTask | StepResult {
    const run = this.#run as Run
    const state = stepOf(run, effect.step)
    const step = run.created.workflow.steps[state?.index ?? -1]
    const profile = run.created.profiles[step?.profile ?? ""]
    if (!state || !step || !profile) {
      return { reason: "error", output: "", detail: `step ${effect.step} has no profile`, ...NOTHING_SPENT }
    }
    const prompt = this.#deps.render(step.prompt, scopeOf(run, step))
    if (!prompt.ok) return { reason: "error", output: "", detail: formatProblems(prompt.problems), ...NOTHING_SPENT }
    return {
      run: run.id,
      workflow: run.created.workflow.name,
      step: step.id,
      attempt: effect.attempt,
      key: `${run.id}/${step.id}/${effect.attempt}`,
      profile,
      prompt: prompt.value,
      resumed: effect.resumed,
      timeoutMs: step.timeoutMs ?? profile.timeoutMs ?? DEFAULTS.stepTimeoutMs,
      idleTimeoutMs: step.idleTimeoutMs ?? profile.idleTimeoutMs ?? DEFAULTS.stepIdleTimeoutMs,
      ...(run.parent === undefined ? {} : { parent: run.parent }),
      ...(state.session === undefined ? {} : { session: state.session }),
    }
  }

  /** Stops a step whose worker belonged to a process that is gone. */
  async #stopLeftover(effect: Effect): Promise<StepResult> {
    const run = this.#run as Run
    const state = stepOf(run, effect.step)
    const kind = run.created.profiles[run.created.workflow.steps[state?.index ?? -1]?.profile ?? ""]?.kind
    if (state?.session !== undefined && kind !== undefined) await this.#deps.backend(kind).stop(state.session)
    const session = state?.session === undefined ? {} : { session: state.session }
    return { reason: "aborted", output: "", tokens: { input: 0, output: 0 }, cost: null, ...session }
  }
}
