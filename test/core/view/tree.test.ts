import { expect, it } from "vitest"
import { treeOf } from "../../../src/core/view/tree.ts"
import { doneStep, runningStep, stepView } from "../../tui/support/runs.ts"

const took = (input: number, cost: number | null) => ({ cost, tokens: { input, output: 1 } })
const group = (id: string, given = {}) => doneStep(id, 1_000, { type: "parallel", ...took(0, 0), ...given })
const branches = (steps: Parameters<typeof treeOf>[0]) =>
  treeOf(steps).map(({ step, level, spent, isGroup }) => [step.id, level, isGroup, spent.tokens.input, spent.cost])

it("parts are listed below their group, whose usage includes theirs at any depth", () => {
  expect(
    branches([
      group("outer"),
      doneStep("after", 1_000, took(7, 0.5)),
      group("inner", { group: "outer" }),
      doneStep("deep", 1_000, { group: "inner", ...took(5, 0.25) }),
      doneStep("flat", 1_000, { group: "outer", ...took(3, 0.125) }),
    ]),
  ).toEqual([
    ["outer", 0, true, 8, 0.375],
    ["inner", 1, true, 5, 0.25],
    ["deep", 2, false, 5, 0.25],
    ["flat", 1, false, 3, 0.125],
    ["after", 0, false, 7, 0.5],
  ])
})

it("a part that never started leaves the price of its group known, and a part without a price makes it unknown", () => {
  const steps = [group("outer"), doneStep("done", 1_000, { group: "outer", ...took(3, 0.125) })]
  const skipped = stepView("skipped", { group: "outer", status: "skipped", attempts: 0 })
  expect(branches([...steps, skipped])[0]).toEqual(["outer", 0, true, 3, 0.125])
  expect(branches([...steps, runningStep("working", { group: "outer" })])[0]).toEqual(["outer", 0, true, 3, null])
})

it("a part whose group is not among the steps is listed at the top level", () => {
  expect(branches([doneStep("part", 1_000, { group: "elsewhere", ...took(3, 0.125) })])).toEqual([
    ["part", 0, false, 3, 0.125],
  ])
})
