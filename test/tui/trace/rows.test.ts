import { expect, it } from "vitest"
import type { Trace, TraceRow } from "../../../src/core/view/trace.ts"
import { traceDocument } from "../../../src/tui/trace/document.ts"
import { ALL, nextFilter, type TraceSelection, withRows } from "../../../src/tui/trace/rows.ts"
import { doneStep } from "../support/runs.ts"

const row = (at: number, over: Partial<TraceRow>): TraceRow => ({
  at,
  kind: "work",
  tone: "plain",
  title: "x",
  text: "",
  tookMs: null,
  ...over,
})
const lines = (count: number) => Array.from({ length: count }, (_, at) => `line ${at + 1}`).join("\n")
const TRACE: Trace = {
  rows: [
    row(1_000, { title: "asked a/one" }),
    row(1_200, { kind: "tool", tone: "bad", title: "bash: npm test (exit code 1)", text: lines(20), tookMs: 3_400 }),
    row(66_000, { kind: "decision", title: "tried again by ann", text: "use bun" }),
  ],
  missing: ["The session ses_1 is gone."],
}
const step = doneStep("build", 8_000, { prompt: "Build it", output: "Built" })

function shown(selection: TraceSelection): string[] {
  const { facts, sections } = withRows(traceDocument(step, "r1", 0), TRACE, selection)
  return [
    ...facts.slice(0, 1).map(({ label }) => label),
    ...sections.flatMap(({ heading, text }) => [heading ?? "", text]),
  ]
    .flatMap((text) => text.split("\n"))
    .filter((text) => text.trim() !== "")
}

it("the trace rows follow prompt and output, long texts are shortened, and missing data is reported", () => {
  expect(shown(ALL)).toEqual([
    "State",
    "Prompt",
    "Build it",
    "Output",
    "Built",
    "The session ses_1 is gone.",
    "What happened: everything (3)",
    "+0.0s    · asked a/one",
    "+0.2s    ✗ bash: npm test (exit code 1) · 3.4s",
    ...lines(5).split("\n"),
    "… 15 more lines",
    "+1m 05s  · tried again by ann",
    "use bun",
  ])
})

it("a filter or a search shows only the matching trace rows, with their whole text", () => {
  const tools = shown({ filter: "tools", words: "" })
  expect(tools.slice(0, 3)).toEqual([
    "The session ses_1 is gone.",
    "What happened: tools (1 of 3)",
    "+0.2s    ✗ bash: npm test (exit code 1) · 3.4s",
  ])
  expect(tools.at(-1)).toBe("line 20")
  expect(shown({ filter: "all", words: "BUN" }).slice(1)).toEqual([
    "What happened: everything with “BUN” (1 of 3)",
    "+1m 05s  · tried again by ann",
    "use bun",
  ])
  expect(shown({ filter: "messages", words: "" }).at(-1)).toBe("No matching rows.")
})

it("the trace filters cycle and return to everything", () => {
  const seen = [ALL.filter]
  while (seen.length < 6) seen.push(nextFilter(seen.at(-1) ?? "all"))
  expect(seen).toEqual(["all", "messages", "tools", "decisions", "problems", "all"])
})

it("a trace that is too long to draw at once shows its newest rows and says so", () => {
  const many: Trace = { rows: Array.from({ length: 1_000 }, (_, at) => row(at, { title: `call ${at}` })), missing: [] }
  const { sections } = withRows(traceDocument(step, "r1", 0), many, { filter: "all", words: "call" })
  const text = sections.flatMap(({ heading, text: own }) => [heading ?? "", own]).filter((one) => one !== "")
  expect(text[0]).toContain("(1000)")
  expect(text[1]).toBe("… the first 700 are left out: filter or search to see them")
  expect(text).toHaveLength(302)
  expect(text.at(-1)).toContain("call 999")
})
