import { expect, it } from "vitest"
import type { AskPolicy } from "../../../src/core/model/workflow.ts"
import type { HostEvent } from "../../../src/host/host.ts"
import { RequestBroker } from "../../../src/workers/session/request-broker.ts"
import { recordReport } from "../../support/workers.ts"
import { openTarget } from "./support.ts"

const asked = {
  type: "permission.asked",
  properties: { id: "per_1", sessionID: "s", permission: "bash", patterns: ["ls"], metadata: {}, always: [] },
} as unknown as HostEvent
const replied = {
  type: "permission.replied",
  properties: { sessionID: "s", requestID: "per_1", reply: "once" },
} as unknown as HostEvent

/** The same of a command of so many lines. */
const askedFor = (lines: number) => {
  const command = Array.from({ length: lines }, (_, at) => `echo ${at}`).join("\n")
  return { ...asked, properties: { ...asked.properties, metadata: { command } } } as unknown as HostEvent
}

const IN_OPENCODE = { by: "a person", from: "opencode" }
const ANN = { by: "ann", from: "inbox" } as const
/** The same request under another id, and an answer to it from elsewhere. */
const other = { ...asked, properties: { ...asked.properties, id: "per_2" } } as unknown as HostEvent
const told = (requestID: string, reply: "once" | "always" | "reject") =>
  ({ type: "permission.replied", properties: { sessionID: "s", requestID, reply } }) as unknown as HostEvent

function openBroker(asks: Partial<AskPolicy> = {}, isAttended = true) {
  const { target: found, calls, clock } = openTarget()
  const target = { ...found, host: { ...found.host, isAttended } }
  const report = recordReport()
  const broker = new RequestBroker({
    target,
    session: "s",
    asks: { policy: "ask", otherwise: "deny", ...asks },
    rules: [],
    report,
    onChange: () => undefined,
  })
  /** What the server says is open, when it says so. */
  const listed = Promise.withResolvers<unknown[]>()
  calls["permission.list"] = () => listed.promise
  calls["permission.reply"] = () => true
  return { broker, report, listed, calls, clock }
}

it("a request that arrives while open requests are looked up is kept", async () => {
  const { broker, report, listed } = openBroker()
  const reading = broker.reread()
  broker.hear(asked)
  listed.resolve([])
  await reading
  expect([...report.asks.keys()]).toEqual(["per_1"])
})

it("a request that is answered while open requests are looked up is not reported again", async () => {
  const { broker, report, listed } = openBroker()
  broker.hear(asked)
  const reading = broker.reread()
  broker.hear(replied)
  listed.resolve([asked.properties])
  await reading
  expect(report.asks.size).toBe(0)
})

it("a closed broker accepts no request", async () => {
  const { broker, report, listed } = openBroker()
  const reading = broker.reread()
  broker.close()
  listed.resolve([asked.properties])
  await reading
  expect(report.asks.size).toBe(0)
})

it("a request for a long command says how many of its lines are left out", () => {
  const long = openBroker()
  long.broker.hear(askedFor(30))
  expect(long.report.asks.get("per_1")?.details).toHaveLength(12)
  expect(long.report.asks.get("per_1")).toMatchObject({ more: 19 })
  const short = openBroker()
  short.broker.hear(askedFor(11))
  expect(short.report.asks.get("per_1")).not.toHaveProperty("more")
})

it("an answer in OpenCode's own prompt is a person's, and is recorded once", () => {
  const { broker, report } = openBroker()
  broker.hear(asked)
  expect(report.requests).toMatchObject([{ id: "per_1", title: "bash: ls" }])
  broker.hear(replied)
  broker.hear(replied)
  expect(report.replies).toEqual([{ id: "per_1", answer: "allow", ...IN_OPENCODE }])
})

it.each(["before", "after"])("an answer from the inbox is recorded once, its event %s its response", async (when) => {
  const { broker, report, calls } = openBroker()
  broker.hear(asked)
  if (when === "before")
    calls["permission.reply"] = () => {
      broker.hear(replied)
      return true
    }
  expect(await broker.answer("per_1", { type: "allow" }, ANN)).toBeUndefined()
  if (when === "after") broker.hear(replied)
  expect(report.replies).toEqual([{ id: "per_1", answer: "allow", ...ANN }])
})

it("an answer that could not be sent is not recorded", async () => {
  const { broker, report, calls } = openBroker()
  broker.hear(asked)
  calls["permission.reply"] = () => new Response(null, { status: 500 })
  expect(await broker.answer("per_1", { type: "allow" }, ANN)).toContain("500")
  expect(report.replies).toEqual([])
})

it("a person who is faster in OpenCode than another one in the inbox is the one who answered", async () => {
  const { broker, report, calls } = openBroker()
  broker.hear(asked)
  calls["permission.reply"] = () => {
    broker.hear(told("per_1", "reject"))
    return true
  }
  await broker.answer("per_1", { type: "allow" }, ANN)
  expect(report.replies).toEqual([{ id: "per_1", answer: "deny", ...IN_OPENCODE }])
})

it("an answer that OpenCode applies to other requests counts as given by the same person", async () => {
  const { broker, report } = openBroker()
  broker.hear(asked)
  broker.hear(other)
  await broker.answer("per_1", { type: "always" }, ANN)
  broker.hear(told("per_2", "always"))
  expect(report.replies).toEqual(["per_1", "per_2"].map((id) => ({ id, answer: "always", ...ANN })))
})

it("an answer that was given while events were missed is known only as one", async () => {
  const { broker, report, listed } = openBroker()
  broker.hear(asked)
  listed.resolve([])
  await broker.reread()
  expect(report.replies).toEqual([{ id: "per_1", answer: "unknown", by: "somebody", from: "opencode" }])
})

it.each([
  ["asks: deny", "policy", { policy: "deny" }, true],
  ["asks: allow-listed", "policy", { policy: "allow-listed" }, false],
  ["asks: ask", "unattended", { policy: "ask" }, false],
  ["asks: deny after its time limit", "timeout", { policy: "ask", timeoutMs: 1_000 }, true],
] as const)("a refusal by %s is recorded as one of %s", async (by, from, asks, isAttended) => {
  const { broker, report, clock } = openBroker(asks, isAttended)
  broker.hear(asked)
  clock.advance(1_000)
  await expect.poll(() => report.replies).toMatchObject([{ id: "per_1", answer: "deny", by, from }])
})

it("a later refusal in OpenCode is not that of the person who refused an earlier request in the inbox", async () => {
  const { broker, report } = openBroker()
  broker.hear(asked)
  await broker.answer("per_1", { type: "deny", message: "no" }, ANN)
  broker.hear(told("per_1", "reject"))
  broker.hear(other)
  broker.hear(told("per_2", "reject"))
  expect(report.replies.at(-1)).toMatchObject({ id: "per_2", ...IN_OPENCODE })
})

it("what a worker asked for is refused by its stop, and by nobody else", () => {
  const { broker, report } = openBroker()
  broker.hear(asked)
  broker.stop()
  broker.hear(told("per_1", "reject"))
  expect(report.replies).toEqual([{ id: "per_1", answer: "deny", by: "Baton", from: "stop" }])
})
