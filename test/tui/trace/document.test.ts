import { expect, it } from "vitest"
import { formatTrace } from "../../../src/core/view/format.ts"
import { traceDocument } from "../../../src/tui/trace/document.ts"
import { doneStep, gateStep, runningStep, stepView } from "../support/runs.ts"

const fact = (document: ReturnType<typeof traceDocument>, label: string) =>
  document.facts.find((row) => row.label === label)?.value

it("the trace shows the model that answered beside the requested one, and an unknown price as unknown", () => {
  const step = doneStep("review", 8_000, {
    requestedModel: "a/one",
    model: "b/two",
    prompt: "Do it\n",
    output: "Done\n\n",
  })
  const document = traceDocument(step, "r1", 0)
  expect(fact(document, "Model")).toBe("b/two (asked for a/one)")
  expect(fact(document, "Cost")).toBe("price unknown")
  expect(fact(document, "Time")).toBe("8.0s")
  expect(document.sections.map((section) => section.text)).toEqual(["Do it", "Done"])
})

it("the trace names the files that the worker wrote, and the file with its answer", () => {
  const step = doneStep("build", 8_000, { files: ["a.ts", "b.ts"], saved: "docs/plan.md" })
  const files = traceDocument(step, "r1", 0).facts.flatMap(({ label, value }) => (label === "Files" ? [value] : []))
  expect(files).toEqual(["a.ts, b.ts", "its answer: docs/plan.md"])
  expect(formatTrace("r1", step)).toContain("wrote a.ts, b.ts\nits answer is in docs/plan.md")
})

it("the trace says how an ensemble reached its answer", () => {
  const verdict = { asked: 3, answered: 2, providers: [], order: ["a", "b"], seed: 1, judge: "opus" }
  const step = doneStep("plan", 8_000, {
    verdict: { ...verdict, verdict: "pick", choice: "a", reasons: ["short"], dissent: [] },
  })
  const [first] = traceDocument(step, "r1", 0).sections
  expect(first).toMatchObject({ heading: "Verdict", text: expect.stringContaining("2 of 3 proposers answered") })
  expect(first?.text).toContain("because: short")
})

it("the trace says why a step failed", () => {
  const step = stepView("review", { status: "failed", reason: "timeout", detail: "no answer in 20m", model: "a/one" })
  const document = traceDocument(step, "r1", 0)
  expect(fact(document, "State")).toBe("✗ failed · timeout")
  expect(fact(document, "Why")).toBe("no answer in 20m")
})

it("the trace of a running or pending step shows no final model or cost", () => {
  const running = traceDocument(runningStep("a", { requestedModel: "a/one" }), "r1", 65_000)
  expect([fact(running, "Time"), fact(running, "Model"), fact(running, "Cost")]).toEqual([
    "1m 05s so far",
    "a/one",
    "not known yet",
  ])
  expect(formatTrace("r1", runningStep("a"))).toContain("tokens and cost not known yet")
  const pending = traceDocument(stepView("b"), "r1", 0)
  expect([fact(pending, "Model"), fact(pending, "Session")]).toEqual(["not chosen yet", "none"])
  expect(pending.sections.map((section) => section.text)).toEqual(["Not asked yet.", "Nothing."])
})

it("the trace of a gate, a check, a group and a loop names no worker, model, session or cost that they do not have", () => {
  const worker = ["Profile", "Model", "Session", "Tokens", "Cost"]
  const asking = gateStep(
    "approve",
    { why: "gate", detail: "Ship it?" },
    { type: "gate", session: null, prompt: "Ship it?" },
  )
  const open = traceDocument(asking, "r1", 0)
  expect(open.facts.map(({ label }) => label).filter((label) => worker.includes(label))).toEqual([])
  expect(fact(open, "Done by")).toBe("gate: a person decides")
  expect(open.sections).toEqual([{ heading: "Asked", text: "Ship it?", tone: "text" }])
  const decided = doneStep("approve", 1, { type: "gate", prompt: "Ship it?", output: "yes, ship it", session: null })
  expect(traceDocument(decided, "r1", 0).sections.map(({ heading, text }) => [heading, text])).toEqual([
    ["Asked", "Ship it?"],
    ["Answer", "yes, ship it"],
  ])
  const others = [
    [doneStep("lint", 1, { type: "check", session: null }), "check: its checks decide"],
    [runningStep("all", { type: "parallel", session: null }), "parallel"],
    [runningStep("all", { type: "parallel", parts: 2, session: null }), "parallel, 2 parts"],
    [runningStep("fix", { parts: 1, session: null }), "loop of coder, 1 round"],
  ] as const
  for (const [step, by] of others) {
    const document = traceDocument(step, "r1", 0)
    expect(document.facts.map(({ label }) => label).filter((label) => worker.includes(label))).toEqual([])
    expect(fact(document, "Done by")).toBe(by)
    expect(document.sections).toEqual([])
    const text = formatTrace("r1", step)
    expect(text).toContain(`\n${by}`)
    for (const word of ["profile", "model", "session", "cost"]) expect(text).not.toContain(word)
  }
})

it("the trace of a running step shows what it has spent so far", () => {
  const step = runningStep("a", { tokens: { input: 900, output: 12 }, cost: 0.0451 })
  expect(fact(traceDocument(step, "r1", 0), "Cost")).toBe("$0.0451 so far")
  expect(formatTrace("r1", step)).toContain("900 tokens in, 12 out, $0.0451 so far")
})

it("the trace shows the worker's context, its warnings and what it delegated", () => {
  const step = doneStep("lead", 8_000, {
    context: "The session is about tides.\n",
    prompt: "Go",
    output: "Gone",
    warnings: [{ kind: "fallback", text: "a/one: out of quota; going on with b/two" }],
    delegated: { runs: ["r2", "r3"], tokens: { input: 900, output: 12 }, cost: null, knownUsd: 0 },
  })
  const document = traceDocument(step, "r1", 0)
  expect(fact(document, "Delegated")).toBe("2 tasks to other workers: 900 in, 12 out, price unknown")
  expect(document.facts.at(-1)).toEqual({
    label: "Warning",
    value: "a/one: out of quota; going on with b/two",
    tone: "warning",
  })
  expect(document.sections.map(({ text }) => text)).toEqual(["The session is about tides.", "Go", "Gone"])
  const text = formatTrace("r1", step)
  for (const one of ["and delegated: 2 tasks", "warning: a/one: out of quota", "tides.", "── prompt\nGo"]) {
    expect(text).toContain(one)
  }
})

it("the trace shows why a step waits, its attempts, and its checks with the end of a red one's output", () => {
  const check = { severity: "error", detail: "exit code 1", output: "3 passed\n1 failed\n" } as const
  const step = gateStep(
    "review",
    { detail: "failed (check-failed): npm test: exit code 1", otherwise: "abort", expiresAt: 60_000 },
    {
      attempts: 3,
      checks: [
        { ...check, name: "npm test", isOk: false },
        { ...check, name: "npm run lint", isOk: true, detail: "exit code 0" },
        { ...check, name: "notes.md", isOk: false, severity: "warning", detail: "is not there", output: "" },
      ],
    },
  )
  const document = traceDocument(step, "r1", 0)
  expect([
    fact(document, "State"),
    fact(document, "Waits"),
    fact(document, "Decide"),
    fact(document, "Attempts"),
  ]).toEqual([
    "◔ needs you",
    "review failed (check-failed): npm test: exit code 1",
    "/inbox; else aborted in 1m 00s",
    "3",
  ])
  const checks =
    "✗ npm test: exit code 1\n    3 passed\n    1 failed\n✓ npm run lint: exit code 0\n! notes.md: is not there"
  expect(document.sections[0]).toEqual({ heading: "Checks", text: checks, tone: "error" })
  expect(formatTrace("r1", step)).toContain(`waits for a person: review failed`)
  expect(formatTrace("r1", step)).toContain(checks)
})
