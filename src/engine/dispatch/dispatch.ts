import { formatTime } from "../../core/base/time.ts"
import type { Usage } from "../../core/model/events.ts"
import { traitsOf } from "../../core/model/kinds.ts"
import type { Outage, OutageHold, StepResult, Warning } from "../../core/model/result.ts"
import { NO_USAGE } from "../../core/model/usage.ts"
import type { Budget } from "../../core/model/workflow.ts"
import type {
  Activity,
  Clock,
  Log,
  WorkerBackend,
  WorkerOpened,
  WorkerReport,
  WorkerTask,
} from "../../core/ports/ports.ts"
import { STOP_GRACE_MS } from "../../core/ports/ports.ts"
import { type Lease, Pool } from "./pool.ts"
import type { Workers } from "./workers.ts"

/** How an attempt went: to its end, or as far as something holds it, and what it took until then. */
export type AttemptOutcome = { readonly result: StepResult } | { readonly hold: OutageHold; readonly took: Usage }

/** What of a task goes into the journal, and comes from it. */
export interface AttemptSink {
  /** The session of the kept worker whose task it is, as soon as it has one: known only when it is its turn. */
  readonly keptSession: () => string | undefined
  readonly opened: (opened: WorkerOpened) => void
  readonly warned: (warning: Warning) => void
}

export interface DispatcherDeps {
  readonly clock: Clock
  readonly log: Log
  readonly workers: Workers
  readonly backend: (kind: string) => WorkerBackend
  /** Between 0 and 1. */
  readonly random: () => number
}

/** Where an attempt stands: what changes from one try of the backend to the next. */
interface AttemptState {
  readonly task: WorkerTask
  /** Fallback models not used yet. */
  readonly fallback: readonly string[]
  readonly isReassigned: boolean
  readonly isBack: boolean
  readonly workedMs: number
  /** What the last try took: that of the ones before it in the same session included. */
  readonly took: Usage
}

const NO_ANSWER = { output: "", ...NO_USAGE } as const

/**
 * Takes an attempt to its end over whatever a single try of a backend cannot mend: it waits for a place (pool.ts), gives
 * it up and comes back when the provider says to slow down, goes on with the next model of a declared `fallback`, and
 * reassigns the task of a lost server once. Each of these is the same attempt: what its session holds is kept.
 */
export class Dispatcher {
  readonly pool: Pool
  readonly #deps: DispatcherDeps
  /** Leases by the session that works in them. */
  readonly #leases = new Map<string, Lease>()

  constructor(deps: DispatcherDeps) {
    this.#deps = deps
    this.pool = new Pool(deps.clock, deps.random)
  }

  async work(task: WorkerTask, maxWorkers: number, sink: AttemptSink, signal: AbortSignal): Promise<AttemptOutcome> {
    const takeBack = task.parent === undefined ? undefined : this.#leases.get(task.parent)?.lend()
    try {
      let next: AttemptState | AttemptOutcome = {
        task,
        fallback: task.profile.pin ? [] : (task.profile.fallback ?? []),
        isReassigned: false,
        isBack: false,
        workedMs: 0,
        took: NO_USAGE,
      }
      while ("task" in next) next = await this.#try(next, maxWorkers, sink, signal)
      return next
    } finally {
      takeBack?.()
    }
  }

  async #try(
    attempt: AttemptState,
    maxWorkers: number,
    sink: AttemptSink,
    signal: AbortSignal,
  ): Promise<AttemptState | AttemptOutcome> {
    const { profile, key } = attempt.task
    const { workers, clock } = this.#deps
    workers.setQueued(key, true)
    const permit = await this.pool.acquire(
      {
        // A kept worker has one session, and does one thing at a time in it.
        profile: profile.keep ? `worker ${attempt.task.title}` : profile.name,
        concurrency: profile.keep ? 1 : (profile.concurrency ?? Number.POSITIVE_INFINITY),
        maxWorkers,
        provider: providerOf(profile.model ?? null),
        isBack: attempt.isBack,
      },
      signal,
    )
    if (permit === undefined) return { result: { reason: "aborted", ...NO_ANSWER } }
    if (!permit.ok)
      return this.#goOn(attempt, { cause: permit.hold.cause, model: profile.model ?? null }, sink, permit.hold)
    workers.setQueued(key, false)
    const startedAt = clock.now()
    const known = attempt.task.session ?? sink.keptSession()
    const placed = known === undefined ? attempt : { ...attempt, task: { ...attempt.task, session: known } }
    const { result, session, hasYielded } = await this.#use(permit.lease, placed, sink, signal)
    const task = { ...attempt.task, resumed: true, ...(session === undefined ? {} : { session }) }
    const workedMs = attempt.workedMs + clock.now() - startedAt
    const again = { ...attempt, task, workedMs, took: { tokens: result.tokens, cost: result.cost } }
    if (hasYielded && result.reason === "aborted" && !signal.aborted) return { ...again, isBack: true }
    const { canBeReassigned } = traitsOf(profile.kind)
    if (result.reason === "worker-lost" && canBeReassigned && !attempt.isReassigned && !signal.aborted) {
      sink.warned({ kind: "reassigned", text: `${result.detail ?? "the server was lost"}; given to a new one` })
      return { ...again, isReassigned: true }
    }
    if (result.outage === undefined || signal.aborted) return { result }
    return this.#goOn(again, result.outage, sink, undefined, result)
  }

  /** After an outage: the next model, a hold, or the failure it is. */
  #goOn(
    attempt: AttemptState,
    outage: Outage,
    sink: AttemptSink,
    known: OutageHold | undefined,
    result: StepResult = { reason: "quota", ...NO_ANSWER, ...(known ? { detail: known.detail } : {}) },
  ): AttemptState | AttemptOutcome {
    const hold = known ?? holdOf(outage, result.detail)
    const provider = providerOf(outage.model)
    if (hold && provider !== null && known === undefined) this.pool.open(provider, hold)
    const [model, ...fallback] = attempt.fallback
    if (model === undefined) return hold ? { hold, took: attempt.took } : { result }
    const asked = outage.model ?? attempt.task.profile.model ?? "the session's model"
    sink.warned({ kind: "fallback", text: `${asked}: ${result.detail ?? outage.cause}; going on with ${model}` })
    const task = { ...attempt.task, profile: { ...attempt.task.profile, model } }
    return { ...attempt, task, fallback }
  }

  /** One try of the backend in a place of the pool. */
  async #use(lease: Lease, { task, workedMs }: AttemptState, sink: AttemptSink, signal: AbortSignal) {
    const controller = new AbortController()
    const stop = () => controller.abort()
    if (signal.aborted) stop()
    else signal.addEventListener("abort", stop, { once: true })
    const { workers } = this.#deps
    let session = task.session
    let hasYielded = false
    let isSpent = false
    const report: WorkerReport = {
      opened: (opened) => {
        session = opened.session
        this.#leases.set(session, lease)
        const provider = providerOf(opened.model)
        if (provider !== null) lease.setProvider(provider)
        workers.opened(task.key, opened.session, opened.model)
        sink.opened(opened)
        // The journal could not take it, so it must not be prompted (G1): the backend sees the abort before it goes on.
        if (signal.aborted) stop()
      },
      activity: (activity) => {
        workers.active(task.key, activity)
        // At a tool call, because an answer that is there counts whatever it took.
        if (activity.phase !== "tool" || !isOver(task.limit, activity)) return
        isSpent = true
        stop()
      },
      asked: (request) => workers.asked(task.key, request),
      answered: (request) => workers.answered(task.key, request),
      warned: sink.warned,
      throttled: (until) => {
        if (hasYielded || !lease.throttled(until)) return
        hasYielded = true
        stop()
      },
    }
    const left = { ...task, timeoutMs: Math.max(1_000, task.timeoutMs - workedMs) }
    const working = this.#deps.backend(task.profile.kind).run(left, report, controller.signal)
    const ended = await this.#withBackstop(left, working, controller)
    const isStopped = isSpent && ended.reason === "aborted" && !signal.aborted
    const result = isStopped ? { ...ended, reason: "over-budget" as const, detail: SPENT } : ended
    signal.removeEventListener("abort", stop)
    if (session !== undefined) this.#leases.delete(session)
    lease.release(result.reason === "ok")
    return { result, session, hasYielded }
  }

  /** A worker that overstays its own deadline or does not let go when stopped is given up (G4). */
  async #withBackstop(
    task: WorkerTask,
    working: Promise<StepResult>,
    controller: AbortController,
  ): Promise<StepResult> {
    const lost = Promise.withResolvers<StepResult>()
    const giveUp = (reason: "worker-lost" | "aborted", detail: string) =>
      lost.resolve({ reason, detail, ...NO_ANSWER, cost: null })
    const { clock, log } = this.#deps
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
    } catch (error) {
      log.error("a worker backend broke its contract and threw", { step: task.step, error: String(error) })
      return { reason: "error", detail: String(error), ...NO_ANSWER }
    } finally {
      for (const cancel of cancels) cancel()
    }
  }
}

const SPENT = "it was stopped at a tool call, because its step has spent its budget"

function isOver(limit: Budget | undefined, { tokens, cost }: Activity): boolean {
  if (limit === undefined) return false
  const isManyTokens = limit.tokens !== undefined && tokens.input + tokens.output >= limit.tokens
  return isManyTokens || (limit.usd !== undefined && (cost ?? 0) >= limit.usd)
}

/** What waits for a person after an outage; a model that is not there or answers with errors is a failure. */
function holdOf({ cause, model, until }: Outage, detail: string | undefined): OutageHold | undefined {
  if (cause !== "quota" && cause !== "auth") return undefined
  const who = providerOf(model) ?? "the provider"
  const what = cause === "quota" ? `${who} is out of quota` : `${who} refuses the key`
  const when = until === undefined ? "" : ` until ${formatTime(until)}`
  return {
    cause,
    detail: `${what}${when}${detail === undefined ? "" : `: ${detail}`}`,
    ...(until === undefined ? {} : { until }),
  }
}

function providerOf(model: string | null): string | null {
  return model?.split("/", 1)[0] ?? null
}
