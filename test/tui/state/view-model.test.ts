import { describe, expect, it } from "vitest"
import { needsOf } from "../../../src/core/view/needs.ts"
import type { RunView } from "../../../src/core/view/view.ts"
import { widthOf } from "../../../src/tui/state/text.ts"
import { stateOf, stepTime, type TextSpan } from "../../../src/tui/state/view-model.ts"
import { type BarInput, type BarKeys, statusBar } from "../../../src/tui/status-line/parts.ts"
import { doneStep, gateStep, runningStep, runView, stepView } from "../support/runs.ts"

const text = (parts: readonly TextSpan[]) => parts.map((part) => part.text).join("")

const KEYS: BarKeys = { jump: "ctrl+x w", inbox: "ctrl+x i", message: "ctrl+x p" }

function bar(runs: readonly RunView[], given: Partial<BarInput> = {}): string | undefined {
  const defaults = {
    runs,
    session: "parent",
    now: 12_400,
    width: 120,
    workers: [],
    canType: true,
    needs: [],
    keys: KEYS,
  }
  const line = statusBar({ ...defaults, ...given })
  return line && `${text(line.left)}|${text(line.right)}`
}

const demo = runView({ steps: [doneStep("survey"), runningStep("review"), stepView("plan")] })

describe("the status line", () => {
  it("is empty without a run", () => {
    expect(bar([])).toBeUndefined()
  })

  it("shows the progress of the run, the running step and the key that opens it", () => {
    expect(bar([demo])).toBe("◐ demo 1/3 · review 12s|ctrl+x w open step")
  })

  it("says starting before a step runs, and offers no key without a session to open", () => {
    expect(bar([runView({ steps: [stepView("survey")] })])).toBe("◐ demo 0/1 · starting|")
  })

  it("counts further running steps and further runs", () => {
    const wide = runView({ steps: [runningStep("a"), runningStep("b"), runningStep("c")] })
    expect(bar([wide, runView({ id: "r2" }), runView({ id: "r3" }), runView({ id: "r4", depth: 1 })])).toContain(
      "a 12s +2 · +2 more runs",
    )
    expect(bar([wide, runView({ id: "r2" })])).toContain("· +1 more run|")
  })

  it("names the waiting step of a paused run, and the command that raises a spent budget", () => {
    const steps = [doneStep("survey"), gateStep("review", { detail: "failed (empty)" })]
    const gate = runView({ status: "paused", hold: { cause: "gate", detail: "review: failed (empty)" }, steps })
    expect(bar([gate], { needs: needsOf([gate], []) })).toMatch(
      /^\? 1 needs you \(ctrl\+x i\) · ‖ demo paused at 1\/2 · review failed \(empty\)\|/,
    )
    const dear = runView({ status: "paused", hold: { cause: "budget", detail: "the run has spent $3 of $2" } })
    expect(bar([dear])).toContain("/workflow raise usd=… tokens=… · the run has spent $3 of $2")
  })

  it("says that a step waits for a person", () => {
    expect(bar([runView({ steps: [runningStep("ask", { status: "waiting" })] })])).toContain("ask waiting")
  })

  it("prefers the run on the screen, and a running run to an ended one", () => {
    const other = runView({ id: "r2", workflow: "other", parent: "p2" })
    const over = runView({ id: "r3", workflow: "over", status: "success", endedAt: 1 })
    expect(bar([other, demo])).toContain("◐ demo")
    expect(bar([over, other])).toContain("◐ other")
    expect(bar([other, over], { session: "p2" })).toContain("◐ other")
  })

  it("offers the way back from a step's session, also when the step has ended", () => {
    expect(bar([demo], { session: "ses_review" })).toMatch(/\|ctrl\+x w back$/)
    expect(bar([demo], { session: "ses_survey" })).toMatch(/\|ctrl\+x w back$/)
  })

  it("leaves out an unbound key", () => {
    expect(bar([demo], { keys: { ...KEYS, jump: undefined } })).toMatch(/\|$/)
  })

  it("sums up a run that succeeded, and shows an unknown price as unknown", () => {
    const ended = { status: "success", endedAt: 41_000, tokens: { input: 12_000, output: 300 } } as const
    expect(bar([runView({ ...ended, cost: 0.12 })])).toBe("✓ demo done · 41s · 12.3k tokens · $0.12|")
    expect(bar([runView({ ...ended, cost: null })])).toBe("✓ demo done · 41s · 12.3k tokens · price unknown|")
  })

  it("names the step that failed and the reason", () => {
    const failed = stepView("review", { status: "failed", reason: "timeout" })
    const run = runView({ status: "failed", cause: "failure", endedAt: 9_000, steps: [failed] })
    expect(bar([run])).toBe("✗ demo · review failed · timeout · 9.0s|")
  })

  it("distinguishes an abort from a passed deadline", () => {
    expect(bar([runView({ status: "cancelled", cause: "abort", endedAt: 9_000 })])).toBe("⊘ demo cancelled · 9.0s|")
    expect(bar([runView({ status: "failed", cause: "deadline", endedAt: 9_000 })])).toBe(
      "✗ demo failed: deadline passed · 9.0s|",
    )
  })

  it("shows the command that resumes an interrupted run", () => {
    const run = runView({ status: "interrupted", steps: [doneStep("a"), runningStep("b", { session: null })] })
    expect(bar([run])).toMatch(/^‖ demo interrupted at 1\/2 · \/workflow resume r1\|/)
  })

  it("never takes more columns than the terminal has: it drops the hint first, then cuts its end", () => {
    const long = runView({
      workflow: "日本語の名前".repeat(9),
      steps: [runningStep("a-very-long-step-name".repeat(3))],
    })
    expect(bar([demo], { width: 40 })).toBe("◐ demo 1/3 · review 12s|")
    for (const width of [10, 20, 40, 76]) expect(widthOf(bar([long], { width }) ?? "") - 1).toBeLessThanOrEqual(width)
    expect(bar([long], { width: 20 })).toMatch(/…\|$/)
  })
})

it("a step whose run was interrupted is shown as interrupted, and its time stands still", () => {
  const step = runningStep("review")
  const interrupted = { ...step, isInterrupted: true } as const
  expect([stateOf(step), stepTime(step, 12_400)]).toEqual(["running", "12s"])
  expect([stateOf(interrupted), stepTime(interrupted, 12_400)]).toEqual(["interrupted", ""])
})
