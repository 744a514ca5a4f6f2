import { describe, expect, it } from "vitest"
import { budgetWords } from "../../../src/core/model/budget.ts"
import type { Verdict } from "../../../src/core/model/verdict.ts"
import {
  formatCheck,
  formatNeeds,
  formatRun,
  formatTrace,
  formatWorkers,
  formatWorkflows,
  headOf,
} from "../../../src/core/view/format.ts"
import { type GateView, openGates } from "../../../src/core/view/gate-view.ts"
import { MARKS } from "../../../src/core/view/marks.ts"
import { needsOf } from "../../../src/core/view/needs.ts"
import { countOf, formatCost, plural, shortCost } from "../../../src/core/view/numbers.ts"
import { type TraceRow, tokenWords } from "../../../src/core/view/trace.ts"
import {
  type PendingRequestView,
  type RunView,
  type StepView,
  viewRun,
  type WorkerView,
} from "../../../src/core/view/view.ts"
import { drive } from "../../support/drive.ts"
import { step } from "../../support/runs.ts"
import { runningStep, runView, stepView } from "../../tui/support/runs.ts"

const VERDICT: Verdict = {
  asked: 3,
  answered: 2,
  providers: ["p"],
  order: ["b", "a"],
  seed: 7,
  judge: "plan:judge",
  verdict: "pick",
  choice: "a",
  reasons: ["it is short"],
  dissent: ["b is safer"],
}

/** Returns the view of a run with one step, with some properties replaced. */
function shown(over: Partial<StepView> = {}, run: Partial<RunView> = {}): RunView & { readonly first: StepView } {
  const r = drive([step("a")])
  r.end("a")
  const view = viewRun(r.run, true)
  const first = { ...(view.steps[0] as StepView), ...over }
  return { ...view, ...run, steps: [first], first }
}

it("prices have enough digits to differ from zero", () => {
  expect([null, 0, 0.00004, 0.0999, 0.1, 12.345].map((usd) => formatCost(usd))).toEqual([
    "price unknown",
    "$0.00",
    "$0.0000",
    "$0.0999",
    "$0.10",
    "$12.35",
  ])
})

it("of a cost that is not wholly known, the known part is the least it can be", () => {
  expect(formatCost(null, 0.0223)).toBe("at least $0.0223")
  expect(formatCost(0.5, 0.5)).toBe("$0.50")
})

it("counts have thousands separators", () => {
  expect([0, 999, 1_000, 1_234_567].map(countOf)).toEqual(["0", "999", "1,000", "1,234,567"])
  expect([plural(0, "file"), plural(1, "file"), plural(2_000, "file")]).toEqual(["0 files", "1 file", "2,000 files"])
  expect(tokenWords({ input: 2_437, output: 36 })).toBe("2,437 in, 36 out")
})

it("a budget names each of its limits", () => {
  expect(budgetWords({ usd: 10, tokens: 5, timeMs: 60_000, workers: 2 })).toBe(
    "$10 and 5 tokens and 1m 00s of time and 2 workers",
  )
  expect(budgetWords({})).toBe("")
})

it("every state has a symbol one column wide", () => {
  for (const mark of Object.values(MARKS)) expect(mark).toHaveLength(1)
})

it("workflows are listed with their inputs, and broken ones with their problems", () => {
  const item = { name: "demo", description: "", inputs: [], isBuiltIn: false }
  const inputs = [
    { name: "topic", required: true },
    { name: "depth", required: false },
  ]
  const text = formatWorkflows([
    { ...item, inputs: inputs as never, description: "Shows it", isBuiltIn: true },
    { ...item, name: "bare" },
    { ...item, name: "bad", broken: "w.yaml:1:1: no\nw.yaml:2:1: nor that" },
  ] as never)
  expect(text.split("\n")).toEqual([
    "demo topic=… [depth=…]  (built in)",
    "  Shows it",
    "bare",
    "bad: cannot be run",
    "  w.yaml:1:1: no",
    "  w.yaml:2:1: nor that",
  ])
})

describe("a run as text", () => {
  it("has a line for each step, parts below their group, and the total usage", () => {
    const group = { type: "parallel" as const, steps: [step("x")] }
    const r = drive([{ ...step("g"), type: "parallel", group }, step("b", "g")])
    r.end("g:x", "error", 1, { detail: "no such key" })
    expect(formatRun(viewRun(r.run, true)).split("\n")).toEqual([
      "w · failed · run r",
      "failed    g (error) — 1 of 1 part did not succeed: x (error)",
      "failed      g:x (error) — no such key",
      "skipped   b — needs g, which did not succeed",
      "10 tokens in, 5 out, $0.25",
    ])
  })

  it("shows a step's tries, the answers of an ensemble, and warnings", () => {
    const warnings = [{ kind: "model", text: "another model answered" }] as never
    expect(
      formatRun(shown({ attempts: 2, verdict: VERDICT, warnings }))
        .split("\n")
        .slice(1, 3),
    ).toEqual(["success   a · 2 tries · 2/3 answered", "          warning: another model answered"])
  })

  it("names the command that continues a waiting run", () => {
    const hold = { cause: "quota" as const, detail: "out of quota" }
    const second = (run: RunView) => formatRun(run).split("\n")[1]
    expect(second(shown({}, { hold, endedAt: null }))).toBe("out of quota; go on with /workflow resume r")
    expect(second(shown({}, { hold, endedAt: 5 }))).toMatch(/^success/)
    expect(second(shown({}, { hold: { ...hold, cause: "budget" }, endedAt: null }))).toBe(
      "out of quota; go on with /workflow raise usd=… tokens=… r",
    )
    expect(second(shown({}, { hold: { ...hold, cause: "person" }, endedAt: null }))).toBe(
      "out of quota; go on with /workflow continue r",
    )
  })

  it("names the commands that decide its open gates", () => {
    const r = drive([step("a")], { intervene: "on-error" })
    r.end("a", "error")
    expect(formatRun(viewRun(r.run, true)).split("\n").slice(1, 4)).toEqual([
      "a failed (error)",
      "  /workflow continue a · /workflow retry a [message] · /workflow skip a · /workflow abort r",
      "waiting   a — failed (error)",
    ])
    const asked = drive([{ ...step("a"), type: "gate" }])
    expect(formatRun(viewRun(asked.run, true)).split("\n").slice(1, 3)).toEqual([
      "a: do a",
      "  /workflow continue a [answer] · /workflow skip a · /workflow abort r",
    ])
  })
})

describe("a step as text", () => {
  it("contains everything that is known about it", () => {
    const all: Partial<StepView> = {
      detail: "no such key",
      reason: "error",
      status: "failed",
      startedAt: 1_000,
      endedAt: 3_000,
      session: "ses",
      model: "p/two",
      requestedModel: "p/one",
      files: ["a.ts", "b.ts"],
      saved: "out.md",
      warnings: [{ kind: "model", text: "careful" }] as never,
      delegated: { runs: ["r2"], tokens: { input: 1, output: 2 }, cost: null, knownUsd: 0 },
      verdict: VERDICT,
      checks: [{ name: "npm test", isOk: true, severity: "error", detail: "exit code 0", output: "x" }],
      context: "the session so far",
      prompt: "do it",
      output: "done",
    }
    expect(formatTrace("r", shown(all).first).split("\n")).toEqual([
      "a · failed (error) · run r",
      "no such key",
      "profile worker (subagent), attempt 1",
      "model p/two (asked for p/one)",
      "session ses",
      "10 tokens in, 5 out, $0.25",
      "and delegated: 1 task to other workers: 1 tokens in, 2 out, price unknown",
      "took 2.0s",
      "wrote a.ts, b.ts",
      "its answer is in out.md",
      "warning: careful",
      "",
      "── verdict",
      "2 of 3 proposers answered (1 provider: p)",
      "plan:judge picked a; shown as b, a (seed 7)",
      "because: it is short",
      "dissent: b is safer",
      "",
      "── checks",
      "✓ npm test: exit code 0",
      "",
      "── context from the session it was started from",
      "the session so far",
      "",
      "── prompt",
      "do it",
      "",
      "── output",
      "done",
    ])
  })

  it("leaves out what is not known", () => {
    const tokens = { input: 0, output: 0 }
    const bare = {
      tokens,
      reason: null,
      status: "running" as const,
      output: "",
      model: null,
      startedAt: 1,
      endedAt: null,
    }
    expect(formatTrace("r", shown(bare).first).split("\n")).toEqual([
      "a · running · run r",
      "profile worker (subagent), attempt 1",
      "model unknown",
      "session none yet",
      "tokens and cost not known yet",
    ])
  })

  it("names the providers and the judge of a verdict, if any", () => {
    const none = { ...VERDICT, providers: [], judge: null, reasons: [], dissent: [] }
    expect(formatTrace("r", shown({ verdict: none }).first)).toContain(
      "2 of 3 proposers answered\nno verdict; shown as b, a (seed 7)",
    )
    const { choice: _, ...rest } = VERDICT
    expect(formatTrace("r", shown({ verdict: { ...rest, providers: ["p", "q"] } }).first)).toContain(
      "2 of 3 proposers answered (2 providers: p, q)\nplan:judge synthesized an answer;",
    )
  })

  it("counts the tasks that were delegated", () => {
    const delegated = { runs: ["r2", "r3"], tokens: { input: 1, output: 2 }, cost: 0, knownUsd: 0 }
    expect(formatTrace("r", shown({ delegated }).first)).toContain(
      "2 tasks to other workers: 1 tokens in, 2 out, $0.00",
    )
  })

  it("shows the gate in the place of the detail, and no worker for a group", () => {
    const gate = { why: "error", detail: "failed (idle)" } as never
    const text = formatTrace("r", shown({ gate, detail: "failed (idle)", type: "parallel", attempts: 2 }).first)
    expect(text.split("\n").slice(1, 3)).toEqual(["waits for a person: a failed (idle)", "parallel, attempt 2"])
    expect(formatTrace("r", shown({ type: "gate" }).first)).not.toContain("profile")
  })

  it("lists what happened, with the time since the start and the first lines of each text", () => {
    const row: TraceRow = { at: 1_000, kind: "work", tone: "good", title: "done", text: "", tookMs: null }
    const long = Array.from({ length: 10 }, (_, at) => `line ${at}`).join("\n")
    const rows: TraceRow[] = [
      { ...row, tone: "plain", title: "asked" },
      { ...row, at: 3_000, tone: "bad", title: "bash: ls", text: long, tookMs: 2_000 },
      { ...row, at: 4_000, tone: "warn" },
      { ...row, at: 5_000 },
    ]
    const text = formatTrace("r", shown().first, { rows, missing: ["ses is gone"] })
    expect(text.split("── what happened\n")[1]?.split("\n")).toEqual([
      "ses is gone",
      "+0.0s      asked",
      "+2.0s    ✗ bash: ls · 2.0s",
      ...Array.from({ length: 8 }, (_, at) => `    line ${at}`),
      "    … 2 more lines",
      "+3.0s    ! done",
      "+4.0s    ✓ done",
    ])
  })
})

it("a text is cut only when that saves more than one line", () => {
  expect(headOf("", 2)).toEqual([])
  expect(headOf("a\nb\nc\n\n", 2)).toEqual(["a", "b", "c"])
  expect(headOf("a\nb\nc\nd", 2)).toEqual(["a", "b", "… 2 more lines"])
})

it("a failed check is shown with its output", () => {
  const check = { name: "npm test", detail: "exit code 1", output: "1 failed\n2 passed\n" }
  expect(formatCheck({ ...check, isOk: false, severity: "error" })).toBe(
    "✗ npm test: exit code 1\n    1 failed\n    2 passed",
  )
  expect(formatCheck({ ...check, isOk: false, severity: "warning", output: " \n" })).toBe("! npm test: exit code 1")
  expect(formatCheck({ ...check, isOk: true, severity: "warning" })).toBe("✓ npm test: exit code 1")
})

it("each worker has one line with what is known about it", () => {
  const idle: WorkerView = {
    name: "ann",
    profile: "coder",
    kind: "agent",
    mode: "background",
    state: "idle",
    run: null,
    workflow: null,
    step: null,
    depth: 0,
    model: null,
    tool: null,
    session: null,
    parent: null,
    startedAt: null,
    lastActivityAt: null,
    tokens: { input: 0, output: 0 },
    cost: null,
    isKept: true,
    tail: "",
  }
  const busy: WorkerView = {
    ...idle,
    name: "build",
    mode: "foreground",
    state: "tool",
    tool: "bash",
    workflow: "demo",
    step: "build",
    model: "p/m",
    session: "ses",
    startedAt: 1_000,
  }
  expect(formatWorkers([idle, busy, { ...idle, startedAt: 9_000 }], 4_000).split("\n")).toEqual([
    "ann · idle · agent coder",
    "build · tool bash · agent coder · foreground · p/m · step build of demo · 3.0s · ses",
    "ann · idle · agent coder · 0.0s",
  ])
})

it("gates are shown with the commands that decide them, and with their default", () => {
  const r = drive([step("a"), { ...step("b"), type: "gate" }], { intervene: "on-error" })
  r.end("a", "error")
  const gates = openGates(viewRun(r.run, true))
  const [failed, asked] = gates as [GateView, GateView]
  const needs = needsOf([viewRun(r.run, true)], []).flatMap((need) => (need.type === "gate" ? [need] : []))
  const [second, first] = needs as [(typeof needs)[0], (typeof needs)[0]]
  expect([first.gate, second.gate]).toEqual([failed, asked])
  const text = formatNeeds(
    [
      { ...first, gate: { ...failed, details: ["1 failed"] } },
      { ...second, gate: { ...asked, expiresAt: 0 } },
    ],
    failed.expiresAt - 60_000,
  )
  expect(text.split("\n")).toEqual([
    "a failed (error) (w)",
    "  1 failed",
    "  /workflow continue r/a",
    "  /workflow retry r/a [message]",
    "  /workflow skip r/a",
    "  /workflow abort r",
    "  in 1m 00s it is continued by itself",
    "",
    "b: do b (w)",
    "  /workflow continue r/b [answer]",
    "  /workflow skip r/b",
    "  /workflow abort r",
    expect.stringMatching(/^ {2}in 0\.0s it is \w+ by itself$/),
  ])
})

it("requests are shown with the commands that answer them", () => {
  const permission: PendingRequestView = {
    id: "p1",
    kind: "permission",
    worker: "build",
    profile: "coder",
    workerKind: "agent",
    workflow: "demo",
    run: "r",
    depth: 0,
    session: "ses",
    title: "bash",
    details: ["rm -rf x"],
    more: 3,
    questions: [],
    askedAt: 1_000,
    expiresAt: null,
  }
  const { more: _, ...rest } = permission
  const option = (label: string) => ({ label, description: "" })
  const questions = [{ text: "Which one?", options: [option("this"), option("that")], isMultiple: false }]
  const question: PendingRequestView = {
    ...rest,
    id: "q1",
    kind: "question",
    workflow: null,
    details: [],
    questions,
    askedAt: 9_000,
  }
  expect(formatNeeds(needsOf([], [permission, question]), 3_000).split("\n")).toEqual([
    "build (demo) waits 2.0s: bash",
    "  rm -rf x",
    "  … 3 more lines",
    "  /inbox allow|always|deny p1",
    "",
    "build waits 0.0s: bash",
    "  Which one?",
    "    - this",
    "    - that",
    "  /inbox answer q1 TEXT",
  ])
})

it.each<[Partial<Parameters<typeof runView>[0]>, string[]]>([
  [{ status: "interrupted" }, ["demo: interrupted at 0/1", "  /workflow resume r1", "  /workflow abort r1"]],
  [
    { status: "paused", hold: { cause: "budget", detail: "spent" } },
    ["demo: paused at 0/1: spent", "  /workflow raise usd=… tokens=… r1", "  /workflow abort r1"],
  ],
])("a run that waits as a whole is shown with the commands that continue or end it: %j", (run, lines) => {
  expect(formatNeeds(needsOf([runView({ id: "r1", workflow: "demo", steps: [stepView("a")], ...run })], []), 0)).toBe(
    lines.join("\n"),
  )
})

it("a step that a person works on is shown with the command that hands its result back", () => {
  const steps = [runningStep("a", { mode: "foreground" })]
  expect(formatNeeds(needsOf([runView({ workflow: "demo", steps })], []), 0)).toBe(
    "a (demo): you work with it until /handback\n  /handback [text]",
  )
})

it.each([
  [0.0223, 0.0223, "$0.0223"],
  [null, 0.0223, "≥$0.0223"],
  [null, 0, "$?"],
])("a cost of %j of which %d is known has the cell %s", (cost, known, shown) => {
  expect(shortCost(cost, known, "$?")).toBe(shown)
})

it("a step of an interrupted run is interrupted in the text of the run too", () => {
  const steps = [{ ...runningStep("a"), isInterrupted: true } as const]
  expect(formatRun(runView({ status: "interrupted", steps }))).toContain("interrupted a")
})
