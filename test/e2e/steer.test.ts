import { createOpencodeClient } from "@opencode-ai/sdk/v2"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callTool, fail, say } from "../../scripts/scripted-model.ts"
import type { WorkerBackend, WorkerOpened } from "../../src/core/ports/ports.ts"
import { recordReport } from "../support/workers.ts"
import { until } from "./support/until.ts"
import { KINDS, openWorkplace, type Workplace } from "./support/workers.ts"

/** Tests what a person can do to one worker in the middle of its task, on the real OpenCode. */

const START = 120_000
const STEP = 60_000

let place: Workplace
beforeAll(async () => {
  place = await openWorkplace({ "secret.txt": "ABRACADABRA" })
}, START)
afterAll(() => place?.[Symbol.asyncDispose](), START)

/** The phases of a worker in order, without repetitions. */
const phases = (work: { report: { activities: { phase: string }[] } }) =>
  work.report.activities.map(({ phase }) => phase).filter((phase, at, all) => phase !== all[at - 1])
const messagesOf = async (session: string) =>
  (await place.server.client.session.messages({ sessionID: session })).data ?? []

describe.each(KINDS)("of five %s workers at once", (kind) => {
  let backend: WorkerBackend
  beforeAll(() => {
    backend = place.backend(kind)
  })

  it(
    "one gets a message once and with its context, and the others are not disturbed",
    async () => {
      const prompts = [1, 2, 3, 4, 5].map((n) => `<${kind}> told ${n}.`)
      const holds = prompts.map((prompt) => place.model.hold(prompt))
      const works = prompts.map((prompt) => place.start(backend, place.task(prompt)))
      const sessions = await Promise.all(works.map(({ report }) => report.session))
      await Promise.all(holds.map(({ arrived }) => arrived))
      const words = `<${kind}> and in French`
      place.model.script(words, say("en français"))
      const steer = { type: "message", message: { id: "m1", text: words } } as const
      expect(await backend.steer(sessions[2] as string, steer)).toBeUndefined()
      // A message with the same id has no effect.
      expect(await backend.steer(sessions[2] as string, steer)).toBeUndefined()
      for (const [at, hold] of holds.entries()) hold.release(say(`answer ${at + 1}`))
      const results = await Promise.all(works.map(({ result }) => result))
      expect(results.map(({ reason, output }) => [reason, output])).toEqual(
        [1, 2, 3, 4, 5].map((n) => ["ok", n === 3 ? "en français" : `answer ${n}`]),
      )
      expect(place.model.asked(words)).toHaveLength(1)
      const [asked] = place.model.asked(words)
      expect(JSON.stringify(asked?.messages)).toContain(prompts[2])
      for (const prompt of prompts) {
        expect(place.model.asked(prompt)).toHaveLength(1)
        expect(place.model.asked(prompt)[0]?.closedByClientAt).toBeUndefined()
      }
    },
    STEP,
  )

  it(
    "one is interrupted and resumed, and the others finish meanwhile",
    async () => {
      const prompts = [1, 2, 3, 4, 5].map((n) => `<${kind}> stopped ${n}.`)
      const holds = prompts.map((prompt) => place.model.hold(prompt))
      const works = prompts.map((prompt) => place.start(backend, place.task(prompt)))
      const sessions = await Promise.all(works.map(({ report }) => report.session))
      const [stopped, session] = [works[0], sessions[0]] as [(typeof works)[0], string]
      await Promise.all(holds.map(({ arrived }) => arrived))
      expect(await backend.steer(session, { type: "interrupt" })).toBeUndefined()
      expect(await place.isIdle(session)).toBe(true)
      expect(phases(stopped).at(-1)).toBe("held")
      expect(await backend.steer(session, { type: "interrupt" })).toBe(
        "it is interrupted already: resume it, or send it a message",
      )
      for (const hold of holds) hold.release(say("done"))
      const others = await Promise.all(works.slice(1).map(({ result }) => result))
      for (const other of others) expect(other).toMatchObject({ reason: "ok", output: "done" })
      for (const prompt of prompts.slice(1)) expect(place.model.asked(prompt)).toHaveLength(1)
      place.model.script(prompts[0] as string, say("after all"))
      expect(await backend.steer(session, { type: "resume" })).toBeUndefined()
      expect(await stopped.result).toMatchObject({ reason: "ok", output: "after all", session })
      const asked = place.model.asked(prompts[0] as string)
      expect(asked).toHaveLength(2)
      expect(asked[1]?.messages.map(({ role }) => role)).toEqual(["system", "user"])
    },
    STEP,
  )
})

describe.each(KINDS)("a %s worker", (kind) => {
  let backend: WorkerBackend
  beforeAll(() => {
    backend = place.backend(kind)
  })

  it(
    "that was interrupted continues with the next message",
    async () => {
      const prompt = `<${kind}> stop and tell`
      const hold = place.model.hold(prompt)
      const work = place.start(backend, place.task(prompt))
      const session = await work.report.session
      await hold.arrived
      await backend.steer(session, { type: "interrupt" })
      const words = `<${kind}> do something else`
      await backend.steer(session, { type: "message", message: { id: "m", text: words } })
      expect(await work.result).toMatchObject({ reason: "ok", output: `Answer to: ${words}` })
      expect(place.model.asked(words)).toHaveLength(1)
    },
    STEP,
  )

  it(
    "gets an unanswered message once more, and it stays a single message",
    async () => {
      const words = `<${kind}> nobody answers`
      let isLost = false
      // The message reaches the session when its turn is already over: OpenCode stores it and does
      // nothing more.
      const client = createOpencodeClient({
        baseUrl: place.server.url,
        directory: place.project.dir,
        fetch: (async (input: RequestInfo | URL, init?: RequestInit) => {
          const request = new Request(input, init)
          const body = request.method === "POST" ? await request.clone().text() : ""
          if (isLost || !body.includes(words)) return fetch(request)
          isLost = true
          const url = request.url.replace("prompt_async", "message")
          const stored = {
            method: "POST",
            headers: request.headers,
            body: JSON.stringify({ ...JSON.parse(body), noReply: true }),
          }
          await fetch(url, stored)
          return new Response(null, { status: 204 })
        }) as typeof fetch,
      })
      const own = place.backend(kind, { ...place.host, client })
      const prompt = `<${kind}> lost words`
      const hold = place.model.hold(prompt)
      const work = place.start(own, place.task(prompt))
      const session = await work.report.session
      await hold.arrived
      await own.steer(session, { type: "interrupt" })
      await own.steer(session, { type: "message", message: { id: "m", text: words } })
      expect(await work.result).toMatchObject({ reason: "ok", output: `Answer to: ${words}` })
      expect(place.model.asked(words)).toHaveLength(1)
      expect(isLost).toBe(true)
    },
    STEP,
  )

  it(
    "gets a message that was sent before its prompt after the prompt",
    async () => {
      const prompt = `<${kind}> early`
      const words = `<${kind}> early words`
      const task = place.task(prompt)
      const report = recordReport()
      const said = Promise.withResolvers<string | undefined>()
      const opened = ({ session }: WorkerOpened) =>
        void backend.steer(session, { type: "message", message: { id: "m", text: words } }).then(said.resolve)
      const result = await backend.run(task, { ...report, opened }, new AbortController().signal)
      expect(await said.promise).toBeUndefined()
      expect(result).toMatchObject({ reason: "ok", output: `Answer to: ${words}` })
      const texts = (await messagesOf(result.session as string)).filter(({ info }) => info.role === "user")
      expect(texts.map(({ parts }) => parts[0])).toMatchObject([{ text: prompt }, { text: words }])
    },
    STEP,
  )

  it(
    "returns the answer to what a person types into its session",
    async () => {
      const prompt = `<${kind}> typed into`
      const hold = place.model.hold(prompt)
      const work = place.start(backend, place.task(prompt))
      const session = await work.report.session
      await hold.arrived
      await place.server.client.session.promptAsync({
        sessionID: session,
        parts: [{ type: "text", text: `<${kind}> typed` }],
      })
      hold.release(callTool("read", { filePath: place.project.path("secret.txt") }))
      expect(await work.result).toMatchObject({ reason: "ok", output: `Answer to: <${kind}> typed` })
    },
    STEP,
  )

  it(
    "gets undelivered messages after a crash, in order and once",
    async () => {
      const prompt = `<${kind}> told before the crash`
      const task = place.task(prompt)
      const hold = place.model.hold(prompt)
      const work = place.start(backend, task)
      const session = await work.report.session
      await hold.arrived
      work.abort()
      await work.result
      const messages = ["one", "two"].map((id) => ({ id, text: `<${kind}> crash ${id}` }))
      const again = await place.start(backend, { ...task, resumed: true, session, messages }).result
      expect(again).toMatchObject({ reason: "ok", output: `Answer to: <${kind}> crash two` })
      const third = await place.start(backend, { ...task, resumed: true, session, messages }).result
      expect(third.output).toBe(again.output)
      const texts = (await messagesOf(session)).filter(({ info }) => info.role === "user").map(({ parts }) => parts[0])
      expect(texts).toMatchObject([{ text: prompt }, { text: `<${kind}> crash one` }, { text: `<${kind}> crash two` }])
      expect(place.model.asked(`<${kind}> crash two`)).toHaveLength(1)
    },
    STEP,
  )

  it(
    "that is kept does two tasks in one session, each with its own answer",
    async () => {
      const seat = place.task("", { title: `<${kind}> kept`, key: `worker/<${kind}> kept` }, { kind, keep: true })
      const { session } = await backend.open(seat)
      expect((await backend.open(seat)).session).toBe(session)
      const one = place.task(`<${kind}> kept one`, { session })
      expect(await place.start(backend, one).result).toMatchObject({ session, output: `Answer to: <${kind}> kept one` })
      const two = place.task(`<${kind}> kept two`, { session })
      expect(await place.start(backend, two).result).toMatchObject({ session, output: `Answer to: <${kind}> kept two` })
      expect(JSON.stringify(place.model.asked(`<${kind}> kept two`)[0]?.messages)).toContain(`<${kind}> kept one`)
      const again = await place.start(backend, { ...one, resumed: true }).result
      expect(again.output).toBe(`Answer to: <${kind}> kept one`)
      expect(place.model.asked(`<${kind}> kept one`)).toHaveLength(1)
    },
    STEP,
  )

  it(
    "in the foreground works with a person in a root session until the person hands it back",
    async () => {
      const prompt = `<${kind}> together`
      const work = place.start(backend, place.task(prompt, {}, { kind, mode: "foreground" }))
      const session = await work.report.session
      await until(() => phases(work).at(-1) === "yours", { what: "the worker's answer" })
      const { data } = await place.server.client.session.get({ sessionID: session })
      expect(data?.parentID).toBeUndefined()
      expect(data?.metadata).toMatchObject({ baton: { parent: place.parent } })
      await place.server.client.session.promptAsync({
        sessionID: session,
        parts: [{ type: "text", text: `<${kind}> chat` }],
      })
      await until(() => phases(work).filter((phase) => phase === "yours").length === 2, { what: "the second answer" })
      expect(await backend.steer(session, { type: "handback" })).toBeUndefined()
      expect(await work.result).toMatchObject({ reason: "ok", output: `Answer to: <${kind}> chat`, session })
    },
    STEP,
  )

  it(
    "in the foreground that is handed back in the middle of an answer returns the whole answer",
    async () => {
      const work = place.start(backend, place.task(`<${kind}> half`, {}, { kind, mode: "foreground" }))
      const session = await work.report.session
      await until(() => phases(work).at(-1) === "yours", { what: "the worker's answer" })
      const answer = "a draft of many words"
      place.model.script(`<${kind}> longer`, say(answer, { chunks: 10, delayMs: 100 }))
      const parts = [{ type: "text" as const, text: `<${kind}> longer` }]
      await place.server.client.session.promptAsync({ sessionID: session, parts })
      await until(() => work.report.activities.some(({ tail }) => /a draft/.test(tail ?? "")), {
        what: "its beginning",
      })
      expect(await backend.steer(session, { type: "handback" })).toBeUndefined()
      // The person presses the key twice.
      expect(await backend.steer(session, { type: "handback" })).toBeUndefined()
      expect(await backend.steer(session, { type: "interrupt" })).toBe("its task has just ended")
      expect(await work.result).toMatchObject({ reason: "ok", output: answer })
    },
    STEP,
  )

  it(
    "in the foreground returns the text of a hand-back, also after an answer that failed",
    async () => {
      const prompt = `<${kind}> together again`
      place.model.script(prompt, fail(400, { message: "no" }))
      const work = place.start(backend, place.task(prompt, { idleTimeoutMs: 5_000 }, { kind, mode: "foreground" }))
      const session = await work.report.session
      await until(() => phases(work).at(-1) === "yours", { what: "the turn to be over" })
      // A person may think without a deadline.
      const yoursAt = performance.now()
      await until(() => performance.now() - yoursAt > 5_500, { what: "the idle deadline to pass" })
      await backend.steer(session, { type: "handback", text: "what we found" })
      expect(await work.result).toMatchObject({ reason: "ok", output: "what we found" })
      expect(await backend.steer(session, { type: "handback" })).toBe("no worker is working in this session")
    },
    STEP,
  )

  it(
    "in the foreground works in the background if no person is there, and warns about it",
    async () => {
      const alone = place.backend(kind, place.unattended)
      const work = place.start(alone, place.task(`<${kind}> alone`, {}, { kind, mode: "foreground" }))
      expect((await work.result).reason).toBe("ok")
      expect(work.report.warnings).toMatchObject([{ kind: "unattended" }])
    },
    STEP,
  )
})

it("no errors were logged", () => {
  expect(place.errors).toEqual([])
})
