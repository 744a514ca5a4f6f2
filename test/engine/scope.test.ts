import { expect, it } from "vitest"
import { evolve } from "../../src/core/fold/evolve.ts"
import type { Run } from "../../src/core/model/run.ts"
import { scopeOf } from "../../src/engine/task/scope.ts"
import { createdEvent, result, startedEvent, step, workflow } from "../support/runs.ts"

/** The graph a → b, c → d (a diamond), and e, which no step needs. */
const steps = [step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c"), step("e")]

function runWhere(...ended: readonly string[]): Run {
  const created = evolve(undefined, createdEvent("r", { workflow: workflow(steps) }))
  return ended.reduce<Run>((run, id) => {
    const output = `${id} said so`
    const end = { type: "step.ended", at: 2, step: id, attempt: 1, result: result({ output, session: `ses_${id}` }) }
    return evolve(evolve(run, startedEvent(id)), end as Parameters<typeof evolve>[1])
  }, created)
}

it("a step's scope has the steps it needs, directly or through others, and no others", () => {
  const { steps: seen } = scopeOf(runWhere("a", "b", "c", "e"), step("d", "b", "c"))
  expect(seen.get("a")).toEqual({ output: "a said so", status: "success", reason: "ok", session: "ses_a" })
  expect(seen.get("b")?.output).toBe("b said so")
  expect(seen.has("e")).toBe(false)
  expect(seen.has("d")).toBe(false)
  expect([...seen.keys()].sort()).toEqual(["a", "b", "c"])
})

it("a step's scope shows the current state of a step that has not ended", () => {
  const { steps: seen } = scopeOf(runWhere(), step("d", "b", "c"))
  expect(seen.get("a")).toEqual({ output: "", status: "pending", reason: "", session: "" })
})
