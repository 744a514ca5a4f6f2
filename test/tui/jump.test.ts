import { expect, it } from "vitest"
import { jumpFrom } from "../../src/tui/jump.ts"
import { doneStep, runningStep, runView, stepView } from "./support/runs.ts"

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
