import type { StepResult } from "../../core/model/result.ts"
import { NO_USAGE } from "../../core/model/usage.ts"
import type { RequestAnswer, Steer, WorkerBackend, WorkerReport, WorkerTask } from "../../core/ports/ports.ts"

/** A task that was given to the scripted backend. It waits until the driver ends it. */
export interface ScriptedJob {
  readonly task: WorkerTask
  /** Reports what a real worker would report while it works. */
  readonly report: WorkerReport
  /** Ends the job. Only the first call counts. */
  finish(result?: Partial<StepResult>): void
  readonly isStopped: boolean
}

export interface ScriptedBackend extends WorkerBackend {
  /** Every task given so far, in order. */
  readonly jobs: readonly ScriptedJob[]
  /** Sessions that it was asked to stop without having a worker for them. */
  readonly stopped: readonly string[]
  readonly steered: readonly { readonly session: string; readonly steer: Steer }[]
  readonly answers: readonly { readonly ask: string; readonly answer: RequestAnswer }[]
  /** Resolves with the `n`-th job (from 0) of a step, as soon as it exists. */
  job(step: string, n?: number): Promise<ScriptedJob>
}

const ANSWER: StepResult = { reason: "ok", output: "", ...NO_USAGE, cost: null }

/**
 * A backend that is driven by hand, without model, process and clock. It replaces a real one in the
 * engine's tests and, with `auto`, in measurements of the engine alone. It keeps the whole contract
 * of the port except deadlines, which the driver decides.
 */
export function createScriptedBackend(auto?: (task: WorkerTask) => Partial<StepResult>): ScriptedBackend {
  const jobs: ScriptedJob[] = []
  const finished = new Map<string, StepResult>()
  const stopped: string[] = []
  const steered: { session: string; steer: Steer }[] = []
  const answers: { ask: string; answer: RequestAnswer }[] = []
  const waiting = new Set<() => void>()
  return {
    jobs,
    stopped,
    steered,
    answers,
    async run(task, report, signal) {
      const session = task.session ?? `ses_${task.key}`
      report.opened({ session, model: task.profile.model ?? null })
      const earlier = finished.get(task.key)
      if (earlier) return earlier
      if (auto && !signal.aborted) return { ...ANSWER, session, ...auto(task) }
      const { job, result } = createJob(task, report, session, signal)
      jobs.push(job)
      for (const wake of waiting) wake()
      const end = await result
      if (end.reason === "ok") finished.set(task.key, end)
      return end
    },
    open: (spec) => Promise.resolve({ session: `ses_${spec.key}`, model: spec.profile.model ?? null }),
    steer(session, steer) {
      steered.push({ session, steer })
      return Promise.resolve(undefined)
    },
    answer(ask, answer) {
      answers.push({ ask, answer })
      return Promise.resolve(undefined)
    },
    stop(session) {
      stopped.push(session)
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
    async job(step, n = 0) {
      for (;;) {
        const found = jobs.filter((job) => job.task.step === step)[n]
        if (found) return found
        const woken = Promise.withResolvers<void>()
        waiting.add(woken.resolve)
        await woken.promise
        waiting.delete(woken.resolve)
      }
    },
  }
}

function createJob(task: WorkerTask, report: WorkerReport, session: string, signal: AbortSignal) {
  const ended = Promise.withResolvers<StepResult>()
  const job: ScriptedJob = {
    task,
    report,
    finish: (result = {}) => ended.resolve({ ...ANSWER, session, ...result }),
    get isStopped() {
      return signal.aborted
    },
  }
  const stop = () => job.finish({ reason: "aborted" })
  if (signal.aborted) stop()
  else signal.addEventListener("abort", stop, { once: true })
  return { job, result: ended.promise }
}
