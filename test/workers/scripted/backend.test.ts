import { describe } from "vitest"
import { createScriptedBackend } from "../../../src/workers/scripted/backend.ts"
import { type WorkerWorld, workerContract } from "../../contract/worker-backend.ts"

/** The hand that drives it: decides for each prompt, before or after it comes. */
async function openWorld(): Promise<WorkerWorld> {
  const backend = createScriptedBackend()
  const asked: string[] = []
  const decided = new Map<string, (job: Awaited<ReturnType<typeof backend.job>>) => void>()
  const stalls = new Map<string, () => void>()
  const inner = backend.run.bind(backend)
  return {
    backend: {
      ...backend,
      run(task, opened, signal) {
        const before = backend.jobs.length
        const result = inner(task, opened, signal)
        const job = backend.jobs[before]
        if (job && !signal.aborted) {
          asked.push(task.prompt)
          decided.get(task.prompt)?.(job)
          stalls.get(task.prompt)?.()
        }
        return result
      },
    },
    answer: (prompt, output) => void decided.set(prompt, (job) => job.finish({ output })),
    refuse: (prompt) => void decided.set(prompt, (job) => job.finish({ reason: "error", detail: "refused" })),
    stall: (prompt) => new Promise((resolve) => stalls.set(prompt, resolve)),
    asked: (prompt) => asked.filter((other) => other === prompt).length,
    close: () => Promise.resolve(),
  }
}

describe("scripted worker", () => workerContract(openWorld, 5_000))
