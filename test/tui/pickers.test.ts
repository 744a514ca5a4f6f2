import { expect, it } from "vitest"
import type { WorkflowItem } from "../../src/core/protocol.ts"
import { widthOf } from "../../src/tui/format.ts"
import { runTitle, stepChoices, workflowChoices } from "../../src/tui/pickers.ts"
import { doneStep, gateStep, runningStep, runView, stepView } from "./support/runs.ts"

const item = (name: string, given: Partial<WorkflowItem> = {}): WorkflowItem => ({
  name,
  description: "",
  inputs: [],
  ...given,
})

it("lists what can be run with its inputs, and the broken files apart with their first problem", () => {
  const topic = { name: "topic", required: true, description: "" }
  const tone = { name: "tone", required: false, description: "" }
  const broken = item("release", { broken: "release.yaml:7:12: unknown key `need`\nrelease.yaml:9:1: more" })
  const choices = workflowChoices([broken, item("demo", { description: "A demo", inputs: [topic, tone] })], 80)
  expect(choices.map(({ title, description, footer, category }) => [title, description, footer, category])).toEqual([
    ["demo   ", "A demo", "topic [tone]", "Workflows"],
    ["release", "release.yaml:7:12: unknown key `need`", "", "Cannot be run"],
  ])
})

it("needs no heading when every workflow can be run", () => {
  expect(workflowChoices([item("demo")], 80)[0]?.category).toBe("")
})

it("keeps title, description and footer apart on one row of a narrow dialog", () => {
  const inputs = [{ name: "feature", required: true, description: "" }]
  const [row] = workflowChoices([item("名".repeat(30), { description: "word ".repeat(40), inputs })], 70)
  expect(row?.description).toMatch(/…$/)
  expect(widthOf(`${row?.title} ${row?.description}  ${row?.footer}`)).toBeLessThanOrEqual(70)
})

it("lines the steps of a run up in columns", () => {
  const spent = { tokens: { input: 4_000, output: 100 }, cost: 0.0123, model: "fake/one" }
  const run = runView({
    steps: [
      doneStep("survey", 8_000, spent),
      runningStep("a-longer-step", { model: "fake/two" }),
      stepView("review", { status: "failed", reason: "timeout" }),
    ],
  })
  const rows = stepChoices(run, 12_400, 108).map((row) => `${row.title} ${row.description}|${row.footer}`)
  expect(rows).toEqual([
    "✓ survey        success           one|8.0s · 4.1k tokens · $0.0123",
    "◐ a-longer-step running           two|12s",
    "✗ review        failed · timeout  |0 tokens · price unknown",
  ])
  const held = stepView("build", {
    status: "waiting",
    startedAt: 0,
    detail: "openai is out of quota",
    model: "fake/one",
  })
  expect(stepChoices(runView({ status: "paused", steps: [held] }), 12_400, 108)[0]).toMatchObject({
    description: "waiting  openai is out of quota",
    footer: "",
  })
  const waiting = [
    gateStep("review", { detail: "failed (empty)" }, { attempts: 2 }),
    gateStep("build", { why: "warning", detail: "needed 2 tries" }, { attempts: 2 }),
  ]
  const paused = stepChoices(runView({ status: "paused", steps: waiting }), 12_400, 108)
  expect(paused.map(({ description }) => description)).toEqual([
    "needs you  failed (empty) · 2 tries",
    "needs you  needed 2 tries",
  ])
  expect(runTitle(run, 12_400)).toBe("◐ demo · running 2/3 · 12s")
})
