import { describe, expect, it } from "vitest"
import { openGates } from "../../../src/core/view/gate-view.ts"
import { needsOf } from "../../../src/core/view/needs.ts"
import type { RunView, StepView } from "../../../src/core/view/view.ts"
import type { Choice } from "../../../src/tui/dialogs/pickers.ts"
import { gateDetails, gateWays } from "../../../src/tui/inbox/gate-rows.ts"
import { inboxChoices, needWays, verbOf } from "../../../src/tui/inbox/need-rows.ts"
import { askView, doneStep, gateStep, runningStep, runView } from "../support/runs.ts"

const row = ({ title, description, footer }: Choice<string>) => `${title.trim()}${description} | ${footer}`
const paused = (...steps: StepView[]) => runView({ status: "paused", hold: { cause: "gate", detail: "" }, steps })
const gates = (...steps: StepView[]) => openGates(paused(...steps))
const titles = (step: StepView) =>
  gates(step)
    .flatMap(gateWays)
    .map(({ title }) => title)

it("the inbox lists requests and gates together, oldest first, with who asks, what for and since when", () => {
  const asks = [askView("per_1", { title: "bash: npm test", askedAt: 5_000 }), askView("per_2", { expiresAt: 70_000 })]
  const review = gateStep("review", { openedAt: 2_000, detail: "failed (check-failed): npm test: exit code 1" })
  const rows = inboxChoices(needsOf([paused(review)], asks), 12_000, 80).map(row)
  expect(rows).toEqual([
    "? build bash: echo (feature) | 12s · 58s left",
    "‖ review failed (check-failed): npm test: exit code 1 (demo) | 10s",
    "? build bash: npm test (feature) | 7s",
  ])
})

it("a row of the inbox never takes more columns than it has", () => {
  const [choice] = inboxChoices(needsOf([paused(gateStep("review", { detail: "x ".repeat(200) }))], []), 0, 60)
  expect(`${choice?.title} ${choice?.description}  ${choice?.footer}`.length).toBeLessThanOrEqual(60)
})

describe("what waits as a whole run, or is a person's step, has its own row, key and decisions", () => {
  const held = (cause: "budget" | "person" | "quota", detail: string) =>
    runView({ id: cause, workflow: `w-${cause}`, status: "paused", hold: { cause, detail }, steps: [doneStep("a")] })
  const yours = runView({ id: "f", workflow: "talk", steps: [runningStep("refine", { mode: "foreground" })] })
  const left = runView({ id: "i", workflow: "left", status: "interrupted", steps: [doneStep("a"), runningStep("b")] })

  it.each([
    [held("budget", "the run has spent $3 of $2"), "paused at 1/1: the run has spent $3 of $2", "raises it"],
    [held("person", "paused by p"), "paused at 1/1: paused by p", "continues it"],
    [held("quota", "a/b is out of quota"), "paused at 1/1: a/b is out of quota", "continues it"],
    [left, "interrupted at 1/2", "resumes it"],
    [yours, "you work with it until /handback", "opens it"],
  ])("%#: $workflow", (run, text, verb) => {
    const [need] = needsOf([run], [])
    if (need === undefined) throw new Error("nothing needs the person")
    expect([need.text, verbOf(need)]).toEqual([text, verb])
    expect(inboxChoices([need], need.since, 80)[0]?.description).toContain(text)
  })

  const ways = (run: RunView) =>
    needsOf([run], []).flatMap((need) =>
      need.type === "gate" || need.type === "request" || need.type === "trust"
        ? []
        : needWays(need).map(({ title, line, open, ends }) => [
            title,
            open ?? [line, ...(ends ? [ends] : [])].join(" … "),
          ]),
    )

  it("offers the commands of each", () => {
    const rest = (id: string) => [
      ["See it in the dashboard", `/workflow status ${id}`],
      ["Abort", `/workflow abort ${id}`],
    ]
    expect(ways(held("budget", ""))).toEqual([["Raise its budget…", "/workflow raise … budget"], ...rest("budget")])
    expect(ways(held("person", ""))).toEqual([["Continue", "/workflow continue person"], ...rest("person")])
    expect(ways(held("quota", ""))).toEqual([["Continue", "/workflow resume quota"], ...rest("quota")])
    expect(ways(left)).toEqual([["Resume", "/workflow resume i"], ...rest("i")])
    expect(ways(yours)).toEqual([
      ["Open its session", "ses_refine"],
      ["Hand its result back", "/handback refine"],
      ...rest("f"),
    ])
  })
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
