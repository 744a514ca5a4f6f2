import { formatTime } from "../../core/base/time.ts"
import type { Usage } from "../../core/model/events.ts"
import { traitsOf } from "../../core/model/kinds.ts"
import type { WorkerReply, WorkerRequest } from "../../core/model/request.ts"
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

/** The outcome of an attempt: its result, or what holds it, with the usage until then. */
export type AttemptOutcome = { readonly result: StepResult } | { readonly hold: OutageHold; readonly took: Usage }

/** Callbacks between a task and the journal. */
export interface AttemptSink {
  /** The session of the kept worker that does the task, once it has one. It is known only when
   *  the task gets its place in the pool, because an earlier task may create it. */
  readonly keptSession: () => string | undefined
  readonly opened: (opened: WorkerOpened) => void
  readonly warned: (warning: Warning) => void
  readonly requested: (request: WorkerRequest) => void
  readonly replied: (reply: WorkerReply) => void
}

export interface DispatcherDeps {
  readonly clock: Clock
  readonly log: Log
  readonly workers: Workers
  readonly backend: (kind: string) => WorkerBackend
  /** Returns a number from 0 to 1. */
  readonly random: () => number
}

/** The state of an attempt that changes from one backend call to the next. */
interface AttemptState {
  readonly task: WorkerTask
  /** Fallback models that were not used yet. */
  readonly fallback: readonly string[]
  readonly isReassigned: boolean
  readonly isBack: boolean
  readonly workedMs: number
  /** The usage that the last backend call reported, including earlier calls in the same session. */
  readonly took: Usage
}

const NO_ANSWER = { output: "", ...NO_USAGE } as const

/**
 * Runs one attempt to completion, recovering what a single backend call cannot: it waits for a
 * place (pool.ts), gives it up and comes back when the provider throttles, continues with the next
 * model of a declared `fallback`, and reassigns the task of a lost server once. All of this is one
 * attempt, so the content of its session is kept.
 */
export class Dispatcher {
  readonly pool: Pool
  readonly #deps: DispatcherDeps
  /** Leases by the session that works under them. */
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
        // A kept worker has one session and does one task at a time in it.
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
      return this.#afterOutage(attempt, { cause: permit.hold.cause, model: profile.model ?? null }, sink, permit.hold)
    workers.setQueued(key, false)
    const startedAt = clock.now()
    const known = attempt.task.session ?? sink.keptSession()
    const placed = known === undefined ? attempt : { ...attempt, task: { ...attempt.task, session: known } }
    const { result, session, hasYielded } = await this.#callBackend(permit.lease, placed, sink, signal)
    const task = { ...attempt.task, resumed: true, ...(session === undefined ? {} : { session }) }
    const workedMs = attempt.workedMs + clock.now() - startedAt
    const again = { ...attempt, task, workedMs, took: usageOf(result) }
    if (hasYielded && result.reason === "aborted" && !signal.aborted) return { ...again, isBack: true }
    const { canBeReassigned } = traitsOf(profile.kind)
    if (result.reason === "worker-lost" && canBeReassigned && !attempt.isReassigned && !signal.aborted) {
      sink.warned({ kind: "reassigned", text: `${result.detail ?? "the server was lost"}; given to a new one` })
      return { ...again, isReassigned: true }
    }
    if (result.outage === undefined || signal.aborted) return { result }
    return this.#afterOutage(again, result.outage, sink, undefined, result)
  }

  /** What follows an outage: the next fallback model, a hold, or a failure. */
  #afterOutage(
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

  /** Calls the backend once, under a lease of the pool. */
  async #callBackend(lease: Lease, { task, workedMs }: AttemptState, sink: AttemptSink, signal: AbortSignal) {
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
        // The journal could not record the session, so it must not be prompted (G1): the backend
        // sees the abort before it continues.
        if (signal.aborted) stop()
      },
      activity: (activity) => {
        workers.active(task.key, activity)
        // The budget is enforced only at tool calls, because a finished answer counts whatever it
        // cost.
        if (activity.phase !== "tool" || !isOver(task.limit, activity)) return
        isSpent = true
        stop()
      },
      asked: (request) => workers.asked(task.key, request),
      answered: (request) => workers.answered(task.key, request),
      warned: sink.warned,
      requested: ({ id, kind, title, details }) => sink.requested({ id, kind, title, details }),
      replied: sink.replied,
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

  /** Gives up a worker that exceeds its own deadline or does not stop when it is aborted (G4). */
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
      cancels.push(clock.after(STOP_GRACE_MS + 1_000, () => giveUp("aborted", "the worker did not stop in time")))
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

function usageOf({ tokens, cost, knownUsd }: StepResult): Usage {
  return { tokens, cost, ...(knownUsd === undefined ? {} : { knownUsd }) }
}

const SPENT = "it was stopped at a tool call, because its step has spent its budget"

function isOver(limit: Budget | undefined, { tokens, cost }: Activity): boolean {
  if (limit === undefined) return false
  const isManyTokens = limit.tokens !== undefined && tokens.input + tokens.output >= limit.tokens
  return isManyTokens || (limit.usd !== undefined && (cost ?? 0) >= limit.usd)
}

/** The hold for an outage that a person has to resolve. A model that does not exist or that
 *  answers with errors is a failure, not a hold. */
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
