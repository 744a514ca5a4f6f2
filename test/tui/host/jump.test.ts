import { expect, it } from "vitest"
import { jumpFrom, nextWorker, parentOf } from "../../../src/tui/host/jump.ts"
import { doneStep, runningStep, runView, stepView, workerView } from "../support/runs.ts"

const here = runView({ id: "here", parent: "p1", steps: [doneStep("a"), runningStep("b")] })
const newer = runView({ id: "newer", parent: "p2", steps: [runningStep("c")] })
const over = runView({ id: "over", parent: "p3", status: "success", endedAt: 9, steps: [doneStep("d")] })

it("the jump key opens the running step of the run on the screen, even when another run is newer", () => {
  expect(jumpFrom("p1", [newer, here])).toEqual({ type: "open", session: "ses_b" })
})

it("the jump key opens the running step of the newest run from any other screen", () => {
  expect(jumpFrom("elsewhere", [newer, here])).toEqual({ type: "open", session: "ses_c" })
  expect(jumpFrom(undefined, [newer, here])).toEqual({ type: "open", session: "ses_c" })
})

it("the jump key prefers a run that runs elsewhere to an ended run of this screen", () => {
  expect(jumpFrom("p3", [over, newer])).toEqual({ type: "open", session: "ses_c" })
})

it("the jump key opens the last step of an ended run when nothing runs", () => {
  expect(jumpFrom("p3", [over])).toEqual({ type: "open", session: "ses_d" })
})

it("the jump key leads back from any step's session, also one that has ended", () => {
  expect(jumpFrom("ses_b", [newer, here])).toEqual({ type: "back", parent: "p1" })
  expect(jumpFrom("ses_a", [newer, here])).toEqual({ type: "back", parent: "p1" })
})

it("the jump key does nothing when no step has a session in this OpenCode", () => {
  const remote = runningStep("x", { kind: "server" })
  expect(jumpFrom("p1", [])).toEqual({ type: "nowhere" })
  expect(jumpFrom("p1", [runView({ steps: [stepView("a"), remote] })])).toEqual({ type: "nowhere" })
})

const delegated = { runs: ["child"], tokens: { input: 0, output: 0 }, cost: null, knownUsd: 0 }
const child = runView({ id: "child", depth: 1, ask: "docs", parent: "ses_lead", steps: [runningStep("ask")] })
const family = runView({
  id: "top",
  parent: "main",
  steps: [doneStep("a"), runningStep("lead", { delegated }), runningStep("far", { kind: "server" }), doneStep("z")],
})
const ALL = [child, family, newer]

it("the next-worker key cycles through all workers of the run, including those that a worker started", () => {
  const round = (by: 1 | -1) => {
    const seen = ["ses_a"]
    for (let n = 0; n < 4; n++) seen.push(nextWorker(seen.at(-1), by, ALL, []) ?? "nowhere")
    return seen
  }
  expect(round(1)).toEqual(["ses_a", "ses_lead", "ses_ask", "ses_z", "ses_a"])
  expect(round(-1)).toEqual(["ses_a", "ses_z", "ses_ask", "ses_lead", "ses_a"])
})

it("the next-worker key goes from a person's session to its running worker, and from elsewhere to any running run", () => {
  expect(nextWorker("main", 1, ALL, [])).toBe("ses_lead")
  expect(nextWorker("elsewhere", 1, [family, child], [])).toBe("ses_lead")
  expect(nextWorker(undefined, -1, [over], [])).toBe("ses_d")
})

it("the next-worker key stays in the worker's run, whatever else ran in the same session", () => {
  const before = runView({ id: "before", parent: "main", status: "success", endedAt: 1, steps: [doneStep("old")] })
  expect(nextWorker("ses_z", 1, [...ALL, before], [])).toBe("ses_a")
  expect(nextWorker("ses_a", -1, [...ALL, before], [])).toBe("ses_z")
})

it("the next-worker key cycles through kept workers when the session has no run, and does nothing without workers", () => {
  const kept = ["k1", "k2"].map((name) => workerView(name, { run: null, isKept: true }))
  expect(nextWorker("main", 1, [], kept)).toBe("ses_k1")
  expect(nextWorker("ses_k2", 1, [], kept)).toBe("ses_k1")
  expect(nextWorker("main", 1, [], [])).toBeUndefined()
  expect(nextWorker("ses_d", 1, [over], [])).toBeUndefined()
})

it("the parent key leads from a delegated worker to the worker that started it", () => {
  expect(parentOf("ses_ask", ALL, [])).toBe("ses_lead")
  expect(parentOf("ses_lead", ALL, [])).toBe("main")
  expect(parentOf("main", ALL, [])).toBeUndefined()
})
