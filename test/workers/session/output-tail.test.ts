import { expect, it } from "vitest"
import type { HostEvent } from "../../../src/host/host.ts"
import { OutputTail } from "../../../src/workers/session/output-tail.ts"

const heard = (type: string, properties: object) => ({ id: "e", type, properties }) as unknown as HostEvent
const answer = (id: string, role = "assistant") => heard("message.updated", { info: { id, role } })
const text = (id: string, said: string, messageID = "m1") =>
  heard("message.part.updated", { part: { id, messageID, type: "text", text: said } })
const delta = (partID: string, said: string, field = "text") =>
  heard("message.part.delta", { messageID: "m1", partID, field, delta: said })
const call = (callID: string, tool: string, input: object) =>
  heard("message.part.updated", {
    part: { id: `p${callID}`, messageID: "m1", callID, type: "tool", tool, state: { status: "running", input } },
  })

function tailOf(...events: readonly HostEvent[]): string {
  const tail = new OutputTail()
  for (const event of events) tail.hear(event)
  return tail.toString()
}

it("the tail follows a text as it grows, by deltas and whole parts, without repeating anything", () => {
  expect(
    tailOf(answer("m1"), text("p1", ""), delta("p1", "Hello "), delta("p1", "wor"), text("p1", "Hello world")),
  ).toBe("Hello world")
  expect(tailOf(answer("m1"), text("p1", "Hel"), text("p1", "Hello"))).toBe("Hello")
})

it("the tail names each tool call once and begins the next text on a new line", () => {
  const said = tailOf(
    answer("m1"),
    text("p1", "I look."),
    call("c1", "bash", { command: "npm test" }),
    call("c1", "bash", { command: "npm test" }),
    call("c2", "read", { filePath: "a.ts" }),
    text("p2", "Done."),
    text("p3", "Really."),
  )
  expect(said).toBe("I look.\n› bash npm test\n› read a.ts\nDone.\nReally.")
})

it("the tail leaves out prompts and reasoning", () => {
  const thought = heard("message.part.updated", { part: { id: "r1", messageID: "m1", type: "reasoning", text: "hm" } })
  expect(tailOf(answer("u1", "user"), text("p0", "Do it", "u1"), answer("m1"), thought, delta("r1", "hm"))).toBe("")
})

it("the tail keeps 2,000 characters, however much is written", () => {
  const events = Array.from({ length: 500 }, (_, at) => delta("p1", `line ${at}\n`))
  const said = tailOf(answer("m1"), text("p1", ""), ...events)
  expect(said).toHaveLength(2_000)
  expect(said.endsWith("line 499\n")).toBe(true)
})
