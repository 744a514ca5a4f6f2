import { describe, expect, it } from "vitest"
import { authorsOf, isDistilled, isReadDistilled } from "../../../src/core/groups/distilled.ts"
import type { Step } from "../../../src/core/model/workflow.ts"
import { drive } from "../../support/drive.ts"
import { step, workflow } from "../../support/runs.ts"

const reader = (id: string, ...needs: string[]): Step => ({ ...step(id, ...needs), context: "distilled" })
const parallel = (id: string, steps: readonly Step[], ...needs: string[]): Step => ({
  ...step(id, ...needs),
  type: "parallel",
  group: { type: "parallel", steps },
})

/** Returns the ids of the steps of a run for which the predicate is true. */
const which = (steps: readonly Step[], question: typeof isReadDistilled, distiller?: string) => {
  const over = distiller === undefined ? {} : { distiller }
  const { run } = drive(steps, {}, 8, { workflow: { ...workflow(steps), ...over } })
  return run.specs.filter((spec) => question(run, spec)).map(({ id }) => id)
}

describe("a step is read distilled", () => {
  it("by its dependents with the context distilled", () => {
    expect(which([step("a"), step("b"), reader("c", "a"), step("d", "b")], isReadDistilled)).toEqual(["a"])
    expect(which([step("a"), step("b", "a")], isReadDistilled)).toEqual([])
  })

  it("by a group whose parts read distilled", () => {
    expect(which([step("a"), parallel("g", [parallel("h", [reader("x")])], "a")], isReadDistilled)).toEqual(["a"])
    expect(which([step("a"), parallel("g", [step("x")], "a")], isReadDistilled)).toEqual([])
  })

  it("when its group is", () => {
    expect(which([parallel("g", [step("x"), step("y")]), reader("c", "g")], isReadDistilled)).toEqual([
      "g",
      "g:x",
      "g:y",
    ])
  })

  it("unless its answer is data or a proposal", () => {
    const data = { ...step("a"), schema: { type: "object" } }
    const proposal: Step = { ...step("b"), part: { of: "e", name: "b", role: "proposer" } }
    expect(which([data, proposal, reader("c", "a", "b")], isReadDistilled)).toEqual([])
  })
})

describe("the distiller runs", () => {
  const steps = [
    step("a"),
    { ...step("k"), type: "check" as const },
    parallel("g", [step("x")]),
    reader("c", "a", "k", "g"),
  ]

  it("after steps that are read distilled, but not after checks and groups", () => {
    expect(which(steps, isDistilled, "worker")).toEqual(["a", "g:x"])
  })

  it("only when the workflow has one", () => {
    expect(which(steps, isDistilled)).toEqual([])
  })
})

describe("the authors of an answer are", () => {
  const authors = (r: ReturnType<typeof drive>, id: string) => authorsOf(r.run, r.step(id)).map((row) => row.id)

  it("the step itself, once it has succeeded", () => {
    const r = drive([step("a"), step("b")])
    expect(authors(r, "a")).toEqual([])
    r.end("a")
    r.end("b", "error")
    expect(authors(r, "a")).toEqual(["a"])
    expect(authors(r, "b")).toEqual([])
  })

  it("the parts of a group that succeeded, at any depth", () => {
    const r = drive([parallel("g", [step("x"), { ...step("y"), onFailure: "skip" }, parallel("h", [step("z")])])])
    r.end("g:x")
    r.end("g:y", "error")
    r.end("g:h:z")
    expect(authors(r, "g")).toEqual(["g:x", "g:h:z"])
  })

  it("the last round of a loop", () => {
    const r = drive([{ ...step("l"), loop: { max: 3, stagnant: 3 } }])
    for (const round of [1, 2]) {
      r.send({ type: "looked", step: "l", attempt: 1, fingerprint: `f${round}` })
      r.end(`l:${round}`, round === 1 ? "error" : "ok")
    }
    expect(authors(r, "l")).toEqual(["l:2"])
  })

  it("the ensemble itself, when a judge has decided", () => {
    const group = { proposers: ["x", "y"], judges: ["z"], mode: "parallel", verdict: "pick", quorum: 1 } as const
    const r = drive([{ ...step("e"), type: "ensemble", group: { type: "ensemble", ...group } }])
    r.end("e:x")
    r.end("e:y")
    r.end("e:judge")
    r.send({
      type: "checked",
      step: "e:judge",
      attempt: 1,
      checks: [],
      structured: { verdict: "pick", choice: "A", answer: "", reasons: [], dissent: [] },
    })
    expect(authors(r, "e")).toEqual(["e"])
  })
})
