import { createOpencodeClient } from "@opencode-ai/sdk/v2"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callTool, fail, say } from "../../scripts/scripted-model.ts"
import type { WorkerBackend } from "../../src/core/ports/ports.ts"
import type { HostEvent } from "../../src/host/host.ts"
import { liveWorkerContract, workerContract } from "../contract/worker-backend.ts"
import { until } from "./support/until.ts"
import { contractWorld, KINDS, openWorkplace, type Workplace } from "./support/workers.ts"

/** Tests workers that are root sessions, and what they have in common with child sessions. */

const START = 120_000
const STEP = 60_000

let place: Workplace
beforeAll(async () => {
  place = await openWorkplace({ "secret.txt": "ABRACADABRA" })
}, START)
afterAll(() => place?.[Symbol.asyncDispose](), START)

const sessionOf = async (sessionID: string) => (await place.server.client.session.get({ sessionID })).data

describe("the contract of every worker", () => {
  workerContract(() => Promise.resolve(contractWorld(place, place.backend("agent"))), STEP)
  liveWorkerContract(() => Promise.resolve(contractWorld(place, place.backend("agent"))), STEP)
})

describe("an agent worker", () => {
  it(
    "is a root session that records its parent session, and a resumed task finds it again",
    async () => {
      const backend = place.backend("agent")
      const task = place.task("where am I?")
      const { session } = await place.start(backend, task).result
      const found = await sessionOf(session as string)
      expect(found?.parentID).toBeUndefined()
      expect(found).toMatchObject({ title: task.title, metadata: { baton: { key: task.key, parent: place.parent } } })
      expect((await place.start(backend, { ...task, resumed: true }).result).session).toBe(session)
      expect(place.model.asked("where am I?")).toHaveLength(1)
    },
    STEP,
  )

  it(
    "runs without a parent session",
    async () => {
      const { parent: _none, ...task } = place.task("from nowhere")
      expect(await place.start(place.backend("agent"), task).result).toMatchObject({ reason: "ok" })
    },
    STEP,
  )
})

describe.each(KINDS)("a %s worker", (kind) => {
  let backend: WorkerBackend
  beforeAll(() => {
    backend = place.backend(kind)
  })
  /** Creates a session, prompts it with each text, and returns its id. */
  const conversation = async (title: string, ...words: string[]) => {
    const { client } = place.server
    const { data } = await client.session.create({ title })
    const sessionID = data?.id as string
    for (const text of words) await client.session.prompt({ sessionID, parts: [{ type: "text", text }] })
    return sessionID
  }

  it(
    "gets a digest or all of its parent session exactly once, also after a crash",
    async () => {
      const parent = await conversation(
        `About <${kind}> apples`,
        `<${kind}> first`,
        `<${kind}> middle`,
        `<${kind}> last`,
      )
      for (const start of ["brief", "fork"] as const) {
        const prompt = `<${kind}> knows ${start}`
        const task = place.task(prompt, { parent }, { start })
        const work = place.start(backend, task)
        expect((await work.result).reason).toBe("ok")
        const context = work.report.sessions[0]?.context as string
        for (const part of [`About <${kind}> apples`, `<${kind}> first`, `<${kind}> last`, `Answer to: <${kind}> last`])
          expect(context).toContain(part)
        expect(context.includes(`<${kind}> middle`)).toBe(start === "fork")
        const sent = JSON.stringify(place.model.asked(prompt)[0]?.messages)
        expect(sent.split("You were started from another session")).toHaveLength(2)
        const again = place.start(backend, { ...task, resumed: true })
        expect((await again.result).reason).toBe("ok")
        expect(again.report.sessions[0]?.context).toBe(context)
        expect(place.model.asked(prompt)).toHaveLength(1)
      }
    },
    STEP,
  )

  it(
    "fails without asking its model when its parent session cannot be read",
    async () => {
      const prompt = `<${kind}> knows nothing`
      const work = place.start(
        backend,
        place.task(prompt, { parent: "ses_gone" }, { start: "brief", model: "scripted/small" }),
      )
      expect((await work.result).reason).toBe("error")
      expect(place.model.asked(prompt)).toHaveLength(0)
    },
    STEP,
  )

  it(
    "has at most the permissions of its parent session, and starts workers only if allowed",
    async () => {
      const { data } = await place.server.client.session.create({
        title: "careful",
        permission: [{ permission: "edit", pattern: "*", action: "deny" }],
      })
      const prompt = `<${kind}> may what?`
      const rules = [{ permission: "edit", pattern: "*", action: "allow" }] as const
      const work = place.start(backend, place.task(prompt, { parent: data?.id as string }, { permission: rules }))
      const { session } = await work.result
      const tools = place.model.asked(prompt)[0]?.tools
      expect(tools).toContain("read")
      for (const tool of ["edit", "write", "task"]) expect(tools).not.toContain(tool)
      const denied = (await sessionOf(session as string))?.permission?.filter((rule) => rule.action === "deny")
      for (const permission of ["worker_ask", "workflow_run", "workflow_status", "workflow_control"])
        expect(denied).toContainEqual({ permission, pattern: "*", action: "deny" })
    },
    STEP,
  )

  it(
    "may run what its profile lists under the policy allow-listed, and is refused the rest",
    async () => {
      const ask = [{ permission: "bash", pattern: "*", action: "ask" }] as const
      const { data } = await place.server.client.session.create({ title: "asks", permission: [...ask] })
      const worker = { permission: [{ permission: "bash", pattern: "echo *", action: "allow" }] } as const
      const asks = { policy: "allow-listed", otherwise: "deny" } as const
      for (const [command, told] of [
        ["echo listed", "listed"],
        ["touch unlisted", "Nobody is here to allow `bash`"],
      ] as const) {
        const prompt = `<${kind}> ${command}`
        place.model.script(prompt, callTool("bash", { command, description: "runs" }), say("went on"))
        const work = place.start(backend, place.task(prompt, { parent: data?.id as string, asks }, worker))
        expect(await work.result).toMatchObject({ reason: "ok", output: "went on" })
        expect(place.model.asked(prompt)[1]?.toolResults.join()).toContain(told)
        expect(work.report.asks.size).toBe(0)
      }
    },
    STEP,
  )

  it(
    "that another model answers gets a warning, and fails if its profile is pinned",
    async () => {
      for (const pin of [false, true]) {
        const prompt = `<${kind}> pinned ${pin}`
        const hold = place.model.hold(prompt)
        const work = place.start(backend, place.task(prompt, {}, { model: "scripted/small", pin }))
        const sessionID = await work.report.session
        await hold.arrived
        const model = { providerID: "scripted", modelID: "large" }
        await place.server.client.session.promptAsync({ sessionID, model, parts: [{ type: "text", text: "and now?" }] })
        hold.release(say("…"))
        const result = await work.result
        if (pin)
          expect(result).toMatchObject({
            reason: "error",
            detail: "pinned to scripted/small, answered by scripted/large",
          })
        else expect([result.reason, work.report.warnings[0]?.kind]).toEqual(["ok", "model"])
      }
    },
    STEP,
  )

  it(
    "continues with another model under the same user message",
    async () => {
      const prompt = `<${kind}> falls back`
      place.model.script(prompt, fail(402), say("the large one"))
      const task = place.task(prompt, {}, { model: "scripted/small" })
      const { session, outage } = await place.start(backend, task).result
      expect(outage).toEqual({ cause: "quota", model: "scripted/small" })
      const next = { ...task, resumed: true, profile: { ...task.profile, model: "scripted/large" } }
      const result = await place.start(backend, { ...next, ...(session ? { session } : {}) }).result
      expect(result).toMatchObject({ reason: "ok", output: "the large one", model: "scripted/large", session })
      const { data } = await place.server.client.session.messages({ sessionID: session as string })
      expect(data?.map(({ info }) => info.role)).toEqual(["user", "assistant"])
    },
    STEP,
  )

  it(
    "whose turn succeeds makes two requests to the server",
    async () => {
      const asked: string[] = []
      const client = createOpencodeClient({
        baseUrl: place.server.url,
        directory: place.project.dir,
        fetch: ((input: RequestInfo | URL, init?: RequestInit) => {
          const request = new Request(input, init)
          asked.push(`${request.method} ${new URL(request.url).pathname.replace(/ses_\w+/, "ID")}`)
          return fetch(request)
        }) as typeof fetch,
      })
      const own = place.backend(kind, { ...place.host, client })
      const first = place.task(`<${kind}> first of two`)
      await place.start(own, first).result
      asked.length = 0
      const second = place.task(`<${kind}> second of two`, {}, { permission: first.profile.permission })
      const { session } = await place.start(own, { ...second, profile: first.profile }).result
      expect(session).toBeTruthy()
      expect(asked).toEqual(["POST /session", "POST /session/ID/prompt_async"])
    },
    STEP,
  )

  it(
    "reports its pending request and its result after a gap in the events",
    async () => {
      let isDeaf = false
      const listeners = new Set<(event: HostEvent) => void>()
      place.host.subscribe((event) => {
        if (!isDeaf) for (const listener of listeners) listener(event)
      })
      const subscribe = (listener: (event: HostEvent) => void) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      }
      const own = place.backend(kind, { ...place.host, subscribe })
      const prompt = `<${kind}> unheard`
      const hold = place.model.hold(prompt)
      const asking = { permission: [{ permission: "bash", pattern: "*", action: "ask" }] } as const
      const work = place.start(own, place.task(prompt, { asks: { policy: "ask", otherwise: "deny" } }, asking))
      await hold.arrived
      isDeaf = true
      place.model.script(prompt, say("heard"))
      hold.release(callTool("bash", { command: "true", description: "nothing" }))
      await until(async () => (await place.server.client.permission.list({})).data?.length, { what: "the request" })
      expect(work.report.asks.size).toBe(0)
      for (const listener of listeners) listener({ type: "baton.reconnected", properties: {} })
      const ask = await until(() => [...work.report.asks.values()][0], { what: "the ask" })
      expect(await own.answer(ask.id, { type: "allow" }, { by: "tester", from: "inbox" })).toBeUndefined()
      expect(await work.result).toMatchObject({ reason: "ok", output: "heard" })
    },
    STEP,
  )

  it(
    "whose model does not exist reports an outage of that model",
    async () => {
      const result = await place.start(backend, place.task("never", {}, { model: "scripted/huge" })).result
      expect(result).toMatchObject({ reason: "error", outage: { cause: "unknown", model: "scripted/huge" } })
    },
    STEP,
  )

  it(
    "stops the sessions below its own when it is stopped",
    async () => {
      const { client } = place.server
      const prompt = `<${kind}> has children`
      const [hold, below] = [place.model.hold(prompt), place.model.hold(`<${kind}> grandchild`)]
      const work = place.start(backend, place.task(prompt))
      const session = await work.report.session
      await hold.arrived
      const { data: child } = await client.session.create({ parentID: session, title: "child" })
      const { data: grandchild } = await client.session.create({ parentID: child?.id as string, title: "grandchild" })
      const sessionID = grandchild?.id as string
      await client.session.promptAsync({ sessionID, parts: [{ type: "text", text: `<${kind}> grandchild` }] })
      await below.arrived
      const before = performance.now()
      work.abort()
      expect((await work.result).reason).toBe("aborted")
      expect(performance.now() - before).toBeLessThan(5_000)
      expect(await place.isIdle(sessionID)).toBe(true)
      expect(await place.isIdle(session)).toBe(true)
    },
    STEP,
  )

  it(
    "that is opened in advance is one session that OpenCode shows, and its model is not asked",
    async () => {
      const seat = place.task("", { title: `<${kind}> later`, key: `worker/<${kind}> later` })
      const before = place.model.requests.length
      const { session } = await backend.open(seat)
      expect((await sessionOf(session))?.title).toBe(`<${kind}> later`)
      const shown = () =>
        place.server.events.some(
          ({ payload }) => payload.type === "session.updated" && payload.properties.info.id === session,
        )
      await until(shown, { what: "the session to be shown" })
      expect((await backend.open(seat)).session).toBe(session)
      expect(place.model.requests).toHaveLength(before)
    },
    STEP,
  )
})

it("no errors were logged", () => {
  expect(place.errors).toEqual([])
})
