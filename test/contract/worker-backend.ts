import { afterAll, beforeAll, expect, it } from "vitest"
import type { StepResult } from "../../src/core/model.ts"
import { STOP_GRACE_MS, type WorkerBackend, type WorkerTask } from "../../src/core/ports.ts"
import { recordReport, workerTask } from "../support/workers.ts"

/** A backend, and the model behind it, driven by the test. Prompts are unique, so one world serves all tests. */
export interface WorkerWorld {
  readonly backend: WorkerBackend
  /** Session to be a child of, where the kind has one. */
  readonly parent?: string
  /** The model answers this prompt with `text`. */
  answer(prompt: string, text: string): void
  /** The model refuses this prompt with an error that no retry mends. */
  refuse(prompt: string): void
  /** The model starts on this prompt and says nothing; resolves when it has been asked. */
  stall(prompt: string): Promise<void>
  /** How often the model was asked it. */
  asked(prompt: string): number
  close(): Promise<void>
}

/** What every way of doing a step does. `open` is called once. */
export function workerContract(open: () => Promise<WorkerWorld>, timeoutMs: number): void {
  let world: WorkerWorld
  beforeAll(async () => {
    world = await open()
  }, timeoutMs)
  afterAll(() => world?.close(), timeoutMs)

  let count = 0
  const task = (over: Partial<WorkerTask> = {}): WorkerTask => {
    const step = `step${++count}`
    return workerTask(step, {
      run: "contract",
      prompt: `question ${count}.`,
      timeoutMs: 60_000,
      idleTimeoutMs: 60_000,
      ...(world.parent === undefined ? {} : { parent: world.parent }),
      ...over,
    })
  }
  const start = (work: WorkerTask) => {
    const report = recordReport()
    const controller = new AbortController()
    const result = world.backend.run(work, report, controller.signal)
    return { result, opened: report.sessions, controller }
  }
  const finish = (work: WorkerTask): Promise<StepResult> => start(work).result

  it(
    "says where the worker is, once, and gives its answer",
    async () => {
      const work = task()
      world.answer(work.prompt, "forty-two")
      const { result, opened } = start(work)
      expect(await result).toMatchObject({ reason: "ok", output: "forty-two" })
      expect(opened).toHaveLength(1)
      expect((await result).session).toBe(opened[0]?.session)
    },
    timeoutMs,
  )

  it(
    "makes a failure a result and not a rejection",
    async () => {
      const work = task()
      world.refuse(work.prompt)
      const result = await finish(work)
      expect(result.reason).not.toBe("ok")
      expect(result.detail).toBeTruthy()
    },
    timeoutMs,
  )

  it(
    "lets go within five seconds when it is stopped",
    async () => {
      const work = task()
      const stalled = world.stall(work.prompt)
      const { result, controller } = start(work)
      await stalled
      const before = performance.now()
      controller.abort()
      expect((await result).reason).toBe("aborted")
      expect(performance.now() - before).toBeLessThan(STOP_GRACE_MS)
    },
    timeoutMs,
  )

  it(
    "asks nothing when it was stopped before it began",
    async () => {
      const work = task()
      const stopped = AbortSignal.abort()
      const result = await world.backend.run(work, recordReport(), stopped)
      expect(result.reason).toBe("aborted")
      expect(world.asked(work.prompt)).toBe(0)
    },
    timeoutMs,
  )

  it(
    "does the same task twice with one answer and one question",
    async () => {
      const work = task()
      world.answer(work.prompt, "once")
      const first = await finish(work)
      const again = await finish({ ...work, resumed: true, ...(first.session ? { session: first.session } : {}) })
      expect(again).toMatchObject({ reason: "ok", output: "once", session: first.session })
      expect(world.asked(work.prompt)).toBe(1)
    },
    timeoutMs,
  )

  it(
    "finds the session of an attempt whose journal did not get to name it",
    async () => {
      const work = task()
      world.answer(work.prompt, "found")
      const first = await finish(work)
      const again = await finish({ ...work, resumed: true })
      expect(again).toMatchObject({ reason: "ok", output: "found", session: first.session })
      expect(world.asked(work.prompt)).toBe(1)
    },
    timeoutMs,
  )
}
