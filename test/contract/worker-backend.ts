import { afterAll, beforeAll, expect, it } from "vitest"
import type { PermissionRule } from "../../src/core/model/profile.ts"
import type { Replier, WorkerReply } from "../../src/core/model/request.ts"
import type { StepResult } from "../../src/core/model/result.ts"
import {
  type PendingRequest,
  type RequestAnswer,
  STOP_GRACE_MS,
  type WorkerBackend,
  type WorkerTask,
} from "../../src/core/ports/ports.ts"
import { until } from "../e2e/support/until.ts"
import { profile } from "../support/runs.ts"
import { recordReport, workerTask } from "../support/workers.ts"

/** Who answers in these tests. */
const HERE: Replier = { by: "tester", from: "inbox" }
const NOBODY = "Nobody is here to allow"

/**
 * A backend and the model behind it, both controlled by the test. Prompts are unique, so that all
 * tests can share one world.
 */
export interface WorkerWorld {
  readonly backend: WorkerBackend
  /** The parent session, for kinds that need one. */
  readonly parent?: string
  /** Makes the model answer this prompt with `text`. */
  answer(prompt: string, text: string): void
  /** Makes the model refuse this prompt with an error that a retry cannot fix. */
  refuse(prompt: string): void
  /**
   * Makes the model start on this prompt without answering. Resolves when the prompt has arrived.
   */
  stall(prompt: string): Promise<void>
  /** How often the model received this prompt. */
  asked(prompt: string): number
  close(): Promise<void>
}

/** A backend with sessions, in which a person can act and is available to answer requests. */
export interface LiveWorld extends WorkerWorld {
  /** Makes the model start on this prompt, and answer when `release` is called. */
  hold(prompt: string): { readonly arrived: Promise<unknown>; release(text: string): void }
  /** Makes the model run a command that needs permission, then answer with `text`. */
  command(prompt: string, command: string, text: string): void
  /** Makes the model ask a question, then answer with `text`. */
  question(prompt: string, question: string, text: string): void
  /** Makes the model start a tool that never ends. */
  hang(prompt: string): void
  /** The `n`-th request (from 0) that the model received for this prompt. */
  sent(prompt: string, n: number): string
  /** Profile rules under which every `command` except `npm test` needs permission. */
  readonly asking: readonly PermissionRule[]
}

/** Requirements of every worker backend. `open` is called once. */
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
    "a worker backend reports the session once and returns the answer",
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
    "a worker backend returns a failure as a result and does not reject",
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
    "a worker backend ends within five seconds when it is stopped",
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
    "a worker backend sends nothing when it is stopped before it starts",
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
    "a worker backend that runs the same task twice sends one prompt and returns one answer",
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
    "a worker backend finds the session of an attempt that the journal does not name",
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

  it(
    "a worker backend opens one session for one spec, however often it is opened, and sends no prompt",
    async () => {
      const spec = task({ title: "kept", key: "worker/kept" })
      const first = await world.backend.open(spec)
      expect(await world.backend.open(spec)).toMatchObject({ session: first.session })
      expect(world.asked(spec.prompt)).toBe(0)
      const work = task({ session: first.session })
      world.answer(work.prompt, "from there")
      expect(await finish(work)).toMatchObject({ reason: "ok", output: "from there", session: first.session })
    },
    timeoutMs,
  )
}

/**
 * Requirements of every worker with a session: a person can act on it, and it enforces its own
 * deadlines.
 */
export function liveWorkerContract(open: () => Promise<LiveWorld>, timeoutMs: number): void {
  let world: LiveWorld
  beforeAll(async () => {
    world = await open()
  }, timeoutMs)
  afterAll(() => world?.close(), timeoutMs)

  let count = 0
  const start = (over: Partial<WorkerTask> = {}) => {
    const step = `live${++count}`
    const parent = world.parent === undefined ? {} : { parent: world.parent }
    const limits = { timeoutMs: 60_000, idleTimeoutMs: 60_000 }
    const task = workerTask(step, { run: "live", prompt: `live question ${count}.`, ...limits, ...parent, ...over })
    return {
      task,
      run() {
        const report = recordReport()
        return { report, result: world.backend.run(task, report, new AbortController().signal) }
      },
    }
  }
  /** The first reported request. While it is open, the worker shows no activity. */
  const firstAsk = (report: ReturnType<typeof recordReport>) =>
    until(() => [...report.asks.values()][0], { what: "an ask" })

  it(
    "a message reaches a live worker once, and the answer to it becomes the result",
    async () => {
      const { task, run } = start()
      const held = world.hold(task.prompt)
      const { report, result } = run()
      await held.arrived
      const text = `said during ${task.step}.`
      world.answer(text, "heard")
      const steer = { type: "message", message: { id: "m", text } } as const
      const session = await report.session
      expect(await world.backend.steer(session, steer)).toBeUndefined()
      expect(await world.backend.steer(session, steer)).toBeUndefined()
      held.release("not the last word")
      expect(await result).toMatchObject({ reason: "ok", output: "heard" })
      expect(world.asked(text)).toBe(1)
      expect(await world.backend.steer(session, steer)).toBeTruthy()
    },
    timeoutMs,
  )

  it(
    "an interrupted worker waits, beyond its idle deadline, until it gets a message",
    async () => {
      const { task, run } = start({ idleTimeoutMs: 3_000 })
      const stalled = world.stall(task.prompt)
      const { report, result } = run()
      await stalled
      const session = await report.session
      expect(await world.backend.steer(session, { type: "interrupt" })).toBeUndefined()
      const heldAt = performance.now()
      await until(() => performance.now() - heldAt > 3_500, { what: "its idle deadline to pass" })
      expect(report.activities.at(-1)?.phase).toBe("held")
      const text = `go on with ${task.step}.`
      world.answer(text, "went on")
      expect(await world.backend.steer(session, { type: "message", message: { id: "m", text } })).toBeUndefined()
      expect(await result).toMatchObject({ reason: "ok", output: "went on" })
    },
    timeoutMs,
  )

  type From = WorkerReply["from"]
  const askTests: [string, Partial<WorkerTask["asks"]>, RequestAnswer | undefined, string, string, From][] = [
    ["allowed by a person", { policy: "ask" }, { type: "allow" }, "echo asked", "asked", "inbox"],
    [
      "denied by a person",
      { policy: "ask" },
      { type: "deny", message: "not today" },
      "echo asked",
      "not today",
      "inbox",
    ],
    ["denied by its policy", { policy: "deny" }, undefined, "echo asked", NOBODY, "policy"],
    ["not on the list", { policy: "allow-listed" }, undefined, "echo asked", NOBODY, "policy"],
    ["not answered in time", { policy: "ask", timeoutMs: 300 }, undefined, "echo asked", NOBODY, "timeout"],
    [
      "not answered, with leave",
      { policy: "ask", timeoutMs: 300, otherwise: "allow" },
      undefined,
      "echo aye",
      "aye",
      "timeout",
    ],
  ]
  it.each(askTests)(
    "the model is told about a command that is %s, and continues",
    async (_, asks, answer, command, told, from) => {
      const worker = profile("asking", { permission: world.asking })
      const { task, run } = start({
        profile: worker,
        asks: { policy: "ask", otherwise: "deny", ...asks },
        idleTimeoutMs: 20_000,
      })
      world.command(task.prompt, command, "went on")
      const { report, result } = run()
      if (asks.policy === "ask") {
        const ask = await firstAsk(report)
        expect(ask).toMatchObject({ kind: "permission", title: `bash: ${command}`, session: await report.session })
        if (answer) expect(await world.backend.answer(ask.id, answer, HERE)).toBeUndefined()
        else expect(ask.expiresAt).toBe(ask.askedAt + 300)
      }
      expect(await result).toMatchObject({ reason: "ok", output: "went on" })
      expect(world.sent(task.prompt, 1)).toContain(told)
      expect(report.asks.size).toBe(0)
      const { id } = report.requests[0] as PendingRequest
      expect(report.requests).toMatchObject([{ kind: "permission", title: `bash: ${command}` }])
      const answered = answer?.type ?? (asks.otherwise === "allow" ? "allow" : "deny")
      expect(report.replies).toMatchObject([{ id, from, answer: answered }])
    },
    timeoutMs,
  )

  it(
    "a worker's question is answered by a person, or by a fixed text when nobody may be asked",
    async () => {
      const asked = start({ asks: { policy: "ask", otherwise: "deny" } })
      world.question(asked.task.prompt, "Which one?", "chosen")
      const { report, result } = asked.run()
      const ask = await firstAsk(report)
      expect(ask).toMatchObject({ kind: "question", title: "Which one?", questions: [{ text: "Which one?" }] })
      expect(await world.backend.answer(ask.id, { type: "allow" }, HERE)).toBe("a question needs an answer in words")
      expect(await world.backend.answer(ask.id, { type: "answers", answers: [["the blue one"]] }, HERE)).toBeUndefined()
      expect(await result).toMatchObject({ reason: "ok", output: "chosen" })
      expect(world.sent(asked.task.prompt, 1)).toContain("the blue one")
      const alone = start({ asks: { policy: "allow-listed", otherwise: "deny" } })
      world.question(alone.task.prompt, "Which one?", "assumed")
      expect(await alone.run().result).toMatchObject({ reason: "ok", output: "assumed" })
      expect(world.sent(alone.task.prompt, 1)).toContain("Decide yourself")
      expect(report.replies).toEqual([{ id: ask.id, answer: "answers", text: "the blue one", ...HERE }])
    },
    timeoutMs,
  )

  it(
    "a silent worker, a hung tool and a passed deadline each end with their own reason",
    async () => {
      const silent = start({ idleTimeoutMs: 1_500 })
      const hung = start({ toolTimeoutMs: 2_500 })
      const late = start({ timeoutMs: 2_500 })
      void world.stall(silent.task.prompt)
      world.hang(hung.task.prompt)
      void world.stall(late.task.prompt)
      const results = await Promise.all([silent, hung, late].map(({ run }) => run().result))
      expect(results.map(({ reason }) => reason)).toEqual(["idle", "timeout", "timeout"])
      expect(results.map(({ detail }) => detail)).toEqual([
        "no sign of life for 1.5 s",
        "`bash` has given no sign of life for 2.5 s",
        "not done after 2.5 s",
      ])
    },
    timeoutMs,
  )
}
