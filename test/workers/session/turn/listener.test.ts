import { expect, it } from "vitest"
import type { Heard } from "../../../../src/workers/session/turn/heard.ts"
import { SessionListener } from "../../../../src/workers/session/turn/listener.ts"
import { openTarget } from "../support.ts"

const model = { id: "a", role: "assistant", time: { created: 1 }, cost: 0.5 }
const tokens = { input: 10, output: 1, reasoning: 1, cache: { read: 0, write: 0 } }
const answer = (over: object = {}) => ({ info: { ...model, tokens, sessionID: "s", parentID: "q", ...over } })
/** What is heard of an answer: that it is endless, or finished. */
const heardAnswer = (isEndless: boolean, isFinished: boolean): Heard => ({
  type: "answer",
  isEndless,
  answer: { messageID: "a", to: "q", createdAt: 1, isFinished },
})

function listen() {
  const { target, emit } = openTarget()
  const heard: Heard[] = []
  const listener = new SessionListener({
    target,
    session: "s",
    broker: { hear: () => undefined },
    onHeard: (one) => void heard.push(one),
  })
  return { listener, heard, emit }
}

it("adds up what every model step spent; an unknown price is null", () => {
  const { listener, emit } = listen()
  for (const id of ["one", "two", "two"]) emit("message.updated", answer({ id }))
  expect(listener.progress(true)).toMatchObject({ tokens: { input: 20, output: 4 }, cost: 1 })
  expect(listener.progress(false).cost).toBeNull()
})

it.each<[string, string, object, Heard]>([
  ["the session is busy", "session.status", { sessionID: "s", status: { type: "busy" } }, { type: "busy" }],
  ["its status is idle", "session.status", { sessionID: "s", status: { type: "idle" } }, { type: "paused" }],
  [
    "the provider makes it wait",
    "session.status",
    { sessionID: "s", status: { type: "retry", attempt: 1, message: "slow down", next: 5 } },
    { type: "retry", message: "slow down", next: 5 },
  ],
  ["the session is idle", "session.idle", { sessionID: "s" }, { type: "idle" }],
  [
    "an error",
    "session.error",
    { sessionID: "s", error: { name: "UnknownError", data: { message: "no such agent" } } },
    { type: "error", failure: { reason: "error", detail: "no such agent" } },
  ],
  [
    "an error without a word",
    "session.error",
    { sessionID: "s" },
    { type: "error", failure: { reason: "error", detail: "OpenCode reported an error" } },
  ],
  ["an answer", "message.updated", answer(), heardAnswer(false, false)],
  [
    "a stream that broke off, not yet complete",
    "message.updated",
    answer({ finish: "unknown" }),
    heardAnswer(false, false),
  ],
  [
    "a stream that broke off",
    "message.updated",
    answer({ finish: "unknown", time: { created: 1, completed: 2 } }),
    heardAnswer(true, false),
  ],
  [
    "a finished answer",
    "message.updated",
    answer({ finish: "stop", time: { created: 1, completed: 2 } }),
    heardAnswer(false, true),
  ],
  ["an answer whose end is not complete", "message.updated", answer({ finish: "stop" }), heardAnswer(false, false)],
  [
    "an answer that goes on after its tools",
    "message.updated",
    answer({ finish: "tool-calls", time: { created: 1, completed: 2 } }),
    heardAnswer(false, false),
  ],
  [
    "an answer that failed",
    "message.updated",
    answer({ finish: "stop", error: { name: "UnknownError", data: {} }, time: { created: 1, completed: 2 } }),
    heardAnswer(false, false),
  ],
  [
    "the summary of a compaction",
    "message.updated",
    answer({ finish: "stop", summary: true, time: { created: 1, completed: 2 } }),
    { type: "answer", isEndless: false },
  ],
  [
    "a user's message",
    "message.updated",
    { info: { id: "m", role: "user", sessionID: "s" } },
    { type: "user", messageID: "m" },
  ],
  [
    "a tool that runs",
    "message.part.updated",
    {
      part: {
        type: "tool",
        sessionID: "s",
        messageID: "a",
        callID: "c",
        tool: "bash",
        state: { status: "running", input: {} },
      },
    },
    { type: "tool", call: "c", tool: "bash", messageID: "a", isRunning: true },
  ],
  [
    "a call that is still being written",
    "message.part.updated",
    {
      part: {
        type: "tool",
        sessionID: "s",
        messageID: "a",
        callID: "c",
        tool: "bash",
        state: { status: "pending", input: {} },
      },
    },
    { type: "tool", call: "c", tool: "bash", messageID: "a", isRunning: false },
  ],
  [
    "text",
    "message.part.updated",
    { part: { type: "text", sessionID: "s", messageID: "a", text: "" } },
    { type: "life" },
  ],
  ["a piece of text", "message.part.delta", { sessionID: "s", field: "text", delta: "x" }, { type: "life" }],
  ["the event stream was broken", "baton.reconnected", {}, { type: "missed" }],
])("%s", (_, type, properties, expected) => {
  const { heard, emit } = listen()
  emit(type, properties)
  expect(heard).toEqual([expected])
})

it("events of other sessions are not heard, and none once it is closed", () => {
  const { listener, heard, emit } = listen()
  emit("session.idle", { sessionID: "other" })
  listener.close()
  emit("session.idle", { sessionID: "s" })
  expect(heard).toEqual([])
})
