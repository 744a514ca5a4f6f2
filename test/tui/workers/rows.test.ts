import { describe, expect, it } from "vitest"
import { needsOf } from "../../../src/core/view/needs.ts"
import { answerChoices, headingOf, requestDetails, textLines } from "../../../src/tui/inbox/request-rows.ts"
import { widthOf } from "../../../src/tui/state/text.ts"
import { stateNow } from "../../../src/tui/state/view-model.ts"
import { statusBar } from "../../../src/tui/status-line/parts.ts"
import { workerActions, workerChoices } from "../../../src/tui/workers/rows.ts"
import { askView, runningStep, runView, workerView } from "../support/runs.ts"

const row = (choice: { title: string; description: string; footer: string }) =>
  `${choice.title}${choice.description} | ${choice.footer}`
const lineOf = (choice: { title: string; description: string; footer: string }) =>
  widthOf(choice.title) + widthOf(choice.description) + widthOf(choice.footer) + 2

const busy = workerView("build", {
  workflow: "feature",
  step: "build",
  state: "tool",
  tool: "bash",
  model: "anthropic/claude-sonnet",
  lastActivityAt: 9_000,
  tokens: { input: 12_000, output: 300 },
  cost: 0.12,
})
const idle = workerView("docs", { state: "idle", run: null, startedAt: null, isKept: true })

describe("the rows of /workers", () => {
  it("have the columns state, tool, step, kind and model, then time, silence, tokens and cost at the right", () => {
    const rows = workerChoices(
      [busy, workerView("a", { state: "silent", tokens: { input: 1, output: 0 }, cost: null })],
      12_000,
      108,
    ).map(row)
    expect(rows).toEqual([
      "◐ build working  bash  feature  subagent  claude-sonnet | 12s  3s ago  12.3k tokens          $0.12",
      "◌ a     silent                  subagent                | 12s              1 tokens  price unknown",
    ])
  })

  it("lose columns in a narrow terminal, but never the name, the state and the time", () => {
    for (const columns of [108, 80, 70, 56, 40, 30, 16]) {
      const rows = workerChoices([busy, idle], 12_000, columns)
      expect(rows[0]?.title).toBe("◐ build")
      expect(rows[0]?.description).toContain("working")
      for (const one of rows) expect(lineOf(one)).toBeLessThanOrEqual(Math.max(columns, 18))
    }
    const narrow = workerChoices([busy, idle], 12_000, 40).map(row)
    expect(narrow[0]).toBe("◐ build working  bash  feature | 12s")
  })

  it("separate kept from running workers, and name a state in words beside its icon", () => {
    expect(workerChoices([busy, idle], 0, 80).map(({ category }) => category)).toEqual(["Running", "Kept"])
    const states = ["queued", "asking", "held", "yours", "retrying"] as const
    const rows = workerChoices(
      states.map((state) => workerView(state, { state })),
      0,
      80,
    )
    expect(rows.map(({ description }) => description.trim().split("  ")[0])).toEqual([
      "queued",
      "needs you",
      "held",
      "your turn",
      "retrying",
    ])
  })

  it("show a worker as silent after a minute without a message", () => {
    const quiet = workerView("a", { state: "working", lastActivityAt: 0 })
    expect([stateNow(quiet, 59_000), stateNow(quiet, 60_000)]).toEqual(["working", "silent"])
    expect(stateNow({ ...quiet, state: "tool" }, 600_000)).toBe("tool")
  })
})

it("the actions of a worker depend on its state", () => {
  const titles = (worker: Parameters<typeof workerActions>[0]) => workerActions(worker).map(({ line }) => line)
  expect(titles(busy)).toEqual([
    "/workers open ses_build",
    "/workers ask ses_build",
    "/workers interrupt ses_build",
    "/trace build",
    "/workers stop ses_build",
  ])
  expect(titles({ ...busy, state: "held" })).toContain("/workers resume ses_build")
  expect(titles({ ...busy, state: "yours", mode: "foreground" })).toContain("/handback ses_build")
  expect(titles({ ...busy, kind: "server" })).not.toContain("/workers open ses_build")
  // The other half of the plugin may be newer.
  expect(titles({ ...busy, kind: "later" as "cli" })).not.toContain("/workers open ses_build")
  expect(titles(idle)).toEqual([
    "/workers open ses_docs",
    "/workers ask ses_docs",
    "/workers summarize ses_docs",
    "/trace docs",
    "/workers forget docs",
  ])
})

it("the descriptions of answers are aligned in a column, and cut ones are marked", () => {
  const answers = [
    { title: "CHANGELOG.md", description: "in the root of the repository" },
    { title: "docs", description: "old" },
    { title: "Answer in your own words…" },
  ]
  expect(answerChoices(answers, 30)).toEqual([
    { title: "CHANGELOG.md", description: " in the root of…", isTruncated: true },
    { title: "docs        ", description: " old", isTruncated: false },
    { title: "Answer in your own words…", description: "", isTruncated: false },
  ])
})

describe("the details under the answers to a request", () => {
  const ask = askView("per_1", {
    title: "bash: npm test && echo done",
    details: ["echo done", "npm test", "npm test && echo done", "Runs the tests"],
  })

  it("leave out what the title already says, and repeat the title when the heading is cut", () => {
    const room = { columns: 80, rows: 9 }
    expect(requestDetails(ask, ask.title, ask.title, room)).toEqual(["Runs the tests"])
    expect(requestDetails(ask, ask.title, "bash: npm…", room)).toEqual([ask.title, "Runs the tests"])
    const questions = ["where?", "when?"].map((text) => ({ text, options: [], isMultiple: false }))
    const both = askView("que_1", { kind: "question", title: "where?", details: ["when?"], questions })
    expect(requestDetails(both, "where? (1 of 2)", "where? (1 of 2)", room)).toEqual([])
  })

  it("keep the lines of a question, and the heading says that it goes on", () => {
    const text = "Which tide?\n\n- spring: higher\n- neap:   lower  \n\nThink of the harbour."
    const questions = [text, "One\nmore?"].map((text) => ({ text, options: [], isMultiple: false }))
    const ask = askView("que_1", { kind: "question", title: text, details: ["One\nmore?"], questions })
    expect(headingOf(text, 60)).toBe("Which tide? …")
    expect(headingOf("short", 60)).toBe("short")
    const lines = ["Which tide?", " ", "- spring: higher", "- neap:   lower", " ", "Think of the harbour."]
    expect(requestDetails(ask, text, headingOf(text, 60), { columns: 60, rows: 9 })).toEqual(lines)
    expect(requestDetails(ask, text, headingOf(text, 60), { columns: 60, rows: 4 })).toEqual([
      ...lines.slice(0, 3),
      "… 3 more lines",
    ])
    expect(textLines(text, { columns: 60, rows: 5 }).at(-1)).toBe("… 2 more lines")
    expect(textLines("a\nb\nc", { columns: 60, rows: 3 })).toEqual(["a", "b", "c"])
  })

  it("take no more rows than available, and say how many are left out", () => {
    const long = askView("per_2", { title: "edit: a.ts", details: ["one", "two two two two", "three", "four"] })
    const lines = (rows: number) => requestDetails(long, long.title, long.title, { columns: 10, rows })
    expect(lines(5)).toEqual(long.details)
    expect(lines(4)).toEqual(["one", "two two two two", "… 2 more lines"])
    expect(lines(0)).toEqual(["one", "… 3 more lines"])
    const cut = { ...long, more: 20 }
    const rest = (rows: number) => requestDetails(cut, cut.title, cut.title, { columns: 10, rows }).at(-1)
    expect([rest(9), rest(5), rest(0)]).toEqual(["… 20 more lines", "… 21 more lines", "… 23 more lines"])
  })
})

describe("the status line", () => {
  const bar = (given: Partial<Parameters<typeof statusBar>[0]>) => {
    const keys = { jump: "ctrl+x w", inbox: "ctrl+x i", message: "ctrl+x p" }
    const defaults = {
      runs: [],
      session: "parent",
      now: 12_000,
      width: 120,
      workers: [],
      canType: true,
      needs: [],
      keys,
    }
    const line = statusBar({ ...defaults, ...given })
    return line && [line.left, line.right].map((parts) => parts.map(({ text }) => text).join("")).join("|")
  }
  const run = runView({ steps: [runningStep("build")] })

  const needs = (count: number) =>
    needsOf(
      [],
      Array.from({ length: count }, (_, at) => askView(`per_${at}`)),
    )

  it("first says that something needs the person, also without a run", () => {
    expect(bar({ needs: needs(1) })).toBe("? 1 needs you (ctrl+x i) · build bash: echo|")
    expect(bar({ needs: needs(2), runs: [run] })).toMatch(/^\? 2 need you \(ctrl\+x i\) · ◐ demo 0\/1/)
  })

  it("shows in a worker's child session how to message it, in a shorter form where space is tight", () => {
    const shown = { runs: [run], workers: [workerView("build")], session: "ses_build", canType: false }
    expect(bar(shown)).toMatch(/\|press ctrl\+x p to message this worker {2}ctrl\+x w back$/)
    expect(bar({ ...shown, width: 72 })).toMatch(/\|press ctrl\+x p to message this worker$/)
    expect(bar({ ...shown, width: 50 })).toMatch(/\|ctrl\+x p message$/)
    expect(bar({ ...shown, canType: true })).not.toContain("message")
  })

  it("shows in the session of a worker that a person works with how to hand back", () => {
    const yours = workerView("docs", { state: "yours", mode: "foreground" })
    expect(bar({ workers: [yours], session: "ses_docs" })).toContain("you work with docs · /handback gives the result")
    expect(bar({ workers: [idle], session: "ses_docs" })).toMatch(/you work with docs .*\|ctrl\+x w back$/)
    expect(bar({ workers: [yours], session: "parent" })).toBeUndefined()
  })

  it("shows who is asked by a question, and for how long", () => {
    const asked = runView({ ask: "docs", steps: [runningStep("ask")] })
    expect(bar({ runs: [asked] })).toMatch(/^◐ docs is answering · 12s\|/)
  })

  it("shows what holds a paused run and the command that continues it", () => {
    const hold = { cause: "quota", detail: "anthropic is out of quota until 2026-11-21 15:04 UTC" } as const
    const line = bar({ runs: [runView({ status: "paused", hold, steps: [runningStep("build")] })] })
    expect(line).toContain("‖ demo paused at 0/1 · /workflow resume · anthropic is out of quota until")
  })
})
