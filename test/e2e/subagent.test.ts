import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type Answer,
  callTool,
  cutOff,
  fail,
  lengthLimit,
  nothing,
  reasonOnly,
  say,
  silence,
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

/** Child sessions on the real OpenCode, with the real events, against a model that misbehaves on command. */

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

describe("an answer that is not one", () => {
  const faults: [name: string, answer: Answer, reason: string, maxAsked: number][] = [
    ["is empty", nothing(), "empty", 1],
    ["is only reasoning", reasonOnly("hmm"), "empty", 1],
    ["is cut at the output limit", lengthLimit("half an ans"), "truncated", 1],
    ["ends in the middle of the stream", cutOff("half an ans"), "truncated", 3],
    ["is a stream that ends at once", cutOff(), "empty", 3],
    ["is refused for the key", fail(401, { message: "bad key" }), "error", 1],
    ["is refused for the money", fail(402, { message: "insufficient credit" }), "quota", 1],
  ]
  it.each(faults)(
    "%s: is typed, never ok, and not asked for without end",
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
    "keeps what was written before the cut",
    async () => {
      model.script("keep the half", lengthLimit("first half"))
      expect((await run(task("keep the half"))).output).toBe("first half")
    },
    STEP,
  )
})

describe("deadlines", () => {
  it(
    "a silent stream ends as idle, and the session with it",
    async () => {
      model.script("say nothing", silence())
      const before = performance.now()
      const result = await run(task("say nothing", { idleTimeoutMs: 1_500 }))
      // What a stream that never ended has cost nobody knows.
      expect(result).toMatchObject({ reason: "idle", detail: "no sign of life for 1.5 s", cost: null })
      expect(performance.now() - before).toBeLessThan(1_500 + 5_000)
      expect(await isIdle(result.session as string)).toBe(true)
    },
    STEP,
  )

  it(
    "a model that never gets done ends at the total deadline, however busy it looks",
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
    "a server error that passes is waited out by OpenCode and is a success",
    async () => {
      model.script("try again", fail(500, { message: "oops" }), say("here you are"))
      expect(await run(task("try again"))).toMatchObject({ reason: "ok", output: "here you are" })
    },
    STEP,
  )
})

describe("a server that dies under its worker", () => {
  it(
    "is a lost worker within seconds, and its cost unknown",
    async () => {
      const doomed = await startServer(project)
      const errors: unknown[] = []
      const feed = createFeed((error) => errors.push(error))
      const stop = new AbortController()
      // That this stream breaks is the point of the test.
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

describe("who works", () => {
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
    "counts the tokens of every model step, and knows a price from none",
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
    "an agent or a model that does not exist is an error with the nearest match, before anything is asked",
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

describe("permissions with nobody there", () => {
  it(
    "an ask is refused with words the model can go on with",
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

/** Starts a task and resolves once its session is known; `stop` aborts it and gives its result. */
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

/** Whether an event says that a session's answer has grown. */
function isDelta(payload: object, session: string): boolean {
  const { type, properties } = payload as { type?: string; properties?: { sessionID?: string } }
  return type === "message.part.delta" && properties?.sessionID === session
}

describe("after a crash", () => {
  it(
    "an answer that was cut by it is asked for again, once, without the torn half",
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
    "an answer that the server is still working on is waited for and not asked again",
    async () => {
      const prompt = "still at it"
      const work = task(prompt)
      const hold = model.hold(prompt)
      const report = recordReport()
      // The first worker is forgotten as if its process had died: nobody tells the session to stop.
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
    "a session that is gone is made again",
    async () => {
      const work = task("gone")
      const again = await run({ ...work, resumed: true, session: "ses_0000000000000000000000gone" })
      expect(again.reason).toBe("ok")
      expect(again.session).not.toBe("ses_0000000000000000000000gone")
    },
    STEP,
  )
})

it("nothing went wrong behind the scenes", () => {
  expect(place.errors).toEqual([])
})
