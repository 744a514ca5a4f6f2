import type { Message, Part } from "@opencode-ai/sdk/v2"
import { expect, it } from "vitest"
import { transcriptRows } from "../../src/host/session-transcript.ts"

/** Messages as OpenCode 1.18.33 gives them, what does not matter left out. */
const user = (created: number, text: string, over: object = {}) =>
  entry({ role: "user", time: { created } }, { type: "text", text, ...over })
const answer = (created: number, ...parts: object[]) =>
  entry(
    {
      role: "assistant",
      time: { created, completed: created + 500 },
      providerID: "a",
      modelID: "one",
      cost: 0.25,
      tokens: { input: 1_000, output: 20, reasoning: 5, cache: { read: 200, write: 34 } },
    },
    ...parts,
  )
const entry = (info: object, ...parts: object[]) => ({ info: info as Message, parts: parts as unknown as Part[] })
const marked = (task: string) => ({ metadata: { baton: { task } } })
const call = (tool: string, state: object) => ({ type: "tool", tool, state })
const done = (over: object) => ({
  status: "completed",
  input: {},
  output: "",
  title: "",
  metadata: {},
  time: { start: 10, end: 40 },
  ...over,
})

it("a transcript shows messages with model, tokens and cost, and tool calls with duration and outcome", () => {
  const rows = transcriptRows(
    [
      user(1, "You were started from another session.", { ...marked("t"), synthetic: true }),
      user(2, "Build it", marked("t")),
      answer(
        3,
        { type: "reasoning", text: "hm", time: { start: 4 } },
        call("bash", done({ title: "npm test", output: "2 failed\n", metadata: { exit: 1 } })),
        call("edit", done({ title: "a.ts", output: "Edit applied", metadata: { diff: "-a\n+b" } })),
        call("read", {
          status: "error",
          input: { filePath: "no.ts" },
          error: "File not found",
          time: { start: 50, end: 51 },
        }),
        call("task", { status: "running", input: { prompt: "look\nfar" }, time: { start: 60 } }),
      ),
      user(70, "use bun"),
      answer(80, { type: "text", text: "Done." }),
    ],
    "t",
  )
  expect(rows.map(({ kind, tone, title, text, tookMs }) => [kind, tone, title, text, tookMs])).toEqual([
    ["message", "plain", "told beforehand", "You were started from another session.", null],
    ["message", "plain", "asked", "Build it", null],
    ["message", "plain", "a/one called bash, edit, read, task · 1,234 in, 25 out · $0.25", "", 500],
    ["message", "plain", "thought", "hm", null],
    ["tool", "bad", "bash: npm test (exit code 1)", "2 failed", 30],
    ["tool", "good", "edit: a.ts", "-a\n+b", 30],
    ["tool", "bad", "read: no.ts", "File not found", 1],
    ["tool", "plain", "task: look (runs)", "", null],
    ["message", "plain", "said in its session", "use bun", null],
    ["message", "plain", "a/one answered · 1,234 in, 25 out · $0.25", "Done.", 500],
  ])
})

it("the transcript of a kept worker shows only its task, and that of a session without marks shows everything", () => {
  const entries = [
    user(1, "first", marked("t/1")),
    answer(2, { type: "text", text: "one" }),
    user(3, "second", marked("t/2")),
    answer(4, { type: "text", text: "two" }),
    user(5, "third", marked("t/3")),
  ]
  const texts = (task: string) => transcriptRows(entries, task).map(({ text }) => text)
  expect(texts("t/2")).toEqual(["second", "two"])
  expect(texts("t/1")).toEqual(["first", "one"])
  expect(texts("other")).toEqual(["first", "one", "second", "two", "third"])
})

it("a transcript shows a failed answer, and nothing that no model read", () => {
  const failed = entry({ ...answer(2).info, error: { name: "APIError", data: { message: "no such key" } } })
  const rows = transcriptRows([user(1, "ours", { ...marked("t"), ignored: true }), failed], "t")
  expect(rows.map(({ tone, title, text }) => [tone, title, text])).toEqual([
    ["bad", "a/one failed · 1,234 in, 25 out · $0.25", "no such key"],
  ])
  const message = JSON.stringify({ message: "no credits", code: 402 })
  const torn = entry({ ...answer(2).info, error: { name: "UnknownError", data: { message } } })
  expect(transcriptRows([user(1, "ours", marked("t")), torn], "t").at(-1)?.text).toBe("no credits")
})
