import { describe, expect, it } from "vitest"
import { failedSteps, resultSteps } from "../../../src/core/view/outcome.ts"
import type { StepView } from "../../../src/core/view/view.ts"
import { eventfulRun } from "../../report/support.ts"

const [model] = eventfulRun().run.steps as readonly [StepView]
const stepOf = (id: string, needs: string[], over: Partial<StepView> = {}): StepView => ({
  ...model,
  id,
  name: id,
  needs,
  status: "success",
  output: `answer of ${id}`,
  ...over,
})
const idsOf = (steps: readonly StepView[]) => steps.map(({ id }) => id)
const NO_HOOKS = new Set<string>()

describe("the result of a run", () => {
  it("is what no later answer builds on, also behind a gate, a check and a skipped step", () => {
    const steps = [
      stepOf("a", []),
      stepOf("gate", ["a"], { type: "gate" }),
      stepOf("b", ["gate"]),
      stepOf("check", ["b"], { type: "check" }),
      stepOf("skipped", ["check"], { status: "skipped" }),
      stepOf("c", ["skipped", "b"]),
      stepOf("alone", []),
    ]
    expect(idsOf(resultSteps(steps, NO_HOOKS))).toEqual(["c", "alone"])
  })

  it("is of the workflow's own steps that answered, without hooks, parts, failures and empty answers", () => {
    const steps = [
      stepOf("a", []),
      stepOf("group", ["a"], { type: "parallel" }),
      stepOf("group:x", [], { group: "group" }),
      stepOf("empty", ["group"], { output: " \u200b\n" }),
      stepOf("failed", ["group"], { status: "failed" }),
      stepOf("last", ["group"], { type: "gate" }),
      stepOf("tell", ["a"]),
    ]
    expect(idsOf(resultSteps(steps, new Set(["tell"])))).toEqual(["group"])
    expect(resultSteps([], NO_HOOKS)).toEqual([])
  })

  it("is found also when the needs are not known or lead in a cycle", () => {
    expect(idsOf(resultSteps([stepOf("a", ["b"]), stepOf("c", ["gone"])], NO_HOOKS))).toEqual(["a", "c"])
    expect(resultSteps([stepOf("a", ["b"]), stepOf("b", ["a"])], NO_HOOKS)).toEqual([])
  })
})

it("a run failed at its innermost failed steps, and not at the groups around them", () => {
  const failed = { status: "failed" } as const
  const steps = [
    stepOf("group", [], { type: "parallel", ...failed }),
    stepOf("group:x", [], { group: "group", ...failed }),
    stepOf("group:y", [], { group: "group" }),
    stepOf("quorum", [], { type: "ensemble", ...failed }),
    stepOf("quorum:x", [], { group: "quorum" }),
  ]
  expect(idsOf(failedSteps(steps))).toEqual(["group:x", "quorum"])
})
