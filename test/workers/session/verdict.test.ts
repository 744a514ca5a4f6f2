import type { AssistantMessage, Part } from "@opencode-ai/sdk/v2"
import { describe, expect, it } from "vitest"
import { type Entry, markOf } from "../../../src/host/entries.ts"
import {
  answersTo,
  lastWordsOf,
  textOf,
  tokensOf,
  turnOf,
  verdictOf,
  verdictOfSilence,
} from "../../../src/workers/session/verdict.ts"

/** Messages as OpenCode stores them, in their smallest form. */
const text = (content: string, over: object = {}) => ({ type: "text", text: content, ...over }) as unknown as Part
const user = (id: string, ...parts: Part[]): Entry => ({ info: { id, role: "user" } as Entry["info"], parts })
const assistant = (parts: Part[], over: object = {}): Entry & { info: AssistantMessage } => ({
  info: {
    id: "msg_a",
    role: "assistant",
    time: { created: 1, completed: 2 },
    finish: "stop",
    tokens: { input: 10, output: 2, reasoning: 1, cache: { read: 5, write: 0 } },
    ...over,
  } as unknown as AssistantMessage,
  parts,
})

describe("verdictOf", () => {
  const error = (name: string, data: object = {}) => ({ error: { name, data }, finish: undefined })
  const rows: readonly (readonly [string, Entry & { info: AssistantMessage }, string | undefined])[] = [
    ["text and a proper finish", assistant([text("hi")]), "ok"],
    ["no text", assistant([]), "empty"],
    ["white space", assistant([text(" \n")]), "empty"],
    ["characters without a width", assistant([text("\u200b\u2060\ufeff")]), "empty"],
    ["the output limit", assistant([text("hi")], { finish: "length" }), "truncated"],
    ["a stream without an end", assistant([text("hi")], { finish: "unknown" }), "truncated"],
    ["a stream without anything", assistant([], { finish: "unknown" }), "empty"],
    ["an error in the stream", assistant([text("hi")], { finish: "error" }), "error"],
    ["an error before the first word", assistant([], { finish: "error" }), "error"],
    ["a content filter that cut it", assistant([text("hi")], { finish: "content-filter" }), "truncated"],
    ["a tool call, more to come", assistant([text("hi")], { finish: "tool-calls" }), undefined],
    ["no time of completion", assistant([text("hi")], { time: { created: 1 } }), undefined],
    ["an abort", assistant([text("hi")], error("MessageAbortedError")), "aborted"],
    ["an API error", assistant([], error("APIError", { statusCode: 400, message: "no" })), "error"],
    ["too many requests", assistant([], error("APIError", { statusCode: 429, message: "slow" })), "quota"],
    ["no money", assistant([], error("APIError", { message: "Insufficient balance" })), "quota"],
    ["a bad key", assistant([], error("ProviderAuthError", { message: "key" })), "error"],
  ]
  for (const [what, entry, reason] of rows)
    it(`an answer with ${what} ${reason === undefined ? "is not over" : `ends as ${reason}`}`, () => {
      expect(verdictOf([entry])?.reason).toBe(reason)
    })

  it("an answer that a content filter cut says so", () => {
    expect(verdictOf([assistant([text("hi")], { finish: "content-filter" })])?.detail).toContain("content filter")
  })

  it("counts a provider's wait from the end of the answer, or from its beginning while it has no end", () => {
    const data = { statusCode: 429, message: "slow", responseHeaders: { "retry-after": "30" } }
    const untilAt = (time: object) => verdictOf([assistant([], { ...error("APIError", data), time })])?.outage
    expect(untilAt({ created: 1_000, completed: 5_000 })).toEqual({ cause: "quota", until: 35_000 })
    expect(untilAt({ created: 1_000 })).toEqual({ cause: "quota", until: 31_000 })
  })

  describe("of several messages, which tool calls connect", () => {
    const tool = (name: string, state: object = {}) =>
      ({ type: "tool", tool: name, state: { status: "completed", input: {}, ...state } }) as unknown as Part
    const list = (...states: string[]) =>
      tool("todowrite", { input: { todos: states.map((status) => ({ content: "do it", status })) } })
    const called = (...parts: Part[]) => assistant(parts, { finish: "tool-calls" })
    const said = (output: string) => ({ reason: "ok", output })
    const kept = (output: string) => ({
      reason: "empty",
      output,
      detail: expect.stringContaining("without writing anything after its last tool call"),
    })
    const begin = { type: "step-start" } as unknown as Part
    const rows: readonly (readonly [string, ReturnType<typeof assistant>[], object])[] = [
      [
        "an answer, then the todo list, then nothing",
        [called(text("all of it"), tool("todowrite")), assistant([])],
        said("all of it"),
      ],
      [
        "an answer, then the todo list, then a short word",
        [called(text("all of it"), tool("todowrite")), assistant([text("Done.")])],
        said("Done."),
      ],
      [
        "words, the todo list, then an answer",
        [called(text("I note the plan"), list("pending")), assistant([text('{"pick":"b"}')])],
        said('{"pick":"b"}'),
      ],
      [
        "a plan, its todo list with open items, then nothing",
        [called(text("I make a plan"), list("completed", "pending")), assistant([])],
        kept("I make a plan"),
      ],
      [
        "a plan, its todo list with an item in progress, then nothing",
        [called(text("I make a plan"), list("in_progress")), assistant([])],
        kept("I make a plan"),
      ],
      [
        "a plan, its open todo list, another call that records, then nothing",
        [called(text("I make a plan"), list("pending")), called(tool("todoread")), assistant([])],
        kept("I make a plan"),
      ],
      [
        "a plan with its open todo list, an answer with the done one, then nothing",
        [called(text("I make a plan"), list("pending")), called(text("all of it"), list("completed")), assistant([])],
        said("all of it"),
      ],
      [
        "an answer, a todo list that is done or cancelled, then nothing",
        [called(text("all of it"), list("completed", "cancelled")), assistant([])],
        said("all of it"),
      ],
      ...["pending", "running", "error"].map((status): [string, ReturnType<typeof assistant>[], object] => [
        `words, a todo list whose call is ${status}, then nothing`,
        [called(text("I make a plan"), tool("todowrite", { status })), assistant([])],
        kept("I make a plan"),
      ]),
      [
        "an answer with the todo list in a message that finishes with stop, then nothing",
        [assistant([text("all of it"), list("completed")]), assistant([])],
        said("all of it"),
      ],
      [
        "an answer and an open todo list in the last message",
        [assistant([text("all of it"), list("pending")])],
        said("all of it"),
      ],
      [
        "an answer, two calls that record, then nothing",
        [called(text("all of it"), tool("todowrite")), called(tool("worker_result")), assistant([])],
        said("all of it"),
      ],
      [
        "work, an answer with the todo list, then nothing",
        [called(text("I look"), tool("bash")), called(text("all of it"), tool("todowrite")), assistant([])],
        said("all of it"),
      ],
      [
        "words before work, then an answer",
        [called(text("I look"), tool("bash")), assistant([text("all of it")])],
        said("all of it"),
      ],
      [
        "work and the todo list in one message, after words",
        [called(text("I look"), tool("todowrite"), tool("bash")), assistant([])],
        kept("I look"),
      ],
      [
        "words, work, the todo list, then nothing",
        [called(text("I look"), tool("bash")), called(tool("todowrite")), assistant([])],
        kept("I look"),
      ],
      [
        "words, work, work, then nothing",
        [called(text("I look")), called(tool("read")), called(tool("bash")), assistant([])],
        kept("I look"),
      ],
      [
        "work, then nothing",
        [called(tool("bash")), assistant([])],
        { reason: "empty", output: "", detail: "the model finished without writing anything" },
      ],
      [
        "an answer to an earlier message, then nothing",
        [assistant([text("earlier")]), assistant([])],
        { reason: "empty", output: "" },
      ],
      [
        "half an answer in a stream that broke, then nothing",
        [assistant([text("ha")], { finish: "unknown" }), assistant([])],
        { reason: "empty", output: "" },
      ],
      [
        "words of a failed try, then the todo list, then nothing",
        [called(text("failed try"), begin, tool("todowrite")), assistant([])],
        { reason: "empty", output: "" },
      ],
      [
        "an answer with the todo list, then an answer cut off",
        [called(text("all of it"), tool("todowrite")), assistant([text("an")], { finish: "length" })],
        { reason: "truncated", output: "an" },
      ],
    ]
    it.each(rows)("%s", (_, answers, verdict) => {
      expect(verdictOf(answers)).toMatchObject(verdict)
    })
  })

  it("the verdict is that on the last message, and there is none without messages", () => {
    expect(verdictOf([assistant([text("first")]), assistant([text("second")])])?.output).toBe("second")
    expect(verdictOf([])).toBeUndefined()
  })
})

describe("lastWordsOf", () => {
  const words = (...answers: ReturnType<typeof assistant>[]) =>
    lastWordsOf([user("mine", text("q")), ...answers], "mine")
  const stopped = assistant([text("tw")], {
    finish: undefined,
    error: { name: "MessageAbortedError", data: { message: "" } },
  })
  it("what is handed back is the last whole answer, never half of one", () => {
    expect(words(assistant([text("one")]), stopped)).toEqual({ reason: "ok", output: "one" })
    const list = { type: "tool", tool: "todowrite", state: { status: "completed", input: {} } } as unknown as Part
    const noted = assistant([text("all"), list], { finish: "tool-calls" })
    expect(words(noted, assistant([]), stopped)).toEqual({ reason: "ok", output: "all" })
    expect(words(stopped)).toMatchObject({ reason: "truncated", output: "tw" })
    expect(words(assistant([]))).toMatchObject({ reason: "empty", output: "" })
    expect(words()).toMatchObject({ reason: "empty" })
  })
})

describe("answersTo", () => {
  const mine = user("mine", text("q"))
  const first = assistant([text("one")])
  it("the answers are those to the newest message, and earlier ones count as usage too", () => {
    const late = assistant([text("late")], { parentID: "mine" })
    const last = assistant([text("other")], { parentID: "next" })
    const entries = [user("before", text("x")), mine, first, user("next", text("y")), late, last]
    expect(answersTo(entries, "mine")).toEqual([last])
    expect(turnOf(entries, "mine")).toEqual([first, late, last])
  })

  it("the answers end where another task of the same session begins", () => {
    const task = (id: string) => user(id, text("q", { metadata: markOf(id) }))
    const entries = [task("one"), first, user("typed", text("y")), first, task("two"), assistant([text("other")])]
    expect(turnOf(entries, "one")).toEqual([first, first])
    expect(answersTo(entries, "two").map(({ parts }) => textOf(parts))).toEqual(["other"])
  })

  it("the answers continue after OpenCode has compacted the session, without its summary", () => {
    const summary = assistant([text("so far")], { summary: true })
    const last = assistant([text("the answer")])
    const compaction = user("c", { type: "compaction" } as unknown as Part)
    const goOn = user("g", text("Continue", { synthetic: true }))
    const entries = [mine, first, compaction, summary, goOn, last]
    expect(answersTo(entries, "mine")).toEqual([first, last])
    // The summary answers nothing, and costs all the same.
    expect(tokensOf(turnOf(entries, "mine"))).toEqual({ input: 45, output: 9 })
  })

  it("there are no answers to a message that never arrived", () => {
    expect(answersTo([first], "mine")).toEqual([])
  })
})

it("the text of a message is what came after its last try began", () => {
  const begin = { type: "step-start" } as unknown as Part
  expect(
    textOf([begin, text("failed try"), begin, text("the "), text("answer"), text("note", { ignored: true })]),
  ).toBe("the answer")
})

it("tokens count the cache as read and reasoning as written", () => {
  expect(tokensOf([assistant([]), assistant([])])).toEqual({ input: 30, output: 6 })
})

describe("verdictOfSilence", () => {
  it("an idle session without an end is a refused tool, a lost worker, an error or an empty answer", () => {
    const refused = { type: "tool", tool: "bash", state: { status: "error", error: "rejected" } } as unknown as Part
    expect(verdictOfSilence([assistant([refused], { finish: "tool-calls" })], undefined).reason).toBe("rejected")
    expect(verdictOfSilence([assistant([text("half")], { time: { created: 1 } })], undefined)).toMatchObject({
      reason: "worker-lost",
      output: "half",
    })
    const error = { reason: "error", detail: "no such agent" } as const
    expect(verdictOfSilence([], error)).toEqual({ ...error, output: "" })
    expect(verdictOfSilence([], undefined).reason).toBe("empty")
  })
})
