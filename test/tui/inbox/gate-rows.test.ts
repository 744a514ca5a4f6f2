import { describe, expect, it } from "vitest"
import { openGates } from "../../../src/core/view/gate-view.ts"
import type { StepView } from "../../../src/core/view/view.ts"
import type { Choice } from "../../../src/tui/dialogs/pickers.ts"
import { gateDetails, gateWays, inboxChoices, inboxItems } from "../../../src/tui/inbox/gate-rows.ts"
import { askView, gateStep, runView } from "../support/runs.ts"

const row = ({ title, description, footer }: Choice<string>) => `${title.trim()}${description} | ${footer}`
const gates = (...steps: StepView[]) =>
  openGates(runView({ status: "paused", hold: { cause: "gate", detail: "" }, steps }))
const titles = (step: StepView) =>
  gates(step)
    .flatMap(gateWays)
    .map(({ title }) => title)

it("the inbox lists requests and gates together, oldest first, with who asks, what for and since when", () => {
  const asks = [askView("per_1", { title: "bash: npm test", askedAt: 5_000 }), askView("per_2", { expiresAt: 70_000 })]
  const waiting = gates(gateStep("review", { openedAt: 2_000, detail: "failed (check-failed): npm test: exit code 1" }))
  const rows = inboxChoices(inboxItems(asks, waiting), 12_000, 80).map(row)
  expect(rows).toEqual([
    "? build bash: echo (feature) | 12s · 58s left",
    "‖ review failed (check-failed): npm test: exit code 1 (demo) | 10s",
    "? build bash: npm test (feature) | 7s",
  ])
})

it("a row of the inbox never takes more columns than it has", () => {
  const waiting = gates(gateStep("review", { detail: "x ".repeat(200) }))
  const [choice] = inboxChoices(inboxItems([], waiting), 0, 60)
  expect(`${choice?.title} ${choice?.description}  ${choice?.footer}`.length).toBeLessThanOrEqual(60)
})

describe("the decisions at a gate", () => {
  it("are all offered for a failed step, each with its line", () => {
    const [gate] = gates(gateStep("review", { why: "error", detail: "failed (empty)" }))
    expect(gate && gateWays(gate).map(({ title, line, open }) => [title, open ?? line])).toEqual([
      ["Continue", "/workflow continue r1/review"],
      ["Retry", "/workflow retry r1/review"],
      ["Retry with a message…", "/workflow retry r1/review"],
      ["Skip", "/workflow skip r1/review"],
      ["Open its session", "ses_review"],
      ["Abort", "/workflow abort r1"],
    ])
  })

  it("of a question to a person include an answer, and nothing about a worker", () => {
    const question = gateStep("approve", { why: "gate", detail: "Ship it?" }, { session: null })
    expect(titles(question)).toEqual(["Continue", "Continue with an answer…", "Skip", "Abort"])
  })

  it("never offer to open a session of another process", () => {
    expect(titles(gateStep("review", {}, { kind: "server" }))).not.toContain("Open its session")
  })
})

it("state what happens without a decision", () => {
  const [gate] = gates(gateStep("review", { expiresAt: 3_600_000, otherwise: "skip" }))
  expect(gate && gateDetails(gate, 60_000)).toEqual([
    "demo is waiting for you. Without a decision it is skipped in 59m 00s. /trace review shows everything.",
  ])
})

it("the details of a gate are its red checks with the end of their output, its warnings, and the start of the answer", () => {
  const check = { severity: "error", detail: "exit code 1", output: `${"noise\n".repeat(20)}1 test failed\n` } as const
  const step = gateStep(
    "review",
    { why: "error" },
    {
      output: "all tests pass",
      checks: [
        { ...check, name: "npm test", isOk: false },
        { ...check, name: "npm run lint", isOk: true },
      ],
      warnings: [{ kind: "fallback", text: "went on with b" }],
    },
  )
  const details = gates(step)[0]?.details ?? []
  expect(details[0]).toBe("  noise")
  expect(details).toContain("  1 test failed")
  expect(details).not.toContain("npm run lint: exit code 1")
  expect(details.slice(-2)).toEqual(["warning: went on with b", "all tests pass"])
  expect(details.length).toBeLessThan(12)
})
