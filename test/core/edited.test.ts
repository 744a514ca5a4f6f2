import { describe, expect, it } from "vitest"
import type { Step } from "../../src/core/model/workflow.ts"
import { drive } from "../support/drive.ts"
import { profile, step, workflow } from "../support/runs.ts"

const steps = [step("a"), step("b", "a"), step("c", "a"), step("d", "b")]

/**
 * Resumes a successful run of `steps` with an edited workflow, and returns the steps that start.
 */
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

describe("resuming a run with an edited workflow", () => {
  it("repeats an edited step and its dependents, and nothing else", () => {
    const { started, r } = edited(change("b", { prompt: "do b better" }))
    expect(started).toEqual(["b", "d"])
    expect(r.run.status).toBe("success")
    expect(r.statuses()).toEqual({ a: "success", b: "success", c: "success", d: "success" })
    expect(r.run.spent.tokens.input).toBe(60)
  })

  it("repeats nothing when only the order or the settings have changed, or nothing at all", () => {
    expect(edited([...steps].reverse()).started).toEqual([])
    expect(edited(steps).r.run.status).toBe("success")
  })

  it("runs a new step, drops a removed one, and follows changed needs", () => {
    const { started, r } = edited([...steps.slice(0, 3), step("e", "c")])
    expect(started).toEqual(["e"])
    expect(Object.keys(r.statuses())).toEqual(["a", "b", "c", "e"])
    expect(edited(change("d", { needs: ["c"] })).started).toEqual(["d"])
  })

  it("repeats all steps of a changed profile", () => {
    expect(edited(steps, profile("worker", { model: "other/model" })).started).toEqual(["a", "b", "c", "d"])
  })

  it("keeps the running steps of an interrupted run, and prompts no worker twice", () => {
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

describe("an edited run with groups", () => {
  const group = (prompt = "do x"): Step => ({
    ...step("g", "a"),
    type: "parallel",
    group: { type: "parallel", steps: [{ ...step("x"), prompt }, step("y", "x")] },
  })
  const edit = (r: ReturnType<typeof drive>, ...steps: readonly Step[]) =>
    r.send({
      type: "resume",
      by: "user",
      edited: {
        workflow: workflow(steps, { onFailure: "continue" }),
        profiles: r.run.created.profiles,
        limits: r.run.created.limits,
      },
    })
  const ran = (...failing: string[]) => {
    const r = drive([step("a"), group(), step("z", "g")], { onFailure: "continue" })
    for (const id of ["a", "g:x", "g:y", "z"])
      if (r.step(id)?.status === "running") r.end(id, failing.includes(id) ? "error" : "ok")
    r.started.length = 0
    return r
  }

  it("keeps an unchanged group with all its parts", () => {
    const r = ran("z")
    edit(r, group(), step("a"), { ...step("z", "g"), prompt: "another" })
    expect(r.started).toEqual(["z"])
    r.end("z")
    expect(r.run.status).toBe("success")
    expect(r.statuses()).toEqual({ g: "success", a: "success", z: "success", "g:x": "success", "g:y": "success" })
  })

  it("repeats a changed group from its start, and its dependents", () => {
    const r = ran()
    edit(r, step("a"), group("do x better"), step("z", "g"))
    expect(r.started).toEqual(["g:x"])
    expect(r.run.specs.find(({ id }) => id === "g:x")?.prompt).toBe("do x better")
    for (const id of ["g:x", "g:y", "z"]) r.end(id)
    expect(r.run.status).toBe("success")
  })

  it("repeats a group whose needs have changed", () => {
    const r = ran()
    edit(r, { ...step("a"), prompt: "another" }, group(), step("z", "g"))
    expect(r.started).toEqual(["a"])
    r.end("a")
    expect(r.started).toEqual(["a", "g:x"])
  })

  it("continues a failed group with only the parts that failed", () => {
    const r = ran("g:y")
    edit(r, step("a"), group(), { ...step("z", "g"), prompt: "another" })
    expect(r.started).toEqual(["g:y"])
    r.end("g:y")
    expect(r.started).toEqual(["g:y", "z"])
  })

  it("continues a group that was running when the run was interrupted", () => {
    const r = drive([step("a"), group(), step("z", "g")], { onFailure: "continue" })
    r.end("a")
    r.end("g:x")
    r.send({ type: "interrupt", by: "user" })
    r.end("g:y", "aborted")
    r.started.length = 0
    edit(r, step("a"), group(), { ...step("z", "g"), prompt: "another" })
    expect(r.started).toEqual(["g:y"])
    r.end("g:y")
    r.end("z")
    expect(r.run.status).toBe("success")
    expect(r.step("g").parts?.open).toBe(0)
  })

  it("drops the running parts of a changed group", () => {
    const r = drive([step("a"), group(), step("z", "g")], { onFailure: "continue" })
    r.end("a")
    r.send({ type: "interrupt", by: "user" })
    r.end("g:x", "aborted")
    r.started.length = 0
    edit(r, step("a"), group("do x better"), step("z", "g"))
    expect(r.started).toEqual(["g:x"])
    expect(r.step("g:x").attempt).toBe(1)
    for (const id of ["g:x", "g:y", "z"]) r.end(id)
    expect(r.run.status).toBe("success")
    expect(r.run.running).toBe(0)
  })
})

it.each([0, 1])(
  "a loop that looked at the project after %i rounds when its run was interrupted looks again over an edited workflow",
  (rounds) => {
    const loop: Step = { ...step("a"), loop: { max: 3, stagnant: 3 } }
    const r = drive([loop])
    if (rounds > 0) {
      r.send({ type: "looked", step: "a", attempt: 1, fingerprint: "f1" })
      r.end("a:1", "error")
    }
    r.started.length = 0
    r.send({ type: "interrupt", by: "ctrl-c" })
    r.effects.length = 0
    r.send({
      type: "resume",
      by: "user",
      edited: { workflow: workflow([loop, step("b")]), profiles: { worker: profile() }, limits: { maxWorkers: 8 } },
    })
    expect(r.effects).toContainEqual({ type: "look", step: "a", attempt: 1 })
    expect(r.started).toEqual(["b"])
  },
)

describe("a group that names its profiles inside it", () => {
  const steps: Record<string, Step> = {
    "a nested workflow": {
      ...step("g"),
      type: "workflow",
      group: { type: "workflow", workflow: workflow([{ ...step("x"), profile: "inner" }]), with: {} },
    },
    "a routed step": {
      ...step("g"),
      type: "routed",
      group: { type: "routed", over: '["one"]', by: "category", route: { ui: "ui" }, otherwise: "inner", max: 4 },
    },
    "an ensemble": {
      ...step("g"),
      type: "ensemble",
      group: {
        type: "ensemble",
        proposers: ["worker"],
        judges: ["inner"],
        mode: "parallel",
        verdict: "pick",
        quorum: 1,
      },
    },
    "a step with a second opinion": { ...step("g"), opinions: [{ profile: "inner", ask: "Is it right?" }] as never },
  }

  const VERDICT = { verdict: "pick", choice: "A", reasons: [], dissent: [] }

  it.each(Object.entries(steps))("is repeated when one of them has changed: %s", (_what, given) => {
    const startsAgain = (model: string | undefined) => {
      const profiles = { worker: profile(), ui: profile("ui"), inner: profile("inner") }
      const r = drive([given], {}, 8, { profiles })
      while (r.run.endedAt === undefined && r.started.length > 0) {
        r.end(r.started.pop() as string)
        for (const effect of r.effects.splice(0))
          if (effect.type === "check")
            r.send({ type: "checked", step: effect.step, attempt: effect.attempt, checks: [], structured: VERDICT })
      }
      r.started.length = 0
      const inner = profile("inner", model === undefined ? {} : { model })
      r.send({
        type: "resume",
        by: "user",
        edited: { workflow: workflow([given]), profiles: { ...profiles, inner }, limits: { maxWorkers: 8 } },
      })
      return r.started
    }
    expect(startsAgain("other/model")).not.toEqual([])
    expect(startsAgain(undefined)).toEqual([])
  })
})
