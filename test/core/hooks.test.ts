import { describe, expect, it } from "vitest"
import type { Hook, Step } from "../../src/core/model/workflow.ts"
import { viewRun } from "../../src/core/view/view.ts"
import { drive } from "../support/drive.ts"
import { step } from "../support/runs.ts"

const hook = (id: string, when: Hook, over: Partial<Step> = {}): Step => ({ ...step(id, "a"), hook: when, ...over })
const hooks = [hook("yes", "success"), hook("no", "failure"), hook("always", "complete")]

describe("hooks", () => {
  it("for success and for completion run after a successful run, once everything else is over", () => {
    const r = drive([step("a"), step("b", "a"), ...hooks])
    r.end("a")
    expect(r.started).toEqual(["a", "b"])
    r.end("b")
    expect(r.started).toEqual(["a", "b", "yes", "always"])
    expect(r.statuses()).toMatchObject({ no: "skipped" })
    r.end("yes")
    expect(r.run.status).toBe("running")
    r.end("always")
    expect(r.run.status).toBe("success")
    expect(viewRun(r.run, true).steps.find((one) => one.id === "no")?.detail).toBe("the run succeeded")
  })

  it("for failure run after a failed run, which stays failed", () => {
    const r = drive([step("a"), step("b", "a"), ...hooks, step("z")], { maxParallel: 1 })
    r.end("a", "error")
    expect(r.started).toEqual(["a", "no"])
    r.end("no")
    r.end("always")
    expect(r.run).toMatchObject({ status: "failed", cause: "failure" })
    expect(r.statuses()).toMatchObject({ b: "pending", yes: "skipped", z: "pending" })
  })

  it("that fail turn a success into a failure, and the other hooks still run", () => {
    const r = drive([step("a"), ...hooks], { maxParallel: 1 })
    r.end("a")
    r.end("yes", "error")
    expect(r.started).toEqual(["a", "yes", "always"])
    r.end("always")
    expect(r.run.status).toBe("failed")
  })

  it("are retried like any step", () => {
    const retry = { maxAttempts: 2, delayMs: 0, backoff: "fixed" } as const
    const r = drive([step("a"), hook("no", "failure", { retry })])
    r.end("a", "error")
    r.end("no", "error")
    expect(r.step("no")).toMatchObject({ status: "running", attempt: 2 })
  })

  it("do not run after an abort or a deadline, and an abort ends them", () => {
    const r = drive([step("a"), ...hooks])
    r.send({ type: "abort", by: "user" })
    r.end("a", "aborted")
    expect(r.run.status).toBe("cancelled")
    expect(r.started).toEqual(["a"])
    const s = drive([step("a"), ...hooks])
    s.end("a")
    s.send({ type: "abort", by: "user" })
    expect(s.stopped).toEqual(["yes", "always"])
    s.end("yes", "aborted")
    s.end("always", "aborted")
    expect(s.run.status).toBe("cancelled")
  })

  it("of a failed run that is resumed run for its new end, and none that succeeded runs twice", () => {
    const r = drive([step("a"), ...hooks])
    r.end("a", "error")
    r.end("no")
    r.end("always")
    r.started.length = 0
    r.resume()
    expect(r.started).toEqual(["a"])
    r.end("a")
    expect(r.started).toEqual(["a", "yes"])
    r.end("yes")
    expect(r.run.status).toBe("success")
  })

  it.each(["gate", "provider"])("of a failed run do not wait for a step that a %s holds", (by) => {
    const r = drive([
      { ...step("a"), ...(by === "gate" ? { intervene: "always" } : {}) },
      step("b"),
      step("c", "a"),
      ...hooks,
    ])
    if (by === "gate") r.end("a")
    else r.hold("a")
    r.end("b", "error")
    expect(r.run).toMatchObject({ status: "running", closing: "failed" })
    expect(r.started).toEqual(["a", "b", "no", "always"])
    expect(viewRun(r.run, true).steps[0]).toMatchObject({ status: "cancelled", gate: null })
    expect(r.decide("a", "continue").refused).toContain("is not waiting for a decision")
    // No process drives it for a while: the resume does not bring the gate back.
    r.effects.length = 0
    r.resume()
    expect(r.effects.map((effect) => effect.type === "start" && effect.step)).toEqual(["no", "always"])
    r.end("no")
    r.end("always")
    expect(r.run).toMatchObject({ status: "failed", cause: "failure" })
    expect(r.statuses()).toMatchObject({ c: "pending" })
    r.started.length = 0
    r.resume()
    expect(r.started).toEqual(["a", "b"])
  })

  it("of a failed run wait when a person has paused it", () => {
    const r = drive([{ ...step("a"), intervene: "always" }, step("b"), ...hooks])
    r.send({ type: "pause", by: "user" })
    r.end("a")
    r.end("b", "error")
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "person" } })
    r.resume()
    expect(r.started).toEqual(["a", "b", "no", "always"])
  })

  it("survive a crash between the end of the steps and their own", () => {
    const r = drive([step("a"), ...hooks])
    r.end("a")
    r.effects.length = 0
    r.resume()
    expect(r.effects.map((effect) => effect.type === "start" && effect.step)).toEqual(["yes", "always"])
    r.end("yes")
    r.end("always")
    expect(r.run.status).toBe("success")
  })

  describe("that need each other", () => {
    const upload = (over: Partial<Step> = {}) => hook("upload", "success", { needs: ["a", "pack"], ...over })
    const pack = (when: Hook = "success") => hook("pack", when, { needs: ["a"] })

    it("run in that order, in whatever order they are written", () => {
      const r = drive([step("a"), upload(), pack(), hook("tell", "complete", { needs: ["a", "upload"] })])
      r.end("a")
      expect(r.started).toEqual(["a", "pack"])
      r.end("pack")
      expect(r.started).toEqual(["a", "pack", "upload"])
      r.end("upload")
      expect(r.started).toEqual(["a", "pack", "upload", "tell"])
      r.end("tell")
      expect(r.run.status).toBe("success")
    })

    it("are skipped when the one before failed, unless a condition says otherwise", () => {
      const r = drive([
        step("a"),
        pack(),
        upload(),
        hook("tell", "complete", { needs: ["a", "upload"], condition: "upload is skipped" }),
      ])
      r.end("a")
      r.end("pack", "error")
      expect(r.statuses()).toMatchObject({ pack: "failed", upload: "skipped", tell: "running" })
      expect(viewRun(r.run, true).steps[2]?.detail).toBe("needs pack, which did not succeed")
      r.end("tell")
      expect(r.run.status).toBe("failed")
    })

    it("do not wait for a hook of another end", () => {
      const r = drive([step("a"), pack(), hook("tell", "complete", { needs: ["a", "pack"] })])
      r.end("a", "error")
      expect(r.statuses()).toMatchObject({ pack: "skipped", tell: "running" })
    })

    it("do not wait for a hook that succeeded before the run was resumed", () => {
      const r = drive([step("a"), pack("complete"), upload({ hook: "complete" })])
      r.end("a", "error")
      r.end("pack")
      r.end("upload", "error")
      expect(r.run.status).toBe("failed")
      r.started.length = 0
      r.resume()
      expect(r.started).toEqual(["a"])
      r.end("a")
      expect(r.started).toEqual(["a", "upload"])
    })

    it("keep their order after a crash between them, and at a gate of the first", () => {
      const r = drive([step("a"), { ...pack(), intervene: "always" }, upload()])
      r.end("a")
      r.send({ type: "interrupt", by: "user" })
      r.resume()
      expect(r.started).toEqual(["a", "pack", "pack"])
      r.end("pack")
      expect(r.run.status).toBe("paused")
      r.decide("pack", "continue")
      expect(r.started.at(-1)).toBe("upload")
    })

    it("keep their order in a nested workflow", () => {
      const inner = { name: "w", inputs: {}, settings: { maxParallel: 3, timeoutMs: 1e6, onFailure: "stop" as const } }
      const steps = [
        step("a"),
        upload(),
        pack(),
        hook("no", "failure"),
        hook("tell", "complete", { needs: ["a", "no"] }),
      ]
      const group = { type: "workflow" as const, workflow: { ...inner, steps }, with: {} }
      const r = drive([{ ...step("g"), type: "workflow", group }])
      r.end("g:a")
      expect(r.started).toEqual(["g:a", "g:pack", "g:tell"])
      r.end("g:tell")
      r.end("g:pack")
      r.end("g:upload")
      expect(r.run.status).toBe("success")
    })
  })
})
