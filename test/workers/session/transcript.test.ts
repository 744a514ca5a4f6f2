import type { AssistantMessage, Part, UserMessage } from "@opencode-ai/sdk/v2"
import { expect, it } from "vitest"
import type { HostEvent } from "../../../src/host/host.ts"
import { Transcript } from "../../../src/workers/session/transcript.ts"
import { answersTo, verdictOf } from "../../../src/workers/session/verdict.ts"
import { writtenBy } from "../../../src/workers/session/written.ts"

const SESSION = "ses_1"
const model = { providerID: "scripted", modelID: "small" }

const asked: UserMessage = {
  id: "msg_q",
  sessionID: SESSION,
  role: "user",
  time: { created: 1 },
  agent: "build",
  model,
}
const answering: AssistantMessage = {
  id: "msg_a",
  sessionID: SESSION,
  role: "assistant",
  time: { created: 2 },
  parentID: "msg_q",
  ...model,
  mode: "build",
  agent: "build",
  path: { cwd: "/", root: "/" },
  cost: 0,
  tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } },
}
const answered: AssistantMessage = { ...answering, time: { created: 2, completed: 3 }, finish: "stop", cost: 0.5 }

const message = (info: UserMessage | AssistantMessage): HostEvent => ({
  id: "evt",
  type: "message.updated",
  properties: { sessionID: SESSION, info },
})
const part = (over: { id: string } & ({ type: "step-start" } | { type: "text"; text: string })): HostEvent => ({
  id: "evt",
  type: "message.part.updated",
  properties: { sessionID: SESSION, time: 2, part: { sessionID: SESSION, messageID: "msg_a", ...over } as Part },
})

const call = (id: string, tool: string): HostEvent => ({
  id: "evt",
  type: "message.part.updated",
  properties: {
    sessionID: SESSION,
    time: 2,
    part: {
      sessionID: SESSION,
      messageID: "msg_a",
      id,
      type: "tool",
      callID: id,
      tool,
      state: { status: "completed", input: {}, output: "", title: "", metadata: {}, time: { start: 2, end: 2 } },
    },
  },
})

const TURN: readonly HostEvent[] = [
  message(asked),
  message(answering),
  part({ id: "prt_1", type: "step-start" }),
  part({ id: "prt_2", type: "text", text: "" }),
  part({ id: "prt_2", type: "text", text: "All of it." }),
  message(answered),
]

function verdictAfter(...events: readonly HostEvent[]) {
  const transcript = new Transcript()
  for (const event of events) transcript.hear(event)
  const answers = answersTo(transcript.entries(), "msg_q")
  return { verdict: verdictOf(answers), cost: answers[0]?.info.cost }
}

it("the last version of every message and part is kept, so that the answer and its price can be read", () => {
  expect(verdictAfter(...TURN)).toEqual({ verdict: { reason: "ok", output: "All of it." }, cost: 0.5 })
})

it("there is no verdict before the events have reported the end", () => {
  for (let heard = 0; heard < TURN.length; heard++)
    expect(verdictAfter(...TURN.slice(0, heard)).verdict).toBeUndefined()
})

it("there is no verdict on a prompt that was not heard", () => {
  expect(verdictAfter(...TURN.slice(1)).verdict).toBeUndefined()
})

it("there is no verdict once events may have been missed", () => {
  expect(verdictAfter(...TURN, { type: "baton.reconnected", properties: {} }).verdict).toBeUndefined()
})

it("messages and parts that the server removes are forgotten", () => {
  const properties = { sessionID: SESSION, messageID: "msg_a" }
  const withoutText: HostEvent = {
    id: "e",
    type: "message.part.removed",
    properties: { ...properties, partID: "prt_2" },
  }
  expect(verdictAfter(...TURN, withoutText).verdict?.reason).toBe("empty")
  expect(verdictAfter(...TURN, { id: "e", type: "message.removed", properties }).verdict).toBeUndefined()
})

it("the files that tool calls wrote are kept, without their content and without other calls", () => {
  const call = (id: string, tool: string, metadata: object): HostEvent =>
    part({
      id,
      type: "tool",
      tool,
      callID: id,
      state: { status: "completed", input: { content: "whole file" }, output: "long", title: "", metadata, time: {} },
    } as never)
  const transcript = new Transcript()
  const heard = [
    call("prt_3", "write", { filepath: "/p/a.ts", exists: true, diagnostics: { long: 1 } }),
    call("prt_4", "edit", { filediff: { file: "/p/b.ts", patch: "long" }, diff: "long" }),
    call("prt_5", "read", { preview: "long" }),
  ]
  for (const event of [message(asked), message(answering), ...heard, message(answered)]) transcript.hear(event)
  const [answer] = answersTo(transcript.entries(), "msg_q")
  expect(answer?.parts.flatMap(writtenBy)).toEqual(["/p/a.ts", "/p/b.ts"])
  expect(JSON.stringify(answer?.parts)).not.toMatch(/long|whole file/)
})

it("an answer before calls that only record it is read from the events", () => {
  const calls = { ...answered, finish: "tool-calls" }
  const last = { ...answered, id: "msg_b" }
  const records = [call("prt_3", "todowrite"), call("prt_4", "todoread"), call("prt_5", "worker_result")]
  expect(verdictAfter(...TURN.slice(0, -1), ...records, message(calls), message(last)).verdict).toEqual({
    reason: "ok",
    output: "All of it.",
  })
})
