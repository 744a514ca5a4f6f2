import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type Answer,
  callTool,
  cutOff,
  fail,
  noAnswer,
  nothing,
  reasonOnly,
  say,
  silence,
} from "../../scripts/scripted-model.ts"
import type { StepResult } from "../../src/core/model/result.ts"
import type { WorkerBackend, WorkerTask } from "../../src/core/ports/ports.ts"
import { processesWith } from "./support/processes.ts"
import { ALL_KINDS, openWorkplace, type Workplace } from "./support/workers.ts"

/**
 * Tests every kind of worker against every fault on the real OpenCode: no failure is a success,
 * nothing waits past its deadline, and the workers next to it are not disturbed.
 */

const START = 120_000
const STEP = 60_000
/** Time after a deadline within which a worker must end. */
const GRACE_MS = 5_000

interface Fault {
  readonly name: string
  readonly answers: readonly [Answer, ...Answer[]]
  readonly reason: StepResult["reason"]
  readonly outage?: Partial<StepResult["outage"]>
  /** The deadline of the task that must end the worker. */
  readonly limits?: Partial<WorkerTask>
  /** How long the fault may take if it has no deadline in `limits`. */
  readonly withinMs?: number
  readonly detail?: string
}

const FAULTS: readonly Fault[] = [
  { name: "a refused request (400)", answers: [fail(400)], reason: "error", detail: "scripted failure 400 (HTTP 400)" },
  { name: "an empty answer", answers: [nothing()], reason: "empty" },
  { name: "reasoning only", answers: [reasonOnly("hm")], reason: "empty" },
  {
    name: "an answer cut off",
    answers: [cutOff("half an ans")],
    reason: "truncated",
    outage: { cause: "provider" },
  },
  { name: "a silent stream", answers: [silence()], reason: "idle", limits: { idleTimeoutMs: 1_500 } },
  { name: "a socket held open", answers: [noAnswer()], reason: "idle", limits: { idleTimeoutMs: 1_500 } },
  {
    name: "a hung tool",
    answers: [callTool("bash", { command: "sleep 600", description: "hangs" })],
    reason: "timeout",
    limits: { toolTimeoutMs: 2_000 },
    detail: "`bash` has given no sign of life for 2 s",
  },
  { name: "a total deadline", answers: [silence()], reason: "timeout", limits: { timeoutMs: 2_000 } },
  { name: "429 and then an answer", answers: [fail(429), say("after all")], reason: "ok", withinMs: 10_000 },
  {
    name: "429 for an hour",
    answers: [fail(429, { retryAfter: 3_600 })],
    reason: "quota",
    outage: { cause: "quota", model: "scripted/small", until: expect.any(Number) },
  },
  { name: "no money left (402)", answers: [fail(402)], reason: "quota", outage: { cause: "quota" } },
  { name: "a refused key (401)", answers: [fail(401)], reason: "error", outage: { cause: "auth" } },
]

let place: Workplace
beforeAll(async () => {
  place = await openWorkplace()
}, START)
afterAll(() => place?.[Symbol.asyncDispose](), START)

describe.each(ALL_KINDS)("a %s worker", (kind) => {
  let backend: WorkerBackend
  beforeAll(() => {
    backend = place.backend(kind)
  })

  it.each(FAULTS)(
    "with $name ends with reason $reason in time, and its siblings are not disturbed",
    async ({ name, answers, reason, outage, limits = {}, withinMs = 0, detail }) => {
      const prompt = `<${kind}> ${name}.`
      place.model.script(prompt, ...answers)
      const siblings = [1, 2].map((n) => `<${kind}> sibling ${n} of ${name}`)
      const holds = siblings.map((sibling) => place.model.hold(sibling))
      const others = siblings.map((sibling) => place.start(backend, place.task(sibling)))
      await Promise.all(holds.map(({ arrived }) => arrived))
      const deadline = Math.max(withinMs, ...Object.values(limits).filter((limit) => typeof limit === "number"))
      const before = performance.now()
      const work = place.start(backend, place.task(prompt, limits))
      const result = await work.result
      expect(performance.now() - before).toBeLessThan(deadline + GRACE_MS)
      expect(result).toMatchObject({ reason, session: await work.report.session, ...(detail ? { detail } : {}) })
      if (outage) expect(result.outage).toMatchObject(outage)
      else expect(result.outage).toBeUndefined()
      if (reason !== "ok") expect(result.detail).toBeTruthy()
      expect(await place.isIdle(result.session as string)).toBe(true)
      expect(processesWith(place.project.marker).filter(({ command }) => command.includes("sleep 600"))).toEqual([])
      for (const hold of holds) hold.release(say("undisturbed"))
      for (const other of await Promise.all(others.map(({ result }) => result)))
        expect(other).toMatchObject({ reason: "ok", output: "undisturbed" })
      for (const sibling of siblings) expect(place.model.asked(sibling)).toHaveLength(1)
    },
    STEP,
  )

  it(
    "reports once that the provider makes it wait",
    async () => {
      const prompt = `<${kind}> throttled`
      place.model.script(prompt, fail(429, { retryAfter: 5 }), say("done"))
      const work = place.start(backend, place.task(prompt, { idleTimeoutMs: 4_000 }))
      expect(await work.result).toMatchObject({ reason: "ok", output: "done" })
      expect(work.report.throttles).toHaveLength(1)
      expect(work.report.activities.map(({ phase }) => phase)).toContain("retrying")
    },
    STEP,
  )

  it(
    "is not considered silent during a quiet tool call",
    async () => {
      const prompt = `<${kind}> quiet`
      place.model.script(prompt, callTool("bash", { command: "sleep 6", description: "is quiet" }), say("slept"))
      const work = place.start(backend, place.task(prompt, { idleTimeoutMs: 5_000 }))
      expect(await work.result).toMatchObject({ reason: "ok", output: "slept" })
      expect(work.report.activities).toContainEqual(expect.objectContaining({ phase: "tool", tool: "bash" }))
    },
    STEP,
  )

  it(
    "gives twenty answers to twenty tasks at once, and each is asked once",
    async () => {
      const prompts = Array.from({ length: 20 }, (_, n) => `<${kind}> crowd ${n}.`)
      const works = prompts.map((prompt) => place.start(backend, place.task(prompt)))
      const results = await Promise.all(works.map(({ result }) => result))
      expect(results.map(({ output }) => output)).toEqual(prompts.map((prompt) => `Answer to: ${prompt}`))
      for (const prompt of prompts) expect(place.model.asked(prompt)).toHaveLength(1)
      expect(new Set(results.map(({ session }) => session)).size).toBe(20)
    },
    STEP,
  )
})

it("no errors were logged", () => {
  expect(place.errors).toEqual([])
})
