import { expect, it } from "vitest"
import type { WorkflowItem } from "../../../src/core/view/protocol.ts"
import { workflowChoices } from "../../../src/tui/dialogs/pickers.ts"
import { widthOf } from "../../../src/tui/state/text.ts"

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

it("lists what comes with Baton after the project's own, the broken ones included", () => {
  const all = [item("mine"), item("plan", { isBuiltIn: true }), item("release", { broken: "release.yaml:1:1: no" })]
  expect(workflowChoices(all, 80).map(({ category, value }) => `${category}: ${value.name}`)).toEqual([
    "Workflows: mine",
    "Cannot be run: release",
    "Built in: plan",
  ])
  expect(workflowChoices([item("plan", { isBuiltIn: true })], 80)[0]?.category).toBe("")
})
