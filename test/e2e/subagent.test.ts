import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type Answer,
  callTool,
  cutOff,
  fail,
  lengthLimit,
  nothing,
  type Reply,
  reasonOnly,
  say,
  silence,
  streamOf,
} from "../../scripts/scripted-model.ts"
import type { Profile } from "../../src/core/model/profile.ts"
import type { WorkerBackend, WorkerTask } from "../../src/core/ports/ports.ts"
import { followEvents } from "../../src/host/follow.ts"
import { createFeed } from "../../src/host/host.ts"
import { liveWorkerContract, workerContract } from "../contract/worker-backend.ts"
import { profile } from "../support/runs.ts"
import { recordReport, workerTask } from "../support/workers.ts"
import { startServer } from "./support/opencode.ts"
import { until } from "./support/until.ts"
import { contractWorld, openWorkplace, type Workplace } from "./support/workers.ts"

/**
 * Tests child sessions on the real OpenCode with its real events, against a model that fails on
 * command.
 */

const START = 120_000
const STEP = 60_000

let place: Workplace
let { model, project, server, parent } = {} as Workplace
let backend: WorkerBackend

beforeAll(async () => {
  place = await openWorkplace({ "secret.txt": "ABRACADABRA" })
  ;({ model, project, server, parent } = place)
  backend = place.backend("subagent", place.unattended)
}, START)

afterAll(() => place?.[Symbol.asyncDispose](), START)

describe("the contract of every worker", () => {
  workerContract(() => Promise.resolve(contractWorld(place, place.backend("subagent"))), STEP)
  liveWorkerContract(() => Promise.resolve(contractWorld(place, place.backend("subagent"))), STEP)
})

let count = 0
function task(prompt: string, over: Partial<WorkerTask> = {}, worker: Partial<Profile> = {}): WorkerTask {
  const step = `s${++count}`
  return workerTask(step, { profile: profile("worker", worker), prompt, parent, ...over })
}
const run = (work: WorkerTask) => backend.run(work, recordReport(), new AbortController().signal)
const isIdle = async (session: string) => (await server.client.session.status({})).data?.[session] === undefined

describe("an answer that", () => {
  it(
    "stands before the last call that only records is the result, and words before work are kept but are none",
    async () => {
      const list = { todos: [{ content: "tides", status: "completed", priority: "low" }] }
      const records = (text: string): Answer => ({ ...(callTool("todowrite", list) as Reply), text })
      const works = (text: string): Answer => ({ ...(callTool("glob", { pattern: "*.none" }) as Reply), text })
      model.script("noted: then nothing", records("All of it."), nothing())
      expect(await run(task("noted: then nothing"))).toMatchObject({ reason: "ok", output: "All of it." })
      model.script("noted: then a word", records("All of it."), say("Done."))
      expect(await run(task("noted: then a word"))).toMatchObject({ reason: "ok", output: "Done." })
      const plan = { todos: [{ content: "tides", status: "pending", priority: "low" }] }
      model.script("planned: then nothing", { ...(callTool("todowrite", plan) as Reply), text: "A plan." }, nothing())
      expect(await run(task("planned: then nothing"))).toMatchObject({ reason: "empty", output: "A plan." })
      model.script("worked: then nothing", works("I look first."), nothing())
      const empty = await run(task("worked: then nothing"))
      expect(empty).toMatchObject({ reason: "empty", output: "I look first." })
      expect(empty.detail).toContain("without writing anything after its last tool call")
      model.script("worked: then an answer", works("I look first."), say("All of it."))
      expect(await run(task("worked: then an answer"))).toMatchObject({ reason: "ok", output: "All of it." })
    },
    STEP,
  )

  it(
    "calls a tool is never the end, even if its finish says so",
    async () => {
      const stops = (id: string, text: string): Answer => {
        const chunk = (delta: object, finish: string | null) => ({
          id: "c",
          choices: [{ index: 0, delta, finish_reason: finish }],
        })
        const call = { index: 0, id, type: "function", function: { name: "glob", arguments: '{"pattern":"*.none"}' } }
        return streamOf(
          chunk({ role: "assistant", content: text }, null),
          chunk({ tool_calls: [call] }, null),
          chunk({}, "stop"),
        )
      }
      model.script("stops with a call", stops("one", ""), stops("two", "I look again."), say("All of it."))
      expect(await run(task("stops with a call"))).toMatchObject({ reason: "ok", output: "All of it." })
    },
    STEP,
  )

  const faults: [name: string, answer: Answer, reason: string, maxAsked: number][] = [
    ["is empty", nothing(), "empty", 1],
    ["is only reasoning", reasonOnly("hmm"), "empty", 1],
    ["is cut at the output limit", lengthLimit("half an ans"), "truncated", 1],
    // OpenCode asks again within milliseconds (contract C18), so a busy machine sees a few requests
    // before the abort arrives.
    ["ends in the middle of the stream", cutOff("half an ans"), "truncated", 10],
    ["is a stream that ends at once", cutOff(), "empty", 10],
    ["is refused for the key", fail(401, { message: "bad key" }), "error", 1],
    ["is refused for the money", fail(402, { message: "insufficient credit" }), "quota", 1],
  ]
  it.each(faults)(
    "%s has a typed reason, is never ok, and is not requested forever",
    async (name, answer, reason, maxAsked) => {
      const prompt = `fault: ${name}`
      model.script(prompt, answer)
      const result = await run(task(prompt))
      expect(result.reason).toBe(reason)
      expect(result.detail).toBeTruthy()
      expect(await isIdle(result.session as string)).toBe(true)
      expect(model.asked(prompt).length).toBeLessThanOrEqual(maxAsked)
    },
    STEP,
  )

  it(
    "is cut off keeps the text before the cut",
    async () => {
      model.script("keep the half", lengthLimit("first half"))
      expect((await run(task("keep the half"))).output).toBe("first half")
    },
    STEP,
  )
})

describe("deadlines", () => {
  it(
    "a silent stream ends as idle, and its session becomes idle",
    async () => {
      model.script("say nothing", silence())
      const before = performance.now()
      const result = await run(task("say nothing", { idleTimeoutMs: 1_500 }))
      // The cost of a stream that never ended is unknown.
      expect(result).toMatchObject({ reason: "idle", detail: "no sign of life for 1.5 s", cost: null })
      expect(performance.now() - before).toBeLessThan(1_500 + 5_000)
      expect(await isIdle(result.session as string)).toBe(true)
    },
    STEP,
  )

  it(
    "a model that never finishes is stopped at the total deadline, however active it is",
    async () => {
      model.script("never done", callTool("read", { filePath: project.path("secret.txt") }))
      const before = performance.now()
      const result = await run(task("never done", { timeoutMs: 3_000 }))
      expect(result.reason).toBe("timeout")
      expect(performance.now() - before).toBeLessThan(3_000 + 5_000)
      expect(await isIdle(result.session as string)).toBe(true)
    },
    STEP,
  )

  it(
    "a temporary server error is retried by OpenCode, and the step succeeds",
    async () => {
      model.script("try again", fail(500, { message: "oops" }), say("here you are"))
      expect(await run(task("try again"))).toMatchObject({ reason: "ok", output: "here you are" })
    },
    STEP,
  )
})

describe("a server that dies under its worker", () => {
  it(
    "ends the worker as lost within seconds, with an unknown cost",
    async () => {
      const doomed = await startServer(project)
      const errors: unknown[] = []
      const feed = createFeed((error) => errors.push(error))
      const stop = new AbortController()
      // This stream is expected to break.
      await followEvents(doomed.client, feed, stop.signal, () => undefined)
      const there = { ...place.unattended, client: doomed.client, subscribe: feed.subscribe }
      const worker = place.backend("subagent", there)
      const prompt = "the server dies"
      model.script(prompt, silence())
      const result = worker.run(task(prompt), recordReport(), new AbortController().signal)
      await model.waitFor(prompt)
      await doomed.kill()
      const before = performance.now()
      expect(await result).toMatchObject({ reason: "worker-lost", cost: null })
      expect(performance.now() - before).toBeLessThan(10_000)
      stop.abort()
      expect(errors).toEqual([])
    },
    STEP,
  )
})

describe("a subagent worker", () => {
  it(
    "is a child session titled by its step, with the profile's model, prompt and permissions",
    async () => {
      const prompt = "who are you?"
      model.script(prompt, say("a worker"))
      const rules = [{ permission: "edit", pattern: "*", action: "deny" }] as const
      const work = task(prompt, {}, { model: "scripted/large", prompt: "Speak like a pirate.", permission: rules })
      const result = await run(work)
      expect(result.model).toBe("scripted/large")
      const { data: session } = await server.client.session.get({ sessionID: result.session as string })
      expect(session).toMatchObject({ parentID: parent, title: `${work.step} · demo` })
      const [asked] = model.asked(prompt)
      expect(asked?.model).toBe("large")
      expect(asked?.system).toContain("Speak like a pirate.")
      expect(asked?.tools).toContain("read")
      for (const tool of ["edit", "write", "task", "question"]) expect(asked?.tools).not.toContain(tool)
    },
    STEP,
  )

  it(
    "counts the tokens of every model call, and distinguishes an unknown price from 0",
    async () => {
      model.script("use a tool", callTool("read", { filePath: project.path("secret.txt") }), say("read it"))
      const priced = await run(task("use a tool"))
      expect(priced.output).toBe("read it")
      expect(model.asked("use a tool")).toHaveLength(2)
      expect(priced.cost).toBeCloseTo((priced.tokens.input * 1 + priced.tokens.output * 2) / 1e6, 8)
      const unpriced = await run(task("no price", {}, { model: "scripted/unpriced" }))
      expect(unpriced).toMatchObject({ reason: "ok", cost: null })
      expect(unpriced.tokens.input).toBeGreaterThan(0)
    },
    STEP,
  )

  it(
    "with an unknown agent or model fails with the nearest match before any model is asked",
    async () => {
      const agent = await run(task("as whom?", {}, { agent: "bild" }))
      expect(agent).toMatchObject({ reason: "error", detail: "OpenCode has no agent `bild`: did you mean `build`?" })
      const wrong = await run(task("as whom?", {}, { model: "scripted/smal" }))
      expect(wrong.detail).toBe("OpenCode has no model `scripted/smal`: did you mean `scripted/small`?")
      expect(model.asked("as whom?")).toHaveLength(0)
    },
    STEP,
  )
})

describe("a permission request without a person", () => {
  it(
    "is refused with a message that lets the model continue",
    async () => {
      const prompt = "run a command"
      model.script(prompt, callTool("bash", { command: "echo hi", description: "greets" }), say("could not"))
      const rules = [{ permission: "bash", pattern: "*", action: "ask" }] as const
      const result = await run(task(prompt, {}, { permission: rules }))
      expect(result).toMatchObject({ reason: "ok", output: "could not" })
      expect(JSON.stringify(model.asked(prompt)[1]?.messages)).toContain("Nobody is here to allow `bash`")
    },
    STEP,
  )
})

/**
 * Starts a task and resolves once its session is known. `stop` aborts it and returns its result.
 */
async function untilOpened(work: WorkerTask, controller: AbortController) {
  const report = recordReport()
  const result = backend.run(work, report, controller.signal)
  const session = await report.session
  const stop = () => {
    controller.abort()
    return result
  }
  return { session, stop }
}

/** Whether an event reports more text of a session's answer. */
function isDelta(payload: object, session: string): boolean {
  const { type, properties } = payload as { type?: string; properties?: { sessionID?: string } }
  return type === "message.part.delta" && properties?.sessionID === session
}

describe("after a crash", () => {
  it(
    "an answer that the crash cut off is requested once more, without the partial text",
    async () => {
      const prompt = "the torn answer"
      const work = task(prompt)
      model.script(prompt, say("the first half and then never the rest", { chunks: 2, delayMs: 20_000 }))
      const controller = new AbortController()
      const { session, stop } = await untilOpened(work, controller)
      const written = () => server.events.some(({ payload }) => isDelta(payload, session))
      await until(written, { what: "the first half to be written" })
      expect((await stop()).output).toContain("the first half")
      model.script(prompt, say("whole"))
      const again = await run({ ...work, resumed: true, session })
      expect(again).toMatchObject({ reason: "ok", output: "whole", session })
      expect(model.asked(prompt)).toHaveLength(2)
      const { messages } = model.asked(prompt)[1] ?? { messages: [] }
      expect(messages.map((message) => message.role)).toEqual(["system", "user"])
      expect(model.asked(prompt)[1]?.prompt).toBe(prompt)
    },
    STEP,
  )

  it(
    "an answer that the server is still writing is awaited and not requested again",
    async () => {
      const prompt = "still at it"
      const work = task(prompt)
      const hold = model.hold(prompt)
      const report = recordReport()
      // The first worker is abandoned as if its process had died: nothing stops the session.
      void backend.run(work, report, new AbortController().signal)
      await hold.arrived
      const session = await report.session
      const again = run({ ...work, resumed: true, session })
      await until(async () => (await server.client.session.status({})).data?.[session]?.type === "busy", {
        what: "the session to be busy",
      })
      hold.release(say("patience"))
      expect(await again).toMatchObject({ reason: "ok", output: "patience" })
      expect(model.asked(prompt)).toHaveLength(1)
    },
    STEP,
  )

  it(
    "a session that no longer exists is created again",
    async () => {
      const work = task("gone")
      const again = await run({ ...work, resumed: true, session: "ses_0000000000000000000000gone" })
      expect(again.reason).toBe("ok")
      expect(again.session).not.toBe("ses_0000000000000000000000gone")
    },
    STEP,
  )
})

it("no errors were logged", () => {
  expect(place.errors).toEqual([])
})
