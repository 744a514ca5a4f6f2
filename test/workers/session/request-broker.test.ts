import { expect, it } from "vitest"
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

function openBroker() {
  const { target, calls } = openTarget()
  const report = recordReport()
  const broker = new RequestBroker({
    target,
    session: "s",
    asks: { policy: "ask", otherwise: "deny" },
    rules: [],
    report,
    onChange: () => undefined,
  })
  /** What the server says is open, when it says so. */
  const listed = Promise.withResolvers<unknown[]>()
  calls["permission.list"] = () => listed.promise
  return { broker, report, listed }
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
