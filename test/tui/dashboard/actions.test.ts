import { describe, expect, it } from "vitest"
import { openGates } from "../../../src/core/view/gate-view.ts"
import type { RunView } from "../../../src/core/view/view.ts"
import { type Chosen, deedOf, hintsFor } from "../../../src/tui/dashboard/actions.ts"
import { DEFAULT_KEYS } from "../../../src/tui/host/key-table.ts"
import { askView, doneStep, gateStep, runningStep, runView, stepView, workerView } from "../support/runs.ts"

/** The step of that name is chosen. */
function chosen(run: RunView, id: string, given: Partial<Chosen> = {}): Chosen {
  const gate = openGates(run).find(({ step }) => step === id)
  const step = run.steps.find((one) => one.id === id)
  return { run, step, worker: undefined, ask: undefined, gate, waiting: 0, ...given }
}
const words = (one: Chosen) => hintsFor(one, DEFAULT_KEYS).map(({ key, word }) => `${key} ${word}`)

describe("a step that runs", () => {
  const run = runView({ steps: [runningStep("build"), runningStep("far", { kind: "server" }), stepView("ship")] })

  it("is opened, traced, spoken to; its run is paused, or aborted once that is confirmed", () => {
    const worker = workerView("build")
    const build = chosen(run, "build", { worker })
    expect(words(build)).toEqual(["enter open", "t trace", "m message", "p pause", "x abort"])
    expect(deedOf("dashboard.open", build)).toEqual({ type: "open", session: "ses_build" })
    expect(deedOf("dashboard.trace", build)).toEqual({ type: "line", line: "/trace r1/build" })
    expect(deedOf("dashboard.message", build)).toEqual({ type: "message", worker })
    expect(deedOf("dashboard.pause", build)).toEqual({ type: "line", line: "/workflow pause r1" })
    expect(deedOf("dashboard.abort", build)).toMatchObject({ type: "confirm", line: "/workflow abort r1" })
  })

  it("says why it is neither retried nor skipped, and why another server's session is not opened", () => {
    const why = (id: string, act: Parameters<typeof deedOf>[0]) => deedOf(act, chosen(run, id))
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

describe("a step that needs a person", () => {
  it("is decided in place: retried, with a message or without, or skipped; the run is not let go on by its key", () => {
    const hold = { cause: "gate", detail: "" } as const
    const run = runView({ status: "paused", hold, steps: [gateStep("review"), stepView("ship")] })
    const review = chosen(run, "review", { waiting: 1 })
    expect(words(review)).toEqual([
      "a decide",
      "enter open",
      "t trace",
      "r retry",
      "R retry with…",
      "s skip",
      "x abort",
    ])
    expect(deedOf("dashboard.answer", review)).toMatchObject({ type: "gate", gate: { step: "review" } })
    expect(deedOf("dashboard.retry", review)).toEqual({ type: "line", line: "/workflow retry r1/review" })
    expect(deedOf("dashboard.retry-with", review)).toMatchObject({ type: "words", line: "/workflow retry r1/review …" })
    expect(deedOf("dashboard.skip", review)).toEqual({ type: "line", line: "/workflow skip r1/review" })
    expect(deedOf("dashboard.pause", review)).toEqual({ type: "no", why: "review waits for your decision." })
  })

  it("is answered where its worker asks; elsewhere the same key leads to all that waits", () => {
    const ask = askView("per_1")
    const run = runView({ steps: [runningStep("build"), doneStep("plan")] })
    expect(deedOf("dashboard.answer", chosen(run, "build", { ask, waiting: 1 }))).toEqual({ type: "ask", ask })
    expect(deedOf("dashboard.answer", chosen(run, "plan", { waiting: 1 }))).toEqual({ type: "line", line: "/inbox" })
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
])("one key goes on with a run that is %o", (given, deed) => {
  expect(deedOf("dashboard.pause", chosen(runView({ ...given, steps: [stepView("a")] }), "a"))).toEqual(deed)
})

it("retries a failed step of a run that is over, and copies what an ended step has said", () => {
  const failed = stepView("review", { status: "failed", reason: "timeout" })
  const run = runView({ status: "failed", endedAt: 1, steps: [failed] })
  expect(deedOf("dashboard.retry", chosen(run, "review"))).toEqual({ type: "line", line: "/workflow retry r1/review" })
  expect(words(chosen(run, "review"))).toContain("y copy")
  expect(deedOf("dashboard.copy", chosen(run, "review"))).toEqual({ type: "copy", run: "r1", step: "review" })
})

it("offers no key that was unbound, and does nothing where there is no run", () => {
  const run = runView({ steps: [runningStep("build")] })
  expect(hintsFor(chosen(run, "build"), { ...DEFAULT_KEYS, "dashboard.open": "none" })).not.toContainEqual(
    expect.objectContaining({ word: "open" }),
  )
  expect(deedOf("dashboard.retry", undefined)).toEqual({ type: "no", why: "There is no run here yet." })
})
