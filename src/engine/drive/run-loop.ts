import type { Command, Effect, RunEvent, Usage } from "../../core/model/events.ts"
import type { StepResult, Warning } from "../../core/model/result.ts"
import { type Run, stepOf } from "../../core/model/run.ts"
import { NO_USAGE, sumOf } from "../../core/model/usage.ts"
import type { Composer, ProjectFiles, Vault } from "../../core/ports/composer.ts"
import type { Expressions } from "../../core/ports/expressions.ts"
import type {
  Checker,
  Claim,
  Clock,
  Evaluate,
  Log,
  Render,
  Steer,
  Store,
  Value,
  WorkerBackend,
  WorkerTask,
} from "../../core/ports/ports.ts"
import type { Surveyor } from "../../core/ports/surveyor.ts"
import type { StepTree } from "../../core/ports/tree.ts"
import { decide } from "../../core/schedule/decide.ts"
import { type Judgement, judge, unjudged } from "../answer/judge.ts"
import type { AskProfile } from "../answer/opinions.ts"
import { askSideQuestion } from "../answer/side-question.ts"
import type { AttemptOutcome, Dispatcher } from "../dispatch/dispatch.ts"
import type { Workers } from "../dispatch/workers.ts"
import { nonceOf, promptKey, withoutNonce } from "../task/nonce.ts"
import { keptNamed, keptSession, nameOf } from "../task/persistent-workers.ts"
import { takeReport } from "../task/prompt.ts"
import { scopeOf } from "../task/scope.ts"
import { failure, taskOf } from "../task/task.ts"
import { Changes } from "./changes.ts"
import { notesOf } from "./notes.ts"
import { TreeWatch } from "./step-tree.ts"

export interface LoopDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly render: Render
  readonly evaluate: Evaluate
  readonly value: Value
  readonly checker: Checker
  readonly composer: Composer
  readonly files: ProjectFiles
  readonly vault: Vault
  /** When it is undefined, changes of the project are not recorded. */
  readonly surveyor?: Surveyor
  /** When it is undefined, what steps change is known only from their tool calls. */
  readonly tree?: StepTree
  /** Returns the SHA-256 of a text, in hexadecimal. */
  readonly hash: (text: string) => string
  /** Returns the backend of a kind. The kinds a run needs are checked before it is created. */
  readonly backend: (kind: string) => WorkerBackend
  readonly dispatcher: Dispatcher
  readonly workers: Workers
  /** The usage of runs that were started from a session since a time; undefined when there were
   *  none. */
  readonly delegatedFrom: (session: string, since: number) => Usage | undefined
}

type StartEffect = Extract<Effect, { type: "start" }>
type Work = Extract<Effect, { readonly step: string }> & { readonly type: "start" | "stop" | "check" }

/** The result of an attempt that was stopped between two sessions; its usage is counted already. */
const NOT_DONE = { reason: "aborted", output: "", ...NO_USAGE } as const

/**
 * Drives one run. It owns the run's claim, its workers and its deadline. The order is always the
 * same (G1): command → `decide` → append to the journal → adopt the new state → notify the
 * listeners → perform the effects.
 *
 *   L1  an effect is performed only after the events that decided it are on disk
 *   L2  when the journal cannot be written, nothing more is started; the run can be resumed
 *   L3  every worker is awaited: the loop is over only when none of its workers is left
 */
export class RunLoop {
  readonly #deps: LoopDeps
  readonly #claim: Claim
  readonly #changed: (run: Run, events: readonly RunEvent[]) => void
  readonly #workers = new Map<string, AbortController>()
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers()
  readonly #expressions: Expressions
  readonly #changes: Changes
  readonly #tree: TreeWatch
  #cancelDeadline: (() => void) | undefined
  #cancelWake: (() => void) | undefined
  #run: Run | undefined
  #isOver = false
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
    this.#changes = new Changes(deps.surveyor, (command) => void this.send(command))
    this.#tree = new TreeWatch(deps.tree, deps.render)
    this.#expressions = {
      holds: (of, step, condition) => deps.evaluate(condition, scopeOf(of, step)),
      until: (of, step, condition) => deps.evaluate(condition, scopeOf(of, step, true)),
      value: (of, step, expression) => deps.value(expression, scopeOf(of, step)),
      text: (of, step, template) => deps.render(template, scopeOf(of, step)),
    }
  }

  get run(): Run | undefined {
    return this.#run
  }

  /** Why the loop gave up before the run ended (the journal could not be written), if it did. */
  get broken(): string | undefined {
    return this.#broken
  }

  /** Whether the loop has released the run. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Resolves when the run has ended, was interrupted, or can no longer be journalled, and no
   *  worker is left. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** Acts on a command; returns why it was refused, or undefined. `key` is that of the queued
   *  command, which is complete when this returns undefined. */
  send(command: Command, key?: string): string | undefined {
    if (this.#broken !== undefined) return this.#broken
    // Everything that comes from outside is journalled, and acted on, without secrets.
    const decision = decide(this.#run, this.#deps.vault.hide(command), this.#deps.clock.now(), this.#expressions)
    if (decision.refused !== undefined || decision.run === undefined) return decision.refused ?? "nothing to do"
    try {
      if (decision.events.length > 0 || key !== undefined)
        this.#deps.store.append(decision.run.id, decision.events, key)
    } catch (error) {
      return this.#giveUp(decision.run.id, error)
    }
    this.#run = decision.run
    if (command.type === "create") this.#changes.begin(decision.run)
    if (decision.events.length > 0) this.#changed(decision.run, decision.events)
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
    if (this.#broken === undefined && this.#run && this.#changes.isOpen(this.#run, () => this.#leaveIfOver())) return
    this.#cancelDeadline?.()
    this.#cancelWake?.()
    if (this.#run && !this.#isOver) this.#tree.close(this.#run)
    this.#isOver = true
    this.#claim.release()
    this.#over.resolve()
  }

  #perform(effect: Effect): void {
    if (effect.type === "steer") this.#steer(effect)
    else if (effect.type === "wake") this.#wakeAt(effect.at)
    else if (effect.type === "look") this.#look(effect)
    else this.#work(effect)
  }

  /** Takes the project's fingerprint between two rounds of a loop. */
  #look({ step, attempt }: Extract<Effect, { type: "look" }>): void {
    const id = `${step}/look`
    if (this.#workers.has(id)) return
    this.#workers.set(id, new AbortController())
    void this.#deps.checker
      .fingerprint()
      .catch((error) => {
        this.#deps.log.error("the project's fingerprint could not be taken", { step, error: String(error) })
        // This value is unique: it must not look as if nothing has changed.
        return `${this.#deps.clock.now()}`
      })
      .then((fingerprint) => {
        this.#workers.delete(id)
        this.send({ type: "looked", step, attempt, fingerprint })
        this.#leaveIfOver()
      })
  }

  #wakeAt(at: number): void {
    const { clock } = this.#deps
    this.#cancelWake?.()
    this.#cancelWake = clock.after(Math.max(0, at - clock.now()), () => void this.send({ type: "tick" }))
  }

  /** Performs an effect that takes time: a worker, checks, or stopping a worker of an earlier
   *  process. */
  #work(effect: Work): void {
    const { step, attempt } = effect
    const id = `${step}/${attempt}`
    const worker = this.#workers.get(id)
    if (worker) {
      if (effect.type === "stop") worker.abort()
      return
    }
    const controller = new AbortController()
    this.#workers.set(id, controller)
    void this.#commandAfter(effect, controller)
      .catch((error): Command => {
        this.#deps.log.error("a step could not be worked on", { step, error: String(error) })
        return { type: "ended", step, attempt, result: failure(String(error)) }
      })
      .then((command) => {
        this.#workers.delete(id)
        this.send(command)
        this.#leaveIfOver()
      })
  }

  async #commandAfter(effect: Work, controller: AbortController): Promise<Command> {
    const { step, attempt } = effect
    if (effect.type === "check") return this.#check(effect, controller.signal)
    const outcome = effect.type === "start" ? await this.#start(effect, controller) : await this.#stopLeftover(effect)
    const run = this.#run as Run
    const { spec } = this.#stepContext(run, step)
    const isOver = !("hold" in outcome) && !controller.signal.aborted
    if (!isOver) this.#tree.leave({ run: run.id, step, attempt })
    if ("hold" in outcome) return { type: "held", step, attempt, hold: outcome.hold }
    const said = takeReport(this.#deps, run, effect, outcome.result)
    const unwatched = { result: said, warnings: [] }
    const ended = { attempt, result: said }
    const { result, warnings } = isOver && spec ? await this.#tree.end(run, spec, ended, controller.signal) : unwatched
    for (const warning of warnings) this.#warn(step, attempt, warning)
    const delegated = this.#delegated(step, result)
    return { type: "ended", step, attempt, result, ...(delegated ? { delegated } : {}) }
  }

  async #check({ step: id, attempt }: Work, signal: AbortSignal): Promise<Command> {
    const run = this.#run as Run
    const { result, spec: step } = this.#stepContext(run, id)
    if (!result || !step) return { type: "ended", step: id, attempt, result: failure("there is no answer to check") }
    const noted = notesOf(this, id, attempt)
    const { warned } = noted
    const nonceFor = (question?: string) => nonceOf(this.#deps.hash, run, promptKey(run, id, attempt, question))
    const ask: AskProfile = async (name, called, promptFor) => {
      const profile = run.created.profiles[called]
      if (profile === undefined) return undefined
      const nonce = nonceFor(name)
      const question = { step: id, attempt, name, profile, prompt: promptFor(nonce) }
      const said = await askSideQuestion(this.#deps, run, question, noted, signal)
      asked.push(said)
      return { result: said, nonce }
    }
    const asked: StepResult[] = []
    const { prompt } = stepOf(run, id) ?? {}
    const answered = { run, step, result, prompt, nonce: nonceFor() }
    const said = await judge({ ...this.#deps, ask, warned }, answered, signal).catch((error): Judgement => {
      this.#deps.log.error("an answer could not be judged", { step: id, error: String(error) })
      return unjudged(error, asked)
    })
    if (!signal.aborted) return { type: "checked", step: id, attempt, ...said }
    return { type: "ended", step: id, attempt, result: { ...result, reason: "aborted" } }
  }

  /** Runs an attempt in as many sessions as its worker needs. */
  async #start(effect: StartEffect, controller: AbortController): Promise<AttemptOutcome> {
    if (this.#changes.before !== undefined) await this.#changes.before
    const { step, attempt } = effect
    const { spec } = this.#stepContext(this.#run as Run, step)
    const unknown = spec && (await this.#tree.begin(this.#run as Run, spec, effect, controller.signal))
    if (unknown) this.#warn(step, attempt, unknown)
    for (let { resumed } = effect; ; resumed = false) {
      const outcome = await this.#inSession({ ...effect, resumed }, controller)
      if (!("result" in outcome) || !outcome.result.isCheckpoint) return outcome
      const { isCheckpoint: _, ...result } = outcome.result
      const delegated = this.#delegated(step, result)
      const took = sumOf([result, ...(delegated ? [delegated] : [])])
      const refused = this.send({ type: "checkpointed", step, attempt, text: result.output, took })
      // A checkpoint that is not on disk cannot be continued from.
      if (refused !== undefined || controller.signal.aborted) return { result: { ...result, ...NOT_DONE } }
    }
  }

  /** The usage of the runs that were started from the result's session in this try. */
  #delegated(step: string, { session }: StepResult): Usage | undefined {
    const since = stepOf(this.#run as Run, step)?.tryStartedAt ?? 0
    return session === undefined ? undefined : this.#deps.delegatedFrom(session, since)
  }

  async #inSession(effect: StartEffect, controller: AbortController): Promise<AttemptOutcome> {
    const run = this.#run as Run
    const made = await taskOf(this.#deps, run, effect)
    if ("reason" in made) return { result: made }
    const { task, cuts } = made
    const { step, attempt } = task
    const { workers, dispatcher, vault } = this.#deps
    for (const text of cuts) this.#warn(step, attempt, { kind: "truncated", text })
    const asked = withoutNonce(vault.hide(task.prompt), nonceOf(this.#deps.hash, run, promptKey(run, step, attempt)))
    const inputHash = this.#deps.hash(JSON.stringify([task.profile, asked]))
    workers.add({ task, ask: run.created.ask })
    try {
      return await dispatcher.work(
        task,
        run.created.limits.maxWorkers,
        {
          keptSession: () => keptSession(this.#deps.store, run, task.profile),
          opened: (opened) => {
            const refused = this.send({ type: "opened", step, attempt, inputHash, prompt: task.prompt, ...opened })
            // The session is not on disk, so it must not be prompted (G1).
            if (refused === undefined) this.#keep(run, task, opened.session)
            else controller.abort()
          },
          ...notesOf(this, step, attempt),
        },
        controller.signal,
      )
    } finally {
      workers.remove(task.key)
    }
  }

  #warn(step: string, attempt: number, warning: Warning): void {
    this.send({ type: "warned", step, attempt, warning })
  }

  /** Stores the session of a kept worker; its next task continues in it. */
  #keep(run: Run, task: WorkerTask, session: string): void {
    const { store, clock } = this.#deps
    if (!task.profile.keep) return
    const name = nameOf(run, task.profile)
    const known = keptNamed(store, name)
    if (known?.session === session) return
    const { name: profile, kind } = task.profile
    store.keep({ name, profile, kind, session, parent: task.parent ?? null, createdAt: clock.now() })
  }

  #steer(effect: Extract<Effect, { type: "steer" }>): void {
    const run = this.#run as Run
    const { session, step, profile } = this.#stepContext(run, effect.step)
    const steer = steerOf(effect)
    if (session === undefined || profile === undefined) return
    this.#deps
      .backend(profile.kind)
      .steer(session, steer)
      .then((why) => {
        if (why !== undefined) this.#deps.log.error("a worker could not be steered", { step, why })
      })
      .catch((error) => this.#deps.log.error("a worker could not be steered", { step, error: String(error) }))
  }

  #stepContext(run: Run, id: string) {
    const state = stepOf(run, id)
    const step = run.specs[state?.index ?? -1]
    const profile = run.created.profiles[step?.profile ?? ""]
    return { session: state?.session, step: id, spec: step, profile, result: state?.isAnswered && state.result }
  }

  /** Stops a step whose worker belonged to a process that is gone. */
  async #stopLeftover(effect: Work): Promise<AttemptOutcome> {
    const { session, profile, result } = this.#stepContext(this.#run as Run, effect.step)
    if (result) return { result: { ...result, reason: "aborted" } }
    if (session !== undefined && profile !== undefined) await this.#deps.backend(profile.kind).stop(session)
    const where = session === undefined ? {} : { session }
    return { result: { reason: "aborted", output: "", ...NO_USAGE, cost: null, ...where } }
  }
}

function steerOf({ steered: { action, id, text }, at }: Extract<Effect, { type: "steer" }>): Steer {
  if (action === "message") return { type: "message", message: { id: id ?? "", text: text ?? "", at } }
  if (action === "handback") return { type: "handback", ...(text === undefined ? {} : { text }) }
  return { type: action }
}
