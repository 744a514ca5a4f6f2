import { describe, expect, it } from "vitest"
import { openGates } from "../../../src/core/view/gate-view.ts"
import type { RunView } from "../../../src/core/view/view.ts"
import { actionOf, hintsFor, type Selection } from "../../../src/tui/dashboard/actions.ts"
import { DEFAULT_KEYS } from "../../../src/tui/host/key-table.ts"
import { askView, doneStep, gateStep, runningStep, runView, stepView, workerView } from "../support/runs.ts"

/** A selection with the step of that id. */
function selection(run: RunView, id: string, given: Partial<Selection> = {}): Selection {
  const gate = openGates(run).find(({ step }) => step === id)
  const step = run.steps.find((one) => one.id === id)
  return { run, step, worker: undefined, ask: undefined, gate, waiting: 0, ...given }
}
const words = (one: Selection) => hintsFor(one, DEFAULT_KEYS).map(({ key, word }) => `${key} ${word}`)

describe("the dashboard keys on a running step", () => {
  const run = runView({ steps: [runningStep("build"), runningStep("far", { kind: "server" }), stepView("ship")] })

  it("open its session, show its trace, message its worker, pause its run, and abort it after a confirmation", () => {
    const worker = workerView("build")
    const build = selection(run, "build", { worker })
    expect(words(build)).toEqual(["enter open", "t trace", "m message", "p pause", "x abort"])
    expect(actionOf("dashboard.open", build)).toEqual({ type: "open", session: "ses_build" })
    expect(actionOf("dashboard.trace", build)).toEqual({ type: "line", line: "/trace r1/build" })
    expect(actionOf("dashboard.message", build)).toEqual({ type: "message", worker })
    expect(actionOf("dashboard.pause", build)).toEqual({ type: "line", line: "/workflow pause r1" })
    expect(actionOf("dashboard.abort", build)).toMatchObject({ type: "confirm", line: "/workflow abort r1" })
  })

  it("say why the step cannot be retried or skipped, and why a session in another server cannot be opened", () => {
    const why = (id: string, act: Parameters<typeof actionOf>[0]) => actionOf(act, selection(run, id))
    expect(why("build", "dashboard.retry")).toMatchObject({
      type: "no",
      why: expect.stringContaining("build is running"),
    })
    expect(why("build", "dashboard.skip")).toMatchObject({ type: "no" })
    expect(why("far", "dashboard.open")).toMatchObject({ why: expect.stringContaining("in another server") })
    expect(why("ship", "dashboard.open")).toEqual({ type: "no", why: "ship has no session yet." })
    expect(why("build", "dashboard.answer")).toEqual({ type: "no", why: "Nothing needs you now." })
  })
})

it("the dashboard keys name a round of a loop by its number", () => {
  const round = stepView("fix:2", { group: "fix", name: "fix" })
  const run = runView({ steps: [runningStep("fix", { parts: 2 }), round] })
  const why = "round 2 of fix has no session yet."
  expect(actionOf("dashboard.open", selection(run, "fix:2"))).toEqual({ type: "no", why })
})

describe("the dashboard keys on a step that needs a person", () => {
  it("retry it with or without a message, or skip it, while the pause key asks for a decision first", () => {
    const hold = { cause: "gate", detail: "" } as const
    const run = runView({ status: "paused", hold, steps: [gateStep("review"), stepView("ship")] })
    const review = selection(run, "review", { waiting: 1 })
    expect(words(review)).toEqual([
      "a decide",
      "enter open",
      "t trace",
      "r retry",
      "R retry with…",
      "s skip",
      "x abort",
    ])
    expect(actionOf("dashboard.answer", review)).toMatchObject({ type: "gate", gate: { step: "review" } })
    expect(actionOf("dashboard.retry", review)).toEqual({ type: "line", line: "/workflow retry r1/review" })
    expect(actionOf("dashboard.retry-with", review)).toMatchObject({
      type: "words",
      line: "/workflow retry r1/review …",
    })
    expect(actionOf("dashboard.skip", review)).toEqual({ type: "line", line: "/workflow skip r1/review" })
    expect(actionOf("dashboard.pause", review)).toEqual({ type: "no", why: "review is waiting for your decision." })
  })

  it("do not retry a step that is itself a question for the person", () => {
    const run = runView({ status: "paused", steps: [gateStep("approve", { why: "gate" }, { type: "gate" })] })
    const approve = selection(run, "approve", { waiting: 1 })
    const why = "approve is a question for you: answer it instead."
    expect(actionOf("dashboard.retry", approve)).toEqual({ type: "no", why })
    expect(actionOf("dashboard.retry-with", approve)).toEqual({ type: "no", why })
  })

  it("answer the request of its worker; on another step the same key opens the inbox", () => {
    const ask = askView("per_1")
    const run = runView({ steps: [runningStep("build"), doneStep("plan")] })
    expect(actionOf("dashboard.answer", selection(run, "build", { ask, waiting: 1 }))).toEqual({ type: "ask", ask })
    expect(actionOf("dashboard.answer", selection(run, "plan", { waiting: 1 }))).toEqual({
      type: "line",
      line: "/inbox",
    })
  })
})

it.each<[Partial<RunView>, unknown]>([
  [
    { status: "paused", hold: { cause: "person", detail: "" } },
    { type: "line", line: "/workflow continue r1" },
  ],
  [
    { status: "paused", hold: { cause: "quota", detail: "" } },
    { type: "line", line: "/workflow resume r1" },
  ],
  [
    { status: "paused", hold: { cause: "budget", detail: "$5 spent" } },
    expect.objectContaining({ line: "/workflow raise … r1" }),
  ],
  [{ status: "interrupted" }, { type: "line", line: "/workflow resume r1" }],
  [
    { status: "failed", endedAt: 1 },
    { type: "line", line: "/workflow resume r1" },
  ],
  [
    { status: "success", endedAt: 1 },
    { type: "no", why: "demo is over: success." },
  ],
])("the pause key continues, resumes or raises a run that is %o", (given, deed) => {
  expect(actionOf("dashboard.pause", selection(runView({ ...given, steps: [stepView("a")] }), "a"))).toEqual(deed)
})

it("the dialog that raises a budget names the run as it was started, and begins with a higher total", () => {
  const hold = { cause: "budget", detail: "the run has spent $2.04 of $2" } as const
  const given = { label: "topic=tea", budget: { usd: 2, tokens: 100 }, raise: { usd: 4.1 } }
  const run = runView({ status: "paused", hold, steps: [stepView("a")], ...given })
  expect(actionOf("dashboard.pause", selection(run, "a"))).toEqual({
    type: "words",
    line: "/workflow raise … r1",
    title: "New total budget of demo (topic=tea)",
    text: "the run has spent $2.04 of $2. It may spend $2 and 100 tokens in all. Write a higher total: usd=…, tokens=…, time=… or workers=…",
    value: "usd=4.1",
  })
})

it("the dashboard keys retry a failed step of an ended run and copy what an ended step answered", () => {
  const failed = stepView("review", { status: "failed", reason: "timeout" })
  const run = runView({ status: "failed", endedAt: 1, steps: [failed] })
  expect(actionOf("dashboard.retry", selection(run, "review"))).toEqual({
    type: "line",
    line: "/workflow retry r1/review",
  })
  expect(words(selection(run, "review"))).toContain("y copy")
  expect(actionOf("dashboard.copy", selection(run, "review"))).toEqual({ type: "copy", run: "r1", step: "review" })
})

it("the dashboard offers no key that is unbound, and its keys do nothing without a selected run", () => {
  const run = runView({ steps: [runningStep("build")] })
  expect(hintsFor(selection(run, "build"), { ...DEFAULT_KEYS, "dashboard.open": "none" })).not.toContainEqual(
    expect.objectContaining({ word: "open" }),
  )
  expect(actionOf("dashboard.retry", undefined)).toEqual({ type: "no", why: "No run is selected." })
})
