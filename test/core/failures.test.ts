import { describe, expect, it } from "vitest"
import { spentBy } from "../../src/core/model/run.ts"
import { viewRun } from "../../src/core/view/view.ts"
import { drive } from "../support/drive.ts"
import { step } from "../support/runs.ts"

describe("a retry", () => {
  const retry = { maxAttempts: 3, delayMs: 1_000, backoff: "exponential" } as const

  it("starts after a delay that doubles each time with some jitter, and the usage of all tries is summed", () => {
    const r = drive([{ ...step("a"), retry }, step("b", "a")])
    r.end("a", "error")
    expect(r.run.status).toBe("running")
    expect(r.step("a")).toMatchObject({ status: "pending", attempt: 1 })
    const first = (r.step("a").retryAt ?? 0) - r.now
    expect(first).toBeGreaterThan(990)
    expect(first).toBeLessThan(1_251)
    expect(r.effects.at(-1)).toEqual({ type: "wake", at: r.step("a").retryAt })
    r.pass(900)
    expect(r.started).toEqual(["a"])
    r.pass(400)
    expect(r.started).toEqual(["a", "a"])
    r.end("a", "empty")
    const second = (r.step("a").retryAt ?? 0) - r.now
    expect(second).toBeGreaterThan(1_990)
    r.pass(2_600)
    r.end("a")
    expect(r.statuses()).toEqual({ a: "success", b: "running" })
    expect(spentBy(r.step("a"))).toMatchObject({ tokens: { input: 30, output: 15 }, cost: 0.75 })
    expect(viewRun(r.run, true)).toMatchObject({ cost: 0.75, steps: [{ attempts: 3, cost: 0.75 }, {}] })
  })

  it("keeps nothing of the earlier try but its usage", () => {
    const r = drive([{ ...step("a"), retry: { ...retry, delayMs: 0 } }])
    r.open("a")
    r.end("a", "error")
    expect(r.step("a")).toMatchObject({ status: "running", attempt: 2 })
    expect(r.step("a").session).toBeUndefined()
    expect(r.step("a").result).toBeUndefined()
  })

  it("does not follow the last try: the step fails", () => {
    const r = drive([{ ...step("a"), retry: { ...retry, maxAttempts: 2, delayMs: 0 } }])
    r.end("a", "error")
    r.end("a", "error")
    expect(r.step("a")).toMatchObject({ status: "failed", attempt: 2 })
    expect(r.run.status).toBe("failed")
  })

  it.each(["aborted", "ok"] as const)("does not follow a step that ended %s", (reason) => {
    const r = drive([{ ...step("a"), retry }])
    r.end("a", reason)
    expect(r.step("a").retryAt).toBeUndefined()
  })

  it("respects the cap when several are due, and a stopping run drops it", () => {
    const steps = ["a", "b", "c"].map((id) => ({ ...step(id), retry: { ...retry, delayMs: 0 } }))
    const r = drive(steps, { maxParallel: 2 })
    r.end("a", "error")
    expect(Object.values(r.statuses()).filter((status) => status === "running")).toHaveLength(2)
    const s = drive([{ ...step("a"), retry }, step("b")])
    s.end("a", "error")
    s.end("b", "error")
    expect(s.run).toMatchObject({ status: "failed", cause: "failure" })
    expect(viewRun(s.run, true).steps.map((one) => one.status)).toEqual(["failed", "failed"])
  })

  it("that is due while every place is taken waits for a free place, not for a time in the past", () => {
    const r = drive([{ ...step("a"), retry }, step("b")], { maxParallel: 1 })
    r.end("a", "error")
    expect(r.statuses()).toEqual({ a: "pending", b: "running" })
    expect(r.pass(5_000).effects).toEqual([])
    r.end("b")
    expect(r.statuses().a).toBe("running")
  })

  it("survives an interrupt", () => {
    const r = drive([{ ...step("a"), retry }])
    r.end("a", "error")
    r.send({ type: "interrupt", by: "ctrl-c" })
    r.resume()
    expect(r.effects.at(-1)).toEqual({ type: "wake", at: r.step("a").retryAt })
    r.pass(2_000)
    expect(r.started).toEqual(["a", "a"])
  })
})

describe("on_failure: skip", () => {
  it("counts a failed step as skipped, and its dependents run", () => {
    const r = drive([{ ...step("a"), onFailure: "skip" }, step("b", "a")])
    r.end("a", "error")
    expect(r.statuses()).toEqual({ a: "skipped", b: "running" })
    r.end("b")
    expect(r.run.status).toBe("success")
    expect(viewRun(r.run, true).steps[0]).toMatchObject({ status: "skipped", reason: "error" })
  })

  it("does not apply to a step that somebody stopped", () => {
    const r = drive([{ ...step("a"), onFailure: "skip" }])
    r.end("a", "aborted")
    expect(r.run.status).toBe("failed")
  })
})

describe("a condition", () => {
  const go = { onFailure: "continue" } as const

  it("that is false skips the step, and its dependents still run", () => {
    const r = drive([step("a"), { ...step("b", "a"), condition: "false" }, step("c", "b")])
    r.end("a")
    expect(r.statuses()).toEqual({ a: "success", b: "skipped", c: "running" })
    r.end("c")
    expect(r.run.status).toBe("success")
    expect(viewRun(r.run, true).steps[1]?.detail).toBe("its condition is false")
  })

  it("is evaluated once all needs of its step have ended, whether they failed or not", () => {
    const steps = [step("a"), { ...step("mend", "a"), condition: "a is failed" }, step("next", "a")]
    const r = drive(steps, go)
    r.end("a", "error")
    expect(r.statuses()).toEqual({ a: "failed", mend: "running", next: "skipped" })
    expect(viewRun(r.run, true).steps[2]?.detail).toBe("needs a, which did not succeed")
    const s = drive(steps, go)
    s.end("a")
    expect(s.statuses()).toEqual({ a: "success", mend: "skipped", next: "running" })
  })

  it("that cannot be evaluated fails its step", () => {
    const r = drive([{ ...step("a"), condition: "nonsense" }], go)
    expect(r.step("a")).toMatchObject({ status: "failed", result: { reason: "error" } })
    expect(r.run.status).toBe("failed")
    expect(r.started).toEqual([])
  })

  it("a failure skips the dependents of its dependents too", () => {
    const r = drive([step("a"), step("b", "a"), step("c", "b"), step("d")], { ...go, maxParallel: 1 })
    r.end("a", "error")
    r.end("d")
    expect(r.statuses()).toEqual({ a: "failed", b: "skipped", c: "skipped", d: "success" })
    expect(r.run.status).toBe("failed")
  })
})

describe("resuming a run that has failed", () => {
  it("repeats the steps that failed and their dependents, and nothing else", () => {
    const r = drive([step("a"), step("b"), step("c", "a"), step("d", "a", "b")], { onFailure: "continue" })
    r.end("a")
    r.end("b", "error")
    r.end("c")
    expect(r.run.status).toBe("failed")
    r.started.length = 0
    r.resume()
    expect(r.started).toEqual(["b"])
    expect(r.statuses()).toEqual({ a: "success", b: "running", c: "success", d: "pending" })
    r.end("b")
    r.end("d")
    expect(r.run.status).toBe("success")
    expect(r.started).toEqual(["b", "d"])
    expect(r.step("b").attempt).toBe(2)
  })

  it("repeats exactly 2 steps of a fan-out of 100 with 2 failures", () => {
    const ids = Array.from({ length: 100 }, (_, index) => `s${index}`)
    const r = drive(
      ids.map((id) => step(id)),
      { onFailure: "continue", maxParallel: 100 },
      100,
    )
    for (const id of ids) r.end(id, id === "s7" || id === "s42" ? "error" : "ok")
    r.started.length = 0
    r.resume()
    expect(r.started).toEqual(["s7", "s42"])
    r.end("s7")
    r.end("s42")
    expect(r.run.status).toBe("success")
    expect(r.events.filter((event) => event.type === "step.started")).toHaveLength(102)
  })

  it("retries a step with a message in its session, and evaluates a condition again when a need is repeated", () => {
    const r = drive([step("a"), { ...step("mend", "a"), condition: "a is failed" }], { onFailure: "continue" })
    r.open("a")
    r.end("a", "error")
    r.end("mend")
    r.decide("a", "retry", "use the new parser")
    expect(r.events.at(-1)).toMatchObject({
      type: "step.started",
      attempt: 2,
      goOn: { session: "ses_a", text: "use the new parser" },
    })
    r.end("a")
    expect(r.run.status).toBe("success")
    expect(r.statuses().mend).toBe("success")
  })

  it("also works for a cancelled run, and is refused for a successful one", () => {
    const r = drive([step("a"), step("b", "a")])
    r.send({ type: "abort", by: "user" })
    r.end("a", "aborted")
    expect(r.run.status).toBe("cancelled")
    r.resume()
    expect(r.statuses()).toEqual({ a: "running", b: "pending" })
    r.end("a")
    r.end("b")
    expect(r.resume().refused).toContain("has ended (success)")
    expect(r.decide("a", "retry").refused).toContain("is not waiting for a decision")
  })

  it.each([
    [{ onFailure: "skip" }, /^a was skipped \(error: boom\)/],
    [{ condition: "false" }, /^a was skipped \(its condition is false\)/],
  ] as const)("does not say yes to a step that counts as done: %o", (more, why) => {
    const r = drive([{ ...step("a"), ...more }, step("b"), step("c", "a")], { onFailure: "continue" })
    if ("onFailure" in more) r.end("a", "error", 1, { detail: "boom" })
    r.end("b", "error")
    r.end("c")
    expect(r.run.status).toBe("failed")
    const { refused, events } = r.decide("a", "retry", "once more")
    expect(refused).toMatch(why)
    expect(refused).toContain("--edited")
    expect(events).toEqual([])
    expect(r.decide("b", "retry").refused).toBeUndefined()
  })

  it("leaves a step skipped that was skipped for a need which has succeeded since", () => {
    const r = drive([step("a"), step("b", "a")], { onFailure: "continue" })
    r.end("a", "error")
    expect(r.statuses()).toEqual({ a: "failed", b: "skipped" })
    expect(r.decide("b", "retry").refused).toBeUndefined()
    expect(r.started).toEqual(["a", "a"])
    r.end("a")
    expect(r.started.at(-1)).toBe("b")
  })
})
