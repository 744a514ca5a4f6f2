import { describe, expect, it } from "vitest"
import type { Intervene, Step } from "../../src/core/model/workflow.ts"
import { viewRun } from "../../src/core/view/view.ts"
import { drive } from "../support/drive.ts"
import { profile, step } from "../support/runs.ts"
import { BROKEN_PROMPT } from "../support/words.ts"

const checks = [{ type: "command", run: "npm test", expect: "pass", severity: "error" }] as const

it("a question that cannot be put together fails its step", () => {
  const r = drive([{ ...step("a"), type: "gate", prompt: BROKEN_PROMPT }])
  expect(r.step("a")).toMatchObject({ status: "failed", attempt: 1 })
  expect(r.step("a").result?.detail).toContain("there is no nothing")
  expect(r.run.status).toBe("failed")
})

describe("checks", () => {
  it("decide, and not the worker's words; nothing depends on the answer before", () => {
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

  it("that fail are told to the worker in its session when it is tried again", () => {
    const r = drive([{ ...step("a"), checks, retry: { maxAttempts: 2, delayMs: 0, backoff: "fixed" } }])
    r.open("a")
    r.end("a")
    r.check("a", { isOk: false, detail: "exit code 1", output: "expected 3, got 4" })
    const started = r.events.at(-1)
    expect(started).toMatchObject({ type: "step.started", attempt: 2, goOn: { session: "ses_a" } })
    expect(JSON.stringify(started)).toContain("expected 3, got 4")
  })

  it("of severity warning warn, and the step is a success", () => {
    const r = drive([{ ...step("a"), checks }])
    r.end("a")
    r.check("a", { isOk: false, severity: "warning", detail: "exit code 2" })
    expect(r.step("a")).toMatchObject({
      status: "success",
      warnings: [{ kind: "check", text: "npm test: exit code 2" }],
    })
  })

  it("are run again after a crash, and the worker is not asked again", () => {
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

  it("of a step that failed are not run; a run that is stopping still checks what was answered", () => {
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

  it("of a run that is aborted are not run, and an answer that was not checked is no success", () => {
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

  it("is the step's, else its profile's, else the workflow's, else never", () => {
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

  it("comes after the retries, and a retry that was needed is a warning", () => {
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

  it("lets what runs finish, starts nothing, and then pauses the run", () => {
    const r = open()
    expect(r.run.status).toBe("running")
    expect(r.statuses()).toEqual({ a: "waiting", b: "running", c: "pending", d: "pending" })
    r.end("b")
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "gate", detail: "a: failed (error): boom" } })
    expect(viewRun(r.run, true).steps[0]).toMatchObject({ status: "waiting", gate: { why: "error" }, reason: "error" })
  })

  it("continue: the step ends as it is, and the run goes its way", () => {
    const r = open()
    r.end("b")
    r.decide("a", "continue")
    expect(r.statuses()).toEqual({ a: "failed", b: "success", c: "skipped", d: "running" })
    expect(r.run.hold).toBeUndefined()
  })

  it("retry: another try, with a message in the same session", () => {
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

  it("skip: the step does not hold anything up", () => {
    const r = open()
    r.end("b")
    r.decide("a", "skip")
    expect(r.statuses()).toMatchObject({ a: "skipped", c: "running" })
    expect(viewRun(r.run, true).cost).toBe(0.5)
  })

  it("abort: the run ends, also while others run", () => {
    const r = open()
    r.decide("a", "abort")
    expect(r.stopped).toEqual(["b"])
    r.end("b", "aborted")
    expect(r.run).toMatchObject({ status: "cancelled", cause: "abort" })
  })

  it.each([{ intervene: "always" }, { effects: "external" }] as const)(
    "abort, also while the run stops for a failure: what runs is stopped (%o)",
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

  it("is decided once, and who decided is in the journal", () => {
    const r = open()
    r.decide("a", "skip")
    expect(r.decide("a", "skip").refused).toContain("waits for no decision")
    expect(r.decide("nope", "skip").refused).toContain("has no step")
    expect(r.events).toContainEqual(expect.objectContaining({ type: "gate.decided", by: "user", action: "skip" }))
  })

  it("is continued by resume, and nobody's answer ends it at its time", () => {
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

  it("of a run that was interrupted stays open: what ran is taken up, and a person decides", () => {
    const r = open()
    r.send({ type: "interrupt", by: "ctrl-c" })
    r.effects.length = 0
    r.resume()
    expect(r.effects).toContainEqual({ type: "start", step: "b", attempt: 1, resumed: true })
    expect(r.statuses()).toMatchObject({ a: "waiting", b: "running", d: "pending" })
    r.end("b")
    expect(r.run.status).toBe("paused")
  })

  it("with retry beside another gate that is open: the run is at it, and pauses again", () => {
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

  it("two at once are decided one by one", () => {
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

describe("a step that is a gate", () => {
  const steps = [step("a"), { ...step("ok", "a"), type: "gate", prompt: "Ship it?" } as const, step("b", "ok")]

  it("asks a person; yes goes on with what was said, no is no success", () => {
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

  it("that nobody answers refuses, unless the workflow says otherwise", () => {
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

describe("a step with effects outside", () => {
  const steps = [{ ...step("a"), effects: "external" } as const, step("b", "a")]

  it("that was at work when its run stopped is not done again without a person's word", () => {
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

  it("that had not been asked yet simply starts", () => {
    const r = drive(steps)
    r.send({ type: "interrupt", by: "ctrl-c" })
    r.effects.length = 0
    r.resume()
    expect(r.effects).toEqual([{ type: "start", step: "a", attempt: 1, resumed: true }])
  })

  it("that failed is not done again by resuming its run either; skip goes on without, abort ends it", () => {
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
  it("starts nothing more, pauses when nothing runs, and resume goes on", () => {
    const r = drive([step("a"), step("b", "a")])
    r.send({ type: "pause", by: "user" })
    expect(r.run.status).toBe("running")
    expect(r.send({ type: "pause", by: "user" }).refused).toContain("pausing already")
    r.end("a")
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "person", detail: "paused by user" } })
    r.resume()
    expect(r.statuses().b).toBe("running")
  })

  it("can be taken back while something runs", () => {
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

  it("and taken back leaves what runs alone, also what has effects outside", () => {
    const r = takenBack([{ ...step("a"), effects: "external" }, step("b", "a")])
    expect(r.effects).toEqual([])
    expect(r.statuses().a).toBe("running")
    r.end("a")
    expect(r.statuses()).toEqual({ a: "success", b: "running" })
  })

  it("outlives a gate that is decided, by its timeout or a person", () => {
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

  it("and taken back gives no new time", () => {
    const r = takenBack([step("a"), step("b", "a")], { budget: { timeMs: 1_000 } }, 900)
    r.pass(300)
    r.end("a")
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "budget" } })
  })

  it("is not taken back over a changed workflow while something runs", () => {
    const r = drive([step("a"), step("b", "a")])
    r.send({ type: "pause", by: "user" })
    const { workflow, profiles, limits } = r.run.created
    const edited = { workflow: { ...workflow, steps: [{ ...step("a"), prompt: "other" }] }, profiles, limits }
    expect(r.send({ type: "resume", by: "user", edited, isLive: true }).refused).toContain("once it has paused")
    r.end("a")
    r.send({ type: "resume", by: "user", edited })
    expect(r.started).toEqual(["a", "a"])
  })
})

describe("a budget", () => {
  const steps = ["a", "b", "c", "d"].map((id) => step(id))

  it("is looked at before each start; what is over it waits for a person to raise it", () => {
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

  it("counts what has a known price, also when something has none", () => {
    const r = drive(steps, { maxParallel: 1, budget: { usd: 0.5 } })
    r.end("a", "ok", 1, { cost: null })
    r.end("b")
    r.end("c")
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "budget" } })
  })

  it("the lower one counts; at 80 % there is a warning; tokens count, an unknown price does not", () => {
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
