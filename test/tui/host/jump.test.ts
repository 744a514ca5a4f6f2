import { expect, it } from "vitest"
import { jumpFrom, nextWorker, parentOf } from "../../../src/tui/host/jump.ts"
import { doneStep, runningStep, runView, stepView, workerView } from "../support/runs.ts"

const here = runView({ id: "here", parent: "p1", steps: [doneStep("a"), runningStep("b")] })
const newer = runView({ id: "newer", parent: "p2", steps: [runningStep("c")] })
const over = runView({ id: "over", parent: "p3", status: "success", endedAt: 9, steps: [doneStep("d")] })

it("opens the running step of the run on the screen, even when another run is newer", () => {
  expect(jumpFrom("p1", [newer, here])).toEqual({ type: "open", session: "ses_b" })
})

it("opens the running step of the newest run from anywhere else, also from home", () => {
  expect(jumpFrom("elsewhere", [newer, here])).toEqual({ type: "open", session: "ses_c" })
  expect(jumpFrom(undefined, [newer, here])).toEqual({ type: "open", session: "ses_c" })
})

it("prefers a run that runs elsewhere to one that is over here", () => {
  expect(jumpFrom("p3", [over, newer])).toEqual({ type: "open", session: "ses_c" })
})

it("opens the last step of a run that is over when nothing runs", () => {
  expect(jumpFrom("p3", [over])).toEqual({ type: "open", session: "ses_d" })
})

it("leads back from any step's session, also one that has ended", () => {
  expect(jumpFrom("ses_b", [newer, here])).toEqual({ type: "back", parent: "p1" })
  expect(jumpFrom("ses_a", [newer, here])).toEqual({ type: "back", parent: "p1" })
})

it("leads nowhere without a session in this OpenCode", () => {
  const remote = runningStep("x", { kind: "server" })
  expect(jumpFrom("p1", [])).toEqual({ type: "nowhere" })
  expect(jumpFrom("p1", [runView({ steps: [stepView("a"), remote] })])).toEqual({ type: "nowhere" })
})

const delegated = { runs: ["child"], tokens: { input: 0, output: 0 }, cost: null }
const child = runView({ id: "child", depth: 1, ask: "docs", parent: "ses_lead", steps: [runningStep("ask")] })
const family = runView({
  id: "top",
  parent: "main",
  steps: [doneStep("a"), runningStep("lead", { delegated }), runningStep("far", { kind: "server" }), doneStep("z")],
})
const ALL = [child, family, newer]

it("goes from worker to worker, round and round, also to what a worker has started", () => {
  const round = (by: 1 | -1) => {
    const seen = ["ses_a"]
    for (let n = 0; n < 4; n++) seen.push(nextWorker(seen.at(-1), by, ALL, []) ?? "nowhere")
    return seen
  }
  expect(round(1)).toEqual(["ses_a", "ses_lead", "ses_ask", "ses_z", "ses_a"])
  expect(round(-1)).toEqual(["ses_a", "ses_z", "ses_ask", "ses_lead", "ses_a"])
})

it("goes from the person's own session to the worker that runs, and from anywhere else to the run that runs", () => {
  expect(nextWorker("main", 1, ALL, [])).toBe("ses_lead")
  expect(nextWorker("elsewhere", 1, [family, child], [])).toBe("ses_lead")
  expect(nextWorker(undefined, -1, [over], [])).toBe("ses_d")
})

it("stays in the run of the worker, whatever else has run in the same session", () => {
  const before = runView({ id: "before", parent: "main", status: "success", endedAt: 1, steps: [doneStep("old")] })
  expect(nextWorker("ses_z", 1, [...ALL, before], [])).toBe("ses_a")
  expect(nextWorker("ses_a", -1, [...ALL, before], [])).toBe("ses_z")
})

it("goes among kept workers where there is no run, and nowhere where there is nobody", () => {
  const kept = ["k1", "k2"].map((name) => workerView(name, { run: null, isKept: true }))
  expect(nextWorker("main", 1, [], kept)).toBe("ses_k1")
  expect(nextWorker("ses_k2", 1, [], kept)).toBe("ses_k1")
  expect(nextWorker("main", 1, [], [])).toBeUndefined()
  expect(nextWorker("ses_d", 1, [over], [])).toBeUndefined()
})

it("knows of a worker's worker which worker it was started from", () => {
  expect(parentOf("ses_ask", ALL, [])).toBe("ses_lead")
  expect(parentOf("ses_lead", ALL, [])).toBe("main")
  expect(parentOf("main", ALL, [])).toBeUndefined()
})
