import { describe, expect, it } from "vitest"
import type { Intervene, Step } from "../../src/core/model/workflow.ts"
import { viewRun } from "../../src/core/view/view.ts"
import { drive } from "../support/drive.ts"
import { profile, step } from "../support/runs.ts"
import { BROKEN_PROMPT } from "../support/words.ts"

const checks = [{ type: "command", run: "npm test", expect: "pass", severity: "error" }] as const

it("a gate whose prompt cannot be filled in fails its step", () => {
  const r = drive([{ ...step("a"), type: "gate", prompt: BROKEN_PROMPT }])
  expect(r.step("a")).toMatchObject({ status: "failed", attempt: 1 })
  expect(r.step("a").result?.detail).toContain("there is no nothing")
  expect(r.run.status).toBe("failed")
})

describe("checks", () => {
  it("decide instead of what the worker claims, and the answer does not count before they pass", () => {
    const r = drive([{ ...step("a"), checks }, step("b", "a")])
    r.end("a")
    expect(r.effects.at(-1)).toEqual({ type: "check", step: "a", attempt: 1 })
    expect(r.statuses()).toEqual({ a: "running", b: "pending" })
    r.check("a", { isOk: false, detail: "exit code 1" })
    expect(r.step("a")).toMatchObject({
      status: "failed",
      result: { reason: "check-failed", detail: "npm test: exit code 1", output: "done" },
    })
    const s = drive([{ ...step("a"), checks }, step("b", "a")])
    s.end("a")
    s.check("a", {})
    expect(s.statuses()).toEqual({ a: "success", b: "running" })
  })

  it("that fail are reported to the worker in its session on the next try", () => {
    const r = drive([{ ...step("a"), checks, retry: { maxAttempts: 2, delayMs: 0, backoff: "fixed" } }])
    r.open("a")
    r.end("a")
    r.check("a", { isOk: false, detail: "exit code 1", output: "expected 3, got 4" })
    const started = r.events.at(-1)
    expect(started).toMatchObject({ type: "step.started", attempt: 2, goOn: { session: "ses_a" } })
    expect(JSON.stringify(started)).toContain("expected 3, got 4")
  })

  it("of severity warning add a warning, and the step succeeds", () => {
    const r = drive([{ ...step("a"), checks }])
    r.end("a")
    r.check("a", { isOk: false, severity: "warning", detail: "exit code 2" })
    expect(r.step("a")).toMatchObject({
      status: "success",
      warnings: [{ kind: "check", text: "npm test: exit code 2" }],
    })
  })

  it("are run again after a crash, and the worker is not prompted again", () => {
    const r = drive([{ ...step("a"), checks }])
    r.end("a")
    r.effects.length = 0
    r.resume()
    expect(r.effects).toEqual([{ type: "check", step: "a", attempt: 1 }])
    r.send({ type: "interrupt", by: "ctrl-c" })
    expect(r.end("a", "aborted").events).toEqual([])
    r.effects.length = 0
    r.resume()
    expect(r.effects).toEqual([{ type: "check", step: "a", attempt: 1 }])
  })

  it("are not run for a failed step; a stopping run still checks an answer", () => {
    const r = drive([{ ...step("a"), checks }])
    r.end("a", "error")
    expect(r.effects.filter((effect) => effect.type === "check")).toEqual([])
    const s = drive([{ ...step("a"), checks }, step("b")])
    s.end("b", "error")
    s.end("a")
    expect(s.effects.filter((effect) => effect.type === "check")).toHaveLength(1)
    s.check("a", { isOk: false })
    expect(s.statuses()).toEqual({ a: "failed", b: "failed" })
    expect(s.run.status).toBe("failed")
  })

  it("are not run in an aborted run, and an unchecked answer is no success", () => {
    const r = drive([{ ...step("a"), checks }])
    r.send({ type: "abort", by: "user" })
    r.end("a")
    expect(r.effects.filter((effect) => effect.type === "check")).toEqual([])
    expect(r.step("a")).toMatchObject({ status: "cancelled", result: { reason: "aborted", output: "done" } })
    expect(r.run.status).toBe("cancelled")
  })
})

describe("the intervene policy", () => {
  const outcomes = {
    ok: (r: ReturnType<typeof drive>) => r.end("a"),
    warning: (r: ReturnType<typeof drive>) => {
      r.send({ type: "warned", step: "a", attempt: 1, warning: { kind: "model", text: "another model" } })
      return r.end("a")
    },
    error: (r: ReturnType<typeof drive>) => r.end("a", "error"),
  }
  const table: [Intervene, keyof typeof outcomes, boolean][] = [
    ["never", "error", false],
    ["never", "ok", false],
    ["on-error", "error", true],
    ["on-error", "warning", false],
    ["on-error", "ok", false],
    ["on-warning", "error", true],
    ["on-warning", "warning", true],
    ["on-warning", "ok", false],
    ["always", "error", true],
    ["always", "warning", true],
    ["always", "ok", true],
  ]
  it.each(table)("%s after %s: pauses %s", (intervene, outcome, pauses) => {
    const r = drive([{ ...step("a"), intervene }, step("b", "a")])
    outcomes[outcome](r)
    expect(r.run.status === "paused").toBe(pauses)
    expect(r.statuses().a).toBe(pauses ? "waiting" : outcome === "error" ? "failed" : "success")
  })

  it("is the step's, or else its profile's, or else the workflow's, or else never", () => {
    const paused = (own?: Intervene, profiles?: Intervene, workflows?: Intervene) => {
      const a = { ...step("a"), ...(own ? { intervene: own } : {}) }
      const worker = profile("worker", profiles ? { intervene: profiles } : {})
      const r = drive([a], workflows ? { intervene: workflows } : {}, 8, { profiles: { worker } })
      r.end("a")
      return r.run.status === "paused"
    }
    expect(paused()).toBe(false)
    expect(paused(undefined, undefined, "always")).toBe(true)
    expect(paused(undefined, "never", "always")).toBe(false)
    expect(paused("always", "never", "never")).toBe(true)
  })

  it("applies after the retries, and a retry counts as a warning", () => {
    const retry = { maxAttempts: 2, delayMs: 0, backoff: "fixed" } as const
    const r = drive([{ ...step("a"), retry, intervene: "on-warning" }])
    r.end("a", "error")
    expect(r.run.status).toBe("running")
    r.end("a")
    expect(r.step("a").gate).toMatchObject({ why: "warning", detail: "needed 2 tries" })
  })
})

describe("an open gate", () => {
  const open = () => {
    const r = drive([{ ...step("a"), intervene: "on-error" }, step("b"), step("c", "a", "b"), step("d")], {
      maxParallel: 2,
      onFailure: "continue",
    })
    r.open("a")
    r.end("a", "error", 1, { detail: "boom" })
    return r
  }

  it("lets running steps finish, starts nothing, and then pauses the run", () => {
    const r = open()
    expect(r.run.status).toBe("running")
    expect(r.statuses()).toEqual({ a: "waiting", b: "running", c: "pending", d: "pending" })
    r.end("b")
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "gate", detail: "a: failed (error): boom" } })
    expect(viewRun(r.run, true).steps[0]).toMatchObject({ status: "waiting", gate: { why: "error" }, reason: "error" })
  })

  it("decided with continue ends the step as it is, and the run continues", () => {
    const r = open()
    r.end("b")
    r.decide("a", "continue")
    expect(r.statuses()).toEqual({ a: "failed", b: "success", c: "skipped", d: "running" })
    expect(r.run.hold).toBeUndefined()
  })

  it("decided with retry starts another try with a message in the same session", () => {
    const r = open()
    r.end("b")
    r.decide("a", "retry", "mind the gap")
    expect(r.events.at(-2)).toMatchObject({
      type: "step.started",
      attempt: 2,
      goOn: { session: "ses_a", text: "mind the gap" },
    })
    expect(r.run.status).toBe("running")
    r.end("a")
    r.end("d")
    r.end("c")
    expect(r.run.status).toBe("success")
  })

  it("decided with skip lets the dependents of the step run", () => {
    const r = open()
    r.end("b")
    r.decide("a", "skip")
    expect(r.statuses()).toMatchObject({ a: "skipped", c: "running" })
    expect(viewRun(r.run, true).cost).toBe(0.5)
  })

  it("decided with abort ends the run, even while other steps run", () => {
    const r = open()
    r.decide("a", "abort")
    expect(r.stopped).toEqual(["b"])
    r.end("b", "aborted")
    expect(r.run).toMatchObject({ status: "cancelled", cause: "abort" })
  })

  it.each([{ intervene: "always" }, { effects: "external" }] as const)(
    "decided with abort stops running steps, even while the run stops for a failure (%o)",
    (more) => {
      const r = drive([{ ...step("a"), ...more }, step("b"), step("c")])
      r.open("a")
      if ("effects" in more) {
        r.send({ type: "interrupt", by: "ctrl-c" })
        r.resume()
      } else r.end("a")
      r.end("b", "error")
      expect(r.run).toMatchObject({ status: "running", stopping: "failure" })
      r.decide("a", "abort")
      expect(r.stopped.slice(-1)).toEqual(["c"])
      expect(r.effects.at(-1)).toEqual({ type: "stop", step: "c", attempt: 1 })
      r.end("c", "aborted")
      expect(r.run).toMatchObject({ status: "cancelled", cause: "abort" })
    },
  )

  it("is decided once, and the journal records who decided", () => {
    const r = open()
    r.decide("a", "skip")
    expect(r.decide("a", "skip").refused).toContain("is not waiting for a decision")
    expect(r.decide("nope", "skip").refused).toContain("has no step")
    expect(r.events).toContainEqual(expect.objectContaining({ type: "gate.decided", by: "user", action: "skip" }))
  })

  it("is continued by resume, and ends by its default when its time is over", () => {
    const r = open()
    r.end("b")
    r.resume()
    expect(r.statuses()).toMatchObject({ a: "failed", d: "running" })
    const s = open()
    s.end("b")
    expect(s.effects.at(-1)).toEqual({ type: "wake", at: s.step("a").gate?.expiresAt })
    s.pass(24 * 3_600_000)
    expect(s.statuses().a).toBe("failed")
    expect(s.events).toContainEqual(expect.objectContaining({ type: "gate.decided", by: "the gate's timeout" }))
  })

  it("of an interrupted run stays open on resume: running steps restart, and a person still decides", () => {
    const r = open()
    r.send({ type: "interrupt", by: "ctrl-c" })
    r.effects.length = 0
    r.resume()
    expect(r.effects).toContainEqual({ type: "start", step: "b", attempt: 1, resumed: true })
    expect(r.statuses()).toMatchObject({ a: "waiting", b: "running", d: "pending" })
    r.end("b")
    expect(r.run.status).toBe("paused")
  })

  it("decided with retry beside another open gate runs the step, and the run pauses again", () => {
    const r = drive([
      { ...step("a"), intervene: "always" },
      { ...step("b"), intervene: "always" },
    ])
    r.end("a")
    r.end("b")
    r.decide("a", "retry")
    expect(r.run.status).toBe("running")
    r.end("a")
    expect(r.run.status).toBe("paused")
    expect(r.statuses()).toEqual({ a: "waiting", b: "waiting" })
  })

  it("is decided by itself when two are open", () => {
    const r = drive([{ ...step("a"), intervene: "always" }, { ...step("b"), intervene: "always" }, step("c", "a", "b")])
    r.end("a")
    r.end("b")
    r.decide("b", "continue")
    expect(r.run).toMatchObject({ status: "paused", hold: { detail: "a: done" } })
    expect(r.statuses()).toEqual({ a: "waiting", b: "success", c: "pending" })
    r.decide("a", "continue")
    expect(r.statuses().c).toBe("running")
  })
})

describe("a step of type gate", () => {
  const steps = [step("a"), { ...step("ok", "a"), type: "gate", prompt: "Ship it?" } as const, step("b", "ok")]

  it("asks a person: yes continues with the answer as output, and no is not a success", () => {
    const r = drive(steps)
    r.end("a")
    expect(r.run).toMatchObject({ status: "paused", hold: { detail: "ok: Ship it?" } })
    expect(r.decide("ok", "retry").refused).toContain("has no worker")
    r.decide("ok", "continue", "only to staging")
    expect(r.step("ok")).toMatchObject({ status: "success", result: { output: "only to staging" } })
    expect(r.statuses().b).toBe("running")
    const s = drive(steps)
    s.end("a")
    s.decide("ok", "abort")
    expect(s.run.status).toBe("cancelled")
    expect(s.step("ok").result?.reason).toBe("rejected")
  })

  it("that nobody answers aborts, unless the workflow sets another default", () => {
    const r = drive(steps, { gateTimeoutMs: 1_000 })
    r.end("a")
    r.pass(2_000)
    expect(r.run.status).toBe("cancelled")
    const s = drive(steps, { gateTimeoutMs: 1_000, gateDefault: "continue" })
    s.end("a")
    s.pass(2_000)
    expect(s.statuses().b).toBe("running")
  })
})

describe("a step with external effects", () => {
  const steps = [{ ...step("a"), effects: "external" } as const, step("b", "a")]

  it("that was running when its run stopped is not repeated without a person's decision", () => {
    const r = drive(steps)
    r.open("a")
    r.send({ type: "interrupt", by: "ctrl-c" })
    r.effects.length = 0
    r.resume()
    expect(r.effects.filter((effect) => effect.type === "start")).toEqual([])
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "gate" } })
    expect(r.step("a").gate).toMatchObject({ why: "effects", otherwise: "abort" })
    r.decide("a", "continue")
    expect(r.effects).toContainEqual({ type: "start", step: "a", attempt: 1, resumed: true })
    r.end("a")
    expect(r.statuses().b).toBe("running")
  })

  it("that had not been prompted yet simply starts", () => {
    const r = drive(steps)
    r.send({ type: "interrupt", by: "ctrl-c" })
    r.effects.length = 0
    r.resume()
    expect(r.effects).toEqual([{ type: "start", step: "a", attempt: 1, resumed: true }])
  })

  it("that failed is not repeated by a resume either: skip continues without it, abort ends the run", () => {
    const failed = () => {
      const r = drive(steps)
      r.open("a")
      r.end("a", "error")
      r.resume()
      return r
    }
    const r = failed()
    expect(r.run.status).toBe("paused")
    expect(r.started).toEqual(["a"])
    r.decide("a", "retry", "carefully")
    expect(r.started).toEqual(["a", "a"])
    expect(r.step("a")).toMatchObject({ attempt: 2, goOn: { text: "carefully" } })
    r.end("a")
    r.end("b")
    expect(r.run.status).toBe("success")
    const s = failed()
    s.decide("a", "skip")
    expect(s.statuses()).toEqual({ a: "skipped", b: "running" })
    const t = failed()
    t.decide("a", "abort")
    expect(t.run.status).toBe("cancelled")
  })
})

describe("pausing", () => {
  it("starts nothing more, pauses the run when nothing is running, and is ended by resume", () => {
    const r = drive([step("a"), step("b", "a")])
    r.send({ type: "pause", by: "user" })
    expect(r.run.status).toBe("running")
    expect(r.send({ type: "pause", by: "user" }).refused).toContain("pausing already")
    r.end("a")
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "person", detail: "paused by user" } })
    r.resume()
    expect(r.statuses().b).toBe("running")
  })

  it("can be revoked while steps are running", () => {
    const r = drive([step("a"), step("b")], { maxParallel: 1 })
    r.send({ type: "pause", by: "user" })
    r.resume()
    r.end("a")
    expect(r.statuses().b).toBe("running")
  })

  const takenBack = (steps: readonly Step[], settings = {}, ms = 0) => {
    const r = drive(steps, settings)
    r.open("a")
    r.pass(ms)
    r.send({ type: "pause", by: "user" })
    r.effects.length = 0
    r.send({ type: "resume", by: "user", isLive: true })
    return r
  }

  it("and resuming leaves running steps alone, even those with external effects", () => {
    const r = takenBack([{ ...step("a"), effects: "external" }, step("b", "a")])
    expect(r.effects).toEqual([])
    expect(r.statuses().a).toBe("running")
    r.end("a")
    expect(r.statuses()).toEqual({ a: "success", b: "running" })
  })

  it("outlives a gate that a person or its timeout decides", () => {
    for (const by of ["timeout", "person"]) {
      const r = drive([{ ...step("a"), intervene: "always" }, step("b", "a")], { gateTimeoutMs: 1_000 })
      r.send({ type: "pause", by: "user" })
      r.end("a")
      expect(viewRun(r.run, true).steps[0]?.gate).toMatchObject({ why: "always" })
      if (by === "timeout") r.pass(2_000)
      else r.decide("a", "continue")
      expect(r.statuses()).toEqual({ a: "success", b: "pending" })
      expect(r.run).toMatchObject({ status: "paused", hold: { cause: "person" } })
      r.resume()
      expect(r.statuses().b).toBe("running")
    }
  })

  it("and resuming keeps the deadline clock", () => {
    const r = takenBack([step("a"), step("b", "a")], { budget: { timeMs: 1_000 } }, 900)
    r.pass(300)
    r.end("a")
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "budget" } })
  })

  it("cannot be revoked with an edited workflow while steps are running", () => {
    const r = drive([step("a"), step("b", "a")])
    r.send({ type: "pause", by: "user" })
    const { workflow, profiles, limits } = r.run.created
    const edited = { workflow: { ...workflow, steps: [{ ...step("a"), prompt: "other" }] }, profiles, limits }
    expect(r.send({ type: "resume", by: "user", edited, isLive: true }).refused).toContain(
      "pause it before you resume it with --edited",
    )
    r.end("a")
    r.send({ type: "resume", by: "user", edited })
    expect(r.started).toEqual(["a", "a"])
  })
})

describe("a budget", () => {
  const steps = ["a", "b", "c", "d"].map((id) => step(id))

  it("is checked before each start, and the run waits for a person to raise it when it is used up", () => {
    const r = drive(steps, { maxParallel: 1, budget: { usd: 0.5 } })
    r.end("a")
    r.end("b")
    expect(r.run).toMatchObject({
      status: "paused",
      hold: { cause: "budget", detail: "the run has spent $0.50 of $0.5" },
    })
    expect(r.started).toEqual(["a", "b"])
    expect(r.resume().run?.status).toBe("paused")
    r.send({ type: "raise", budget: { usd: 2 }, by: "user" })
    expect(r.started).toEqual(["a", "b", "c"])
    r.end("c")
    r.end("d")
    expect(r.run.status).toBe("success")
  })

  it("counts every known price, even when another is unknown", () => {
    const r = drive(steps, { maxParallel: 1, budget: { usd: 0.5 } })
    r.end("a", "ok", 1, { cost: null })
    r.end("b")
    r.end("c")
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "budget" } })
  })

  it("applies the lower limit, warns at 80 %, counts tokens, and ignores an unknown price", () => {
    const r = drive(steps, { maxParallel: 1, budget: { tokens: 100 } }, 8, {
      limits: { maxWorkers: 8, budget: { tokens: 40, usd: 1 } },
    })
    r.end("a", "ok", 1, { cost: null })
    r.end("b", "ok", 1, { cost: null })
    expect(r.step("b").warnings).toBeUndefined()
    expect(r.run.status).toBe("running")
    r.end("c", "ok", 1, { cost: null, tokens: { input: 3, output: 0 } })
    expect(r.step("c").warnings).toEqual([{ kind: "budget", text: "83 % of the run's budget is spent" }])
    r.end("d")
    expect(r.run.status).toBe("success")
  })
})

describe("the words of a decision reach somebody, or are refused with what to do instead", () => {
  const ACCEPTS = "continue accepts the result of a as it is, and nobody would read the words: "
  const paused = (spec: Partial<Step>, more: Step[] = []) =>
    drive([{ ...step("a"), intervene: "always", ...spec }, ...more])
  const parallel: Partial<Step> = { type: "parallel", checks, group: { type: "parallel", steps: [step("x")] } }

  it("`continue` of a step that waits after its answer", () => {
    const r = paused({}, [step("b", "a")])
    r.end("a")
    const decision = r.decide("a", "continue", "use tabs")
    expect(decision).toMatchObject({
      refused: `${ACCEPTS}use retry to tell its worker, or continue without words`,
      events: [],
    })
    expect(r.step("a").status).toBe("waiting")
    expect(r.decide("a", "continue").refused).toBeUndefined()
    expect(r.statuses()).toEqual({ a: "success", b: "running" })
  })

  it("`continue` and `retry` of a step without a worker", () => {
    const r = paused({ type: "check", checks })
    r.check("a", {})
    expect(r.decide("a", "continue", "fine").refused).toBe(`${ACCEPTS}continue without words`)
    const nobody = "the next try of a has no worker that could be told: retry it without words"
    expect(r.decide("a", "retry", "again").refused).toBe(nobody)
    expect(r.decide("a", "retry").refused).toBeUndefined()
  })

  it("`retry` of a group whose parts have succeeded, and of one with a part to repeat", () => {
    const r = paused(parallel)
    r.end("a:x")
    r.check("a", { isOk: false })
    expect(r.step("a").gate?.why).toBe("error")
    expect(r.decide("a", "retry", "again").refused).toContain("no worker that could be told")
    const s = drive([{ ...step("a"), ...parallel }])
    s.end("a:x", "error")
    expect(s.run.status).toBe("failed")
    expect(s.decide("a", "retry", "use tabs").refused).toBeUndefined()
    expect(s.events.findLast((event) => event.type === "step.started")).toMatchObject({
      step: "a:x",
      goOn: { text: "use tabs" },
    })
  })

  it("`retry` of a check or a gate in a run that has ended", () => {
    const r = drive([{ ...step("a"), type: "check", checks }])
    r.check("a", { isOk: false })
    expect(r.decide("a", "retry", "again").refused).toContain("no worker that could be told")
    const s = drive([{ ...step("a"), type: "gate" }])
    s.decide("a", "abort")
    expect(s.decide("a", "retry", "again").refused).toContain("no worker that could be told")
  })

  it("`continue` of a step with external effects that was interrupted", () => {
    const r = drive([{ ...step("a"), effects: "external" }])
    r.open("a")
    r.send({ type: "interrupt", by: "user" })
    r.resume()
    expect(r.step("a").gate?.why).toBe("effects")
    expect(r.decide("a", "continue", "look first").refused).toBe(
      "continue lets a go on where it was, and nobody would read the words: use retry to tell its worker, or continue without words",
    )
    expect(r.decide("a", "retry", "look first").refused).toBeUndefined()
    expect(r.events.at(-1)).toMatchObject({ type: "step.started", goOn: { text: "look first" } })
  })

  it("`skip` and `abort` record them as the reason", () => {
    const r = paused({})
    r.end("a")
    r.decide("a", "skip", "not needed")
    expect(r.step("a").skipped).toMatchObject({ detail: "skipped by user: not needed" })
    const s = drive([{ ...step("a"), type: "gate" }])
    s.decide("a", "abort", "too early")
    expect(s.step("a").result).toMatchObject({ reason: "rejected", detail: "refused by user: too early" })
  })
})
