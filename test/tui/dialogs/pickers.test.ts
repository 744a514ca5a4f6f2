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

it("the workflow picker lists runnable workflows with their inputs, and broken files separately with their first problem", () => {
  const topic = { name: "topic", required: true, description: "" }
  const tone = { name: "tone", required: false, description: "" }
  const broken = item("release", { broken: "release.yaml:7:12: unknown key `need`\nrelease.yaml:9:1: more" })
  const choices = workflowChoices([broken, item("demo", { description: "A demo", inputs: [topic, tone] })], 80)
  expect(choices.map(({ title, description, footer, category }) => [title, description, footer, category])).toEqual([
    ["demo   ", "A demo", "topic [tone]", "Workflows"],
    ["release", "release.yaml:7:12: unknown key `need`", "", "Cannot be run"],
  ])
})

it("the workflow picker shows no headings when every workflow can be run", () => {
  expect(workflowChoices([item("demo")], 80)[0]?.category).toBe("")
})

it("the workflow picker keeps title, description and footer apart in a narrow dialog", () => {
  const inputs = [{ name: "feature", required: true, description: "" }]
  const [row] = workflowChoices([item("名".repeat(30), { description: "word ".repeat(40), inputs })], 70)
  expect(row?.description).toMatch(/…$/)
  expect(widthOf(`${row?.title} ${row?.description}  ${row?.footer}`)).toBeLessThanOrEqual(70)
})

it("the workflow picker lists built-in workflows after the project's own and its broken files", () => {
  const all = [item("mine"), item("plan", { isBuiltIn: true }), item("release", { broken: "release.yaml:1:1: no" })]
  expect(workflowChoices(all, 80).map(({ category, value }) => `${category}: ${value.name}`)).toEqual([
    "Workflows: mine",
    "Cannot be run: release",
    "Built in: plan",
  ])
  expect(workflowChoices([item("plan", { isBuiltIn: true })], 80)[0]?.category).toBe("")
})
