import type { StepResult } from "../../core/model.ts"
import type { WorkerBackend, WorkerTask } from "../../core/ports.ts"

/** One task the scripted backend was given, held until the driver decides how it ends. */
export interface ScriptedJob {
  readonly task: WorkerTask
  /** Ends the job. The first call counts. */
  finish(result?: Partial<StepResult>): void
  readonly isStopped: boolean
}

export interface ScriptedBackend extends WorkerBackend {
  /** Every task given so far, in order. */
  readonly jobs: readonly ScriptedJob[]
  /** Sessions it was asked to stop without having a worker for them. */
  readonly stopped: readonly string[]
  /** The `n`-th job (from 0) of a step, as soon as there is one. */
  job(step: string, n?: number): Promise<ScriptedJob>
}

const ANSWER: StepResult = { reason: "ok", output: "", tokens: { input: 0, output: 0 }, cost: null }

/**
 * A backend driven by hand: no model, no process, no clock. It stands in for a real one in the engine's tests and,
 * with `auto`, in measurements of the engine alone. It keeps the whole port contract, deadlines excepted: those come
 * from the hand that drives it.
 */
export function createScriptedBackend(auto?: (task: WorkerTask) => Partial<StepResult>): ScriptedBackend {
  const jobs: ScriptedJob[] = []
  const finished = new Map<string, StepResult>()
  const stopped: string[] = []
  const waiting = new Set<() => void>()
  return {
    jobs,
    stopped,
    async run(task, opened, signal) {
      const session = task.session ?? `ses_${task.key}`
      opened({ session, model: task.profile.model ?? null })
      const earlier = finished.get(task.key)
      if (earlier) return earlier
      if (auto && !signal.aborted) return { ...ANSWER, session, ...auto(task) }
      return new Promise<StepResult>((resolve) => {
        const finish = (partial: Partial<StepResult> = {}) => {
          const result = { ...ANSWER, session, ...partial }
          if (result.reason === "ok") finished.set(task.key, result)
          resolve(result)
        }
        const stop = () => finish({ reason: "aborted" })
        if (signal.aborted) stop()
        else signal.addEventListener("abort", stop, { once: true })
        jobs.push({
          task,
          finish,
          get isStopped() {
            return signal.aborted
          },
        })
        for (const wake of waiting) wake()
      })
    },
    stop(session) {
      stopped.push(session)
      return Promise.resolve()
    },
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
