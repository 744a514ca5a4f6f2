import { describe, expect, it } from "vitest"
import type { Step } from "../../src/core/model.ts"
import { drive } from "../support/drive.ts"
import { profile, step, workflow } from "../support/runs.ts"

const steps = [step("a"), step("b", "a"), step("c", "a"), step("d", "b")]

/** A run of `steps` in which all has gone well, resumed over a changed workflow; gives what starts. */
function edited(now: readonly Step[], worker = profile()) {
  const r = drive(steps)
  for (const { id } of steps) r.end(id)
  r.started.length = 0
  r.send({
    type: "resume",
    by: "user",
    edited: { workflow: workflow(now), profiles: { worker }, limits: { maxWorkers: 8 } },
  })
  const started: string[] = []
  while (r.run.endedAt === undefined) {
    const next = r.started[started.length] as string
    started.push(next)
    r.end(next)
  }
  return { started, r }
}
const change = (id: string, over: Partial<Step>) => steps.map((one) => (one.id === id ? { ...one, ...over } : one))

describe("resuming over a changed workflow", () => {
  it("does an edited step and its dependents again, and nothing else", () => {
    const { started, r } = edited(change("b", { prompt: "do b better" }))
    expect(started).toEqual(["b", "d"])
    expect(r.run.status).toBe("success")
    expect(r.statuses()).toEqual({ a: "success", b: "success", c: "success", d: "success" })
    expect(r.run.spent.tokens.input).toBe(60)
  })

  it("does nothing again for another order, other settings or no change at all", () => {
    expect(edited([...steps].reverse()).started).toEqual([])
    expect(edited(steps).r.run.status).toBe("success")
  })

  it("does a new step, forgets one that is gone, and follows changed needs", () => {
    const { started, r } = edited([...steps.slice(0, 3), step("e", "c")])
    expect(started).toEqual(["e"])
    expect(Object.keys(r.statuses())).toEqual(["a", "b", "c", "e"])
    expect(edited(change("d", { needs: ["c"] })).started).toEqual(["d"])
  })

  it("does all steps of a changed profile again", () => {
    expect(edited(steps, profile("worker", { model: "other/model" })).started).toEqual(["a", "b", "c", "d"])
  })

  it("keeps what is at work in an interrupted run, and asks nobody twice", () => {
    const r = drive(steps)
    r.end("a")
    r.open("b")
    r.send({ type: "interrupt", by: "ctrl-c" })
    r.effects.length = 0
    const now = change("c", { prompt: "do c better" })
    r.send({
      type: "resume",
      by: "user",
      edited: { workflow: workflow(now), profiles: { worker: profile() }, limits: { maxWorkers: 8 } },
    })
    expect(r.effects).toEqual([
      { type: "start", step: "b", attempt: 1, resumed: true },
      { type: "start", step: "c", attempt: 2, resumed: false },
    ])
    for (const id of ["b", "c", "d"]) r.end(id)
    expect(r.run.status).toBe("success")
  })
})
