import { describe, expect, it } from "vitest"
import { needsOf } from "../../../src/core/view/needs.ts"
import type { PendingRequestView, RunView } from "../../../src/core/view/view.ts"
import { sidebar } from "../../../src/tui/sidebar/rows.ts"
import { widthOf } from "../../../src/tui/state/text.ts"
import { askView, doneStep, gateStep, runningStep, runView, stepView } from "../support/runs.ts"

const demo = runView({ steps: [doneStep("survey"), runningStep("review"), stepView("plan")] })

describe("the sidebar", () => {
  const rows = (runs: readonly RunView[], session = "parent", asks: readonly PendingRequestView[] = []) =>
    sidebar(runs, session, { now: 12_400, width: 37, asks, needs: needsOf(runs, asks), inbox: "ctrl+x i" }).map(
      (panel) =>
        [panel.title, panel.state, ...panel.rows, panel.total]
          .map((row) => (typeof row === "string" ? row : `${row.icon.text} ${row.left.text}|${row.right.text}`))
          .filter((row) => row !== ""),
    )

  const more = (runs: readonly RunView[]) =>
    sidebar(runs, "parent", { now: 0, width: 37, asks: [], needs: [], inbox: "ctrl+x i" }).map(({ more }) => more)

  it("lists a run's steps with state and time", () => {
    expect(rows([demo])).toEqual([
      ["Workflow demo", "◐ running 1/3 done|12s", "✓ survey|3.0s", "◐ review|12s", "○ plan|"],
    ])
  })

  it("names the oldest item that needs the person first, and marks the step whose worker waits", () => {
    const ask = askView("per_1", { worker: "review", session: "ses_review", run: demo.id, title: "bash: npm test" })
    const later = askView("per_2", { session: "ses_else", run: demo.id, askedAt: 5 })
    const [panel] = rows([demo], "parent", [later, ask])
    expect(panel).toContain("? review|needs you")
    expect(panel?.slice(2, 4)).toEqual(["? review: bash: npm test|", "  ctrl+x i answers, 1 more|"])
  })

  it("shows a run in its parent session and in its steps' sessions only", () => {
    expect(rows([demo], "ses_review")).toHaveLength(1)
    expect(rows([demo], "elsewhere")).toEqual([])
  })

  it("shows which steps wait for a person, why, and how to decide them", () => {
    const steps = [doneStep("survey"), gateStep("review", { detail: "failed (empty)" }), stepView("ship")]
    const hold = { cause: "gate", detail: "review: failed (empty)" } as const
    expect(rows([runView({ status: "paused", hold, steps })])[0]).toEqual([
      "Workflow demo",
      "‖ paused 1/3 done|",
      "? review failed (empty)|",
      "  ctrl+x i decides|",
      "✓ survey|3.0s",
      "◔ review|needs you",
      "○ ship|",
    ])
  })

  it("shows the reason of a failed step instead of its time, and what the run has spent", () => {
    const failed = stepView("review", { status: "failed", reason: "check-failed", startedAt: 0, endedAt: 5 })
    const run = runView({ status: "failed", endedAt: 5_000, steps: [failed], tokens: { input: 900, output: 0 } })
    expect(rows([run])[0]).toEqual([
      "Workflow demo",
      "✗ failed 0/1 done, 1 failed|5.0s",
      "✗ review|check-failed",
      "900 tokens · $0.00",
    ])
  })

  it("lists at most three runs that have not ended, and only the newest of ended ones", () => {
    const over = (id: string) => runView({ id, workflow: id, status: "success", endedAt: 1 })
    const titles = (runs: RunView[]) => rows(runs).map((panel) => panel[0])
    expect(titles([over("new"), over("old")])).toEqual(["Workflow new"])
    expect(titles([over("new"), demo])).toEqual(["Workflow demo"])
    const many = ["a", "b", "c", "d", "e"].map((id) => runView({ id }))
    expect(titles(many)).toHaveLength(3)
    expect(more(many)).toEqual(["", "", "… 2 more runs: /workflow status"])
    expect(more(many.slice(0, 3))).toEqual(["", "", ""])
  })

  it("lists the parts of a running group under it, and only counts those of other groups", () => {
    const steps = [
      doneStep("plan"),
      doneStep("plan:a", 1, { group: "plan", name: "a" }),
      runningStep("build", { needs: ["plan"] }),
      doneStep("build:a", 1_000, { group: "build", name: "a" }),
      runningStep("build:b", { group: "build", name: "b" }),
    ]
    expect(rows([runView({ steps })])[0]?.slice(2)).toEqual([
      "✓ plan|3.0s",
      "◐ build|1/2 done",
      "  ✓ a|1.0s",
      "  ◐ b|12s",
    ])
  })

  it("lists only the steps that need attention in a long run", () => {
    const steps = [
      ...Array.from({ length: 20 }, (_, i) => doneStep(`done-${i}`)),
      stepView("broken", { status: "failed", reason: "empty" }),
      ...Array.from({ length: 10 }, (_, i) => runningStep(`busy-${i}`)),
      ...Array.from({ length: 19 }, (_, i) => stepView(`later-${i}`)),
    ]
    const shown = rows([runView({ steps })])[0] ?? []
    expect(shown).toContain("✗ broken|empty")
    expect(shown).toContain("◐ busy-6|12s")
    expect(shown[2]).toBe("✓ 20 done|")
    expect(shown.slice(-2)).toEqual(["◐ 3 more running|", "○ 19 pending|"])
    expect(shown.length).toBeLessThanOrEqual(15)
  })

  it("cuts long and wide names to its width", () => {
    const run = runView({
      workflow: "名".repeat(60),
      steps: [runningStep("名".repeat(60)), runningStep("x".repeat(60))],
    })
    for (const row of rows([run])[0] ?? []) expect(widthOf(row)).toBeLessThanOrEqual(37)
  })
})
