import { setImmediate as nextTick } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import type { Profile } from "../../src/core/model/profile.ts"
import type { StepResult } from "../../src/core/model/result.ts"
import type { PendingRequest } from "../../src/core/ports/ports.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, profile, step, workflow } from "../support/runs.ts"

/** An engine over a backend that tests drive by hand, and a run `r` of these steps with this
 *  profile. */
function setUp(worker: Partial<Profile> = {}, steps = [step("a")], maxWorkers = 8) {
  const driven = handDriven({ now: 1_000 })
  const begin = (run = "r") => {
    const { type, at, ...created } = createdEvent(run, {
      workflow: workflow(steps, { maxParallel: 20 }),
      profiles: { worker: profile("worker", worker) },
      limits: { maxWorkers },
    })
    return driven.engine.start(created)
  }
  return { ...driven, begin, types: () => driven.store.read("r").map((event) => event.type) }
}

const OUT: Partial<StepResult> = {
  reason: "quota",
  detail: "You have no credit",
  outage: { cause: "quota", model: "acme/big", until: 3_600_000 },
}
const BIG = { model: "acme/big" }

describe("a model that is out of reach", () => {
  it("pauses the run after its siblings have finished, and the resumed step continues in the same session", async () => {
    const { backend, engine, begin } = setUp(BIG, [step("a"), step("b"), step("c", "b")])
    begin()
    ;(await backend.job("a")).finish(OUT)
    ;(await backend.job("b")).finish({ output: "B" })
    const { view } = await engine.finished("r")
    expect(view).toMatchObject({ status: "paused", hold: { cause: "quota", until: 3_600_000 } })
    expect(view?.hold?.detail).toBe("acme is out of quota until 1970-01-01 01:00 UTC: You have no credit")
    expect(view?.steps.map((one) => one.status)).toEqual(["waiting", "success", "pending"])
    expect(engine.resume("r", "user").ok).toBe(true)
    const again = await backend.job("a", 1)
    expect(again.task).toMatchObject({ resumed: true, session: "ses_r/a/1", attempt: 1 })
    again.finish({ output: "A" })
    ;(await backend.job("c")).finish()
    expect((await engine.finished("r")).view?.status).toBe("success")
  })

  it("is prompted by no other run of the project until a person resumes one", async () => {
    const { backend, engine, begin } = setUp(BIG)
    begin()
    ;(await backend.job("a")).finish(OUT)
    await engine.finished("r")
    begin("second")
    expect((await engine.finished("second")).view?.status).toBe("paused")
    expect(backend.jobs).toHaveLength(1)
  })

  it("is replaced by the declared fallbacks in order, each with a warning; when they are used up the run pauses", async () => {
    const { backend, engine, begin } = setUp({ ...BIG, fallback: ["other/mid", "third/small"] })
    begin()
    ;(await backend.job("a")).finish(OUT)
    const second = await backend.job("a", 1)
    expect(second.task.profile.model).toBe("other/mid")
    expect(second.task).toMatchObject({ resumed: true, session: "ses_r/a/1" })
    second.finish({ reason: "error", detail: "overloaded", outage: { cause: "provider", model: "other/mid" } })
    const third = await backend.job("a", 2)
    expect(third.task.profile.model).toBe("third/small")
    third.finish({ output: "done", model: "third/small" })
    const { view } = await engine.finished("r")
    expect(view).toMatchObject({ status: "success" })
    expect(view?.steps[0]?.requestedModel).toBe("third/small")
    expect(view?.steps[0]?.warnings).toEqual([
      { kind: "fallback", text: "acme/big: You have no credit; going on with other/mid" },
      { kind: "fallback", text: "other/mid: overloaded; going on with third/small" },
    ])
    // The next step does not have to find out again that acme has no credit.
    begin("second")
    expect((await backend.job("a", 3)).task.profile.model).toBe("other/mid")
  })

  it("fails the step when it does not exist and there is no fallback", async () => {
    const { backend, engine, begin } = setUp(BIG)
    begin()
    const outage = { cause: "unknown", model: "acme/big" } as const
    ;(await backend.job("a")).finish({ reason: "error", detail: "no such model", outage })
    expect((await engine.finished("r")).view).toMatchObject({ status: "failed" })
  })

  it("is not replaced by a declared fallback when the profile pins it", async () => {
    const { backend, engine, begin } = setUp({ ...BIG, fallback: ["other/mid"], pin: true })
    begin()
    const outage = { cause: "provider", model: "acme/big" } as const
    ;(await backend.job("a")).finish({ reason: "error", detail: "down", outage })
    expect((await engine.finished("r")).view).toMatchObject({ status: "failed" })
    expect(backend.jobs).toHaveLength(1)
  })
})

describe("a provider that says to slow down", () => {
  it("takes back the places of throttled workers, which later return to their sessions and finish", async () => {
    const { backend, engine, clock, begin } = setUp(
      BIG,
      ["a", "b", "c", "d"].map((id) => step(id)),
    )
    begin()
    const [a, b, c, d] = await Promise.all(["a", "b", "c", "d"].map((id) => backend.job(id)))
    for (const job of [c, d]) job?.report.throttled(3_000)
    expect([a, b, c, d].map((job) => job?.isStopped)).toEqual([false, false, true, true])
    expect(engine.workers().map((worker) => worker.name)).toEqual(["a", "b", "c", "d"])
    a?.finish()
    clock.advance(10_000)
    const again = await backend.job("c", 1)
    expect(again.task).toMatchObject({ resumed: true, session: "ses_r/c/1", attempt: 1 })
    b?.finish()
    again.finish()
    ;(await backend.job("d", 1)).finish()
    const { view } = await engine.finished("r")
    expect(view?.status).toBe("success")
    expect(view?.steps.map((one) => one.attempts)).toEqual([1, 1, 1, 1])
  })

  it("does not shorten the deadline of a worker by the time it waits for a place", async () => {
    const { backend, clock, begin } = setUp(BIG, [{ ...step("a"), timeoutMs: 60_000 }, step("b")])
    begin()
    const [a] = await Promise.all([backend.job("a"), backend.job("b")])
    clock.advance(10_000)
    a?.report.throttled(20_000)
    await nextTick()
    clock.advance(30_000)
    // Two workers run, one place is left, and b has it: a is served when b is done.
    backend.jobs[1]?.finish()
    const again = await backend.job("a", 1)
    expect(again.task.timeoutMs).toBe(50_000)
  })
})

describe("a worker that has not ended its task", () => {
  it("counts in the usage of its step and of its run, and once when it has ended", async () => {
    const { backend, engine, begin } = setUp(BIG, [step("a"), step("b", "a")])
    begin()
    ;(await backend.job("a")).finish({ tokens: { input: 100, output: 10 }, cost: 0.01 })
    const b = await backend.job("b")
    const spent = { tokens: { input: 200, output: 20 }, cost: 0.0451 }
    b.report.activity({ phase: "yours", tool: null, lastActivityAt: 1_000, ...spent })
    const during = engine.view("r")
    expect(during?.steps[1]).toMatchObject(spent)
    expect(during).toMatchObject({ cost: 0.0551, tokens: { input: 300, output: 30 } })
    expect(engine.live()[0]?.cost).toBe(0.0551)
    b.finish(spent)
    expect((await engine.finished("r")).view).toMatchObject({ cost: 0.0551, tokens: { input: 300, output: 30 } })
  })
})

describe("a lost server", () => {
  const lost: Partial<StepResult> = { reason: "worker-lost", detail: "the server ended (SIGKILL)" }

  it("has its task given to a new server once, with a warning", async () => {
    const { backend, engine, begin } = setUp({ kind: "server" })
    begin()
    ;(await backend.job("a")).finish(lost)
    const again = await backend.job("a", 1)
    expect(again.task).toMatchObject({ resumed: true, session: "ses_r/a/1", attempt: 1 })
    again.finish(lost)
    const { view } = await engine.finished("r")
    expect(view?.steps[0]).toMatchObject({ status: "failed", reason: "worker-lost" })
    expect(view?.steps[0]?.warnings).toEqual([
      { kind: "reassigned", text: "the server ended (SIGKILL); given to a new one" },
    ])
  })
})

describe("limits", () => {
  it("apply to all runs of the project together, and workers above them are shown as queued", async () => {
    const { backend, engine, begin } = setUp({}, [step("a"), step("b")], 2)
    begin()
    begin("second")
    await Promise.all([backend.job("a"), backend.job("b")])
    expect(backend.jobs).toHaveLength(2)
    expect(engine.workers().map((worker) => worker.state)).toEqual(["starting", "starting", "queued", "queued"])
    for (const job of [...backend.jobs]) job.finish()
    await Promise.all([backend.job("a", 1), backend.job("b", 1)])
    for (const job of [...backend.jobs]) job.finish()
    expect((await engine.finished("second")).view?.status).toBe("success")
  })

  it("start no worker of a run that is aborted while the worker waits for a place", async () => {
    const { backend, engine, begin } = setUp({ concurrency: 1 }, [step("a"), step("b")])
    begin()
    await backend.job("a")
    engine.abort("r", "user")
    const { view } = await engine.finished("r")
    expect(view?.steps.map((one) => one.status)).toEqual(["cancelled", "cancelled"])
    expect(backend.jobs).toHaveLength(1)
  })
})

describe("the list of workers", () => {
  it("shows a worker's activity, and calls it silent after a minute unless a tool runs", async () => {
    const { backend, engine, clock, begin } = setUp(BIG)
    begin()
    const job = await backend.job("a")
    const activity = {
      phase: "working",
      tool: null,
      lastActivityAt: clock.now(),
      tokens: { input: 5, output: 2 },
      cost: 0.5,
    } as const
    job.report.activity(activity)
    expect(engine.workers()).toMatchObject([
      { name: "a", profile: "worker", kind: "subagent", state: "working", model: "acme/big", tokens: { input: 5 } },
    ])
    clock.advance(59_999)
    expect(engine.workers()[0]?.state).toBe("working")
    clock.advance(1)
    expect(engine.workers()[0]?.state).toBe("silent")
    job.report.activity({ ...activity, phase: "tool", tool: "bash" })
    expect(engine.workers()[0]).toMatchObject({ state: "tool", tool: "bash" })
    job.finish()
    await engine.finished("r")
    expect(engine.workers()).toEqual([])
  })

  it("shows a worker's request until it is answered, and the answer reaches the worker", async () => {
    const { backend, engine, begin } = setUp()
    begin()
    const job = await backend.job("a")
    const ask: PendingRequest = {
      id: "per_1",
      kind: "permission",
      session: "ses_r/a/1",
      title: "bash: rm",
      details: [],
      questions: [],
      askedAt: 5,
      expiresAt: null,
    }
    job.report.asked(ask)
    expect(engine.asks()).toMatchObject([{ id: "per_1", worker: "a", title: "bash: rm", depth: 1 }])
    expect(engine.workers()[0]?.state).toBe("asking")
    expect(await engine.answer("per_1", { type: "allow" }, "tester")).toBeUndefined()
    expect(backend.answers).toEqual([{ ask: "per_1", answer: { type: "allow" } }])
    job.report.answered("per_1")
    expect(engine.asks()).toEqual([])
    expect(await engine.answer("per_1", { type: "allow" }, "tester")).toContain("may have been answered")
  })

  it("records a worker's request and its answer once, also when a resumed worker hears of both again", async () => {
    const { backend, engine, store, begin } = setUp()
    begin()
    const ask: PendingRequest = {
      ...{ id: "per_1", kind: "permission", session: "ses_r/a/1", title: "bash: rm", details: ["rm"] },
      ...{ questions: [], askedAt: 5, expiresAt: null },
    }
    const reply = { id: "per_1", answer: "deny", by: "tester", from: "inbox", text: "no" } as const
    const first = await backend.job("a")
    first.report.requested(ask)
    first.report.replied(reply)
    await engine.interrupt("a crash")
    expect(engine.resume("r", "tester").ok).toBe(true)
    const again = await backend.job("a", 1)
    again.report.requested(ask)
    again.report.replied(reply)
    again.finish()
    await engine.finished("r")
    const recorded = store.read("r").filter(({ type }) => type === "step.asked" || type === "step.replied")
    const ofStep = { at: 1_000, step: "a", attempt: 1 }
    expect(recorded).toEqual([
      { type: "step.asked", ...ofStep, id: "per_1", kind: "permission", title: "bash: rm", details: ["rm"] },
      { type: "step.replied", ...ofStep, ...reply },
    ])
  })
})

describe("steering a worker", () => {
  it("is journalled and reaches that worker, and its message is repeated when the worker is resumed", async () => {
    const { backend, clock, engine, store, begin } = setUp({}, [step("a"), step("b")])
    begin()
    await Promise.all([backend.job("a"), backend.job("b")])
    clock.advance(5_000)
    expect(engine.steer("a", { type: "message", id: "m1", text: "in French" }, "user").ok).toBe(true)
    expect(engine.steer("ses_r/a/1", { type: "interrupt" }, "user").ok).toBe(true)
    const said = { id: "m1", text: "in French", at: 6_000 }
    expect(backend.steered).toEqual([
      { session: "ses_r/a/1", steer: { type: "message", message: { ...said } } },
      { session: "ses_r/a/1", steer: { type: "interrupt" } },
    ])
    expect(store.read("r").filter((event) => event.type === "step.steered")).toMatchObject([
      { by: "user", action: "message", text: "in French" },
      { by: "user", action: "interrupt" },
    ])
    await engine.interrupt("ctrl-c")
    engine.resume("r", "user")
    expect((await backend.job("a", 1)).task.messages).toEqual([said])
    expect((await backend.job("b", 1)).task.messages).toEqual([])
  })

  it("with a message that is sent again keeps the time at which it was sent first", async () => {
    const { backend, clock, engine, begin } = setUp()
    begin()
    await backend.job("a")
    for (const _ of [1, 2]) {
      clock.advance(1_000)
      engine.steer("a", { type: "message", id: "m1", text: "in French" }, "user")
    }
    expect(backend.steered.map(({ steer }) => steer.type === "message" && steer.message.at)).toEqual([2_000, 2_000])
  })

  it("is refused when the worker has no task", () => {
    const { engine } = setUp()
    expect(engine.steer("nobody", { type: "interrupt" }, "user")).toEqual({
      ok: false,
      why: "no worker nobody has a task",
    })
  })

  it("to stop leaves its siblings running", async () => {
    const { backend, engine, begin } = setUp({}, [step("a"), step("b")])
    begin()
    const [a, b] = await Promise.all([backend.job("a"), backend.job("b")])
    engine.stopWorker("a")
    expect([a?.isStopped, b?.isStopped]).toEqual([true, false])
    b?.finish()
    const { view } = await engine.finished("r")
    expect(view?.steps.map((one) => one.status)).toEqual(["cancelled", "success"])
  })
})

describe("the cost of runs that a worker delegates", () => {
  it("is part of its run's cost, at any depth, and unknown when any part is", async () => {
    const { backend, engine, begin } = setUp()
    begin()
    const a = await backend.job("a")
    const ask = async (run: string, parent: string, depth: number) => {
      const { type, at, ...created } = createdEvent(run, { workflow: workflow([step(`${run}-step`)]), parent, depth })
      engine.start(created)
      return backend.job(`${run}-step`)
    }
    const child = await ask("child", "ses_r/a/1", 1)
    const grandchild = await ask("grandchild", child.task.session ?? "ses_child/child-step/1", 2)
    const other = await ask("other", "ses_main", 0)
    grandchild.finish({ cost: 0.5, tokens: { input: 1, output: 1 } })
    await engine.finished("grandchild")
    child.finish({ cost: 0.25, tokens: { input: 10, output: 2 } })
    await engine.finished("child")
    a.finish({ cost: 1, tokens: { input: 100, output: 3 } })
    const { view } = await engine.finished("r")
    expect(view).toMatchObject({ cost: 1.75, tokens: { input: 111, output: 6 } })
    expect(view?.steps[0]).toMatchObject({ cost: 1, delegated: { runs: ["child"], cost: 0.75 } })
    other.finish()
    expect(engine.view("other")?.steps[0]?.delegated).toBeNull()
  })
})

describe("the cost of runs that the worker of an earlier try delegated", () => {
  it("is part of the run's cost", async () => {
    const { backend, engine } = setUp()
    const retry = { maxAttempts: 2, delayMs: 0, backoff: "fixed" } as const
    const { type, at, ...created } = createdEvent("r", { workflow: workflow([{ ...step("a"), retry }]) })
    engine.start(created)
    const first = await backend.job("a")
    const inner = createdEvent("child", { workflow: workflow([step("inner")]), parent: "ses_r/a/1", depth: 1 })
    const { type: _type, at: _at, ...child } = inner
    engine.start(child)
    ;(await backend.job("inner")).finish({ cost: 0.75, tokens: { input: 7, output: 2 } })
    await engine.finished("child")
    first.finish({ reason: "error", cost: 0.25, tokens: { input: 1, output: 1 } })
    ;(await backend.job("a", 1)).finish({ cost: 0.5, tokens: { input: 2, output: 2 } })
    const { view } = await engine.finished("r")
    expect(view).toMatchObject({ status: "success", cost: 1.5, tokens: { input: 10, output: 5 } })
    expect(view?.steps[0]).toMatchObject({ cost: 0.75, delegated: { runs: ["child"], cost: 0.75 } })
  })
})

describe("a budget", () => {
  it("counts what a worker delegates", async () => {
    const { backend, engine, store } = setUp()
    const budget = { usd: 1 }
    const { type, at, ...created } = createdEvent("r", { workflow: workflow([step("a"), step("b", "a")], { budget }) })
    engine.start(created)
    const a = await backend.job("a")
    const inner = createdEvent("child", { workflow: workflow([step("inner")]), parent: "ses_r/a/1", depth: 1 })
    const { type: _type, at: _at, ...child } = inner
    engine.start(child)
    ;(await backend.job("inner")).finish({ cost: 0.75 })
    await engine.finished("child")
    a.finish({ cost: 0.25 })
    const { view } = await engine.finished("r")
    expect(view).toMatchObject({ status: "paused", hold: { cause: "budget", detail: "the run has spent $1.00 of $1" } })
    expect(view?.cost).toBe(1)
    expect(store.read("r").find((event) => event.type === "step.ended")).toMatchObject({ delegated: { cost: 0.75 } })
  })
})

describe("kept workers", () => {
  it("continue in their session in the next run, one task at a time", async () => {
    const { backend, engine, begin } = setUp({ keep: true }, [step("a"), step("b")])
    begin()
    const a = await backend.job("a")
    expect(backend.jobs).toHaveLength(1)
    a.finish()
    const b = await backend.job("b")
    expect(b.task).toMatchObject({ session: "ses_r/a/1", resumed: false })
    b.finish()
    await engine.finished("r")
    expect(engine.workers()).toMatchObject([{ name: "worker", state: "idle", session: "ses_r/a/1", isKept: true }])
  })

  it("are those that were spawned or whose profile keeps them; other questions get a session of their own", async () => {
    const { backend, engine } = setUp()
    const ask = (run: string) => {
      const { type, at, ...created } = createdEvent(run, { workflow: workflow([step("ask")]), ask: "docs" })
      engine.start(created)
    }
    ask("first")
    ask("second")
    const [first, second] = [await backend.job("ask", 0), await backend.job("ask", 1)]
    expect([first.task.session, second.task.session]).toEqual([undefined, undefined])
    for (const job of [first, second]) job.finish()
    await Promise.all([engine.finished("first"), engine.finished("second")])
    expect(engine.workers()).toEqual([])
    await engine.spawn("docs", profile("worker"), "ses_main")
    ask("third")
    const third = await backend.job("ask", 2)
    expect(third.task).toMatchObject({ session: "ses_worker/docs", title: "docs" })
    expect(engine.workers()).toMatchObject([{ name: "docs", isKept: true }])
  })

  it("are spawned without prompting a model, once per name, and forgotten by name", async () => {
    const { backend, engine } = setUp()
    const spawned = await engine.spawn("docs", profile("worker"), "ses_main")
    expect(spawned).toMatchObject({ ok: true, worker: { name: "docs", session: "ses_worker/docs" } })
    expect(await engine.spawn("docs", profile("worker"), "ses_main")).toMatchObject({ ok: false })
    expect(backend.jobs).toHaveLength(0)
    expect(engine.kept("ses_worker/docs")?.name).toBe("docs")
    engine.forget("docs")
    expect(engine.workers()).toEqual([])
  })
})

describe("a worker that has spent the budget of its step", () => {
  const activity = { lastActivityAt: 0, cost: 0, tokens: { input: 90, output: 10 } }

  it("is stopped at its next tool call, and the step ends over-budget unless it has answered", async () => {
    const { backend, engine, begin } = setUp({}, [{ ...step("a"), budget: { tokens: 100 } }, step("b", "a")])
    begin()
    const job = await backend.job("a")
    expect(job.task.limit).toEqual({ tokens: 100 })
    job.report.activity({ ...activity, phase: "working", tool: null })
    expect(job.isStopped).toBe(false)
    job.report.activity({ ...activity, phase: "tool", tool: "bash" })
    expect(job.isStopped).toBe(true)
    const { view } = await engine.finished("r")
    expect(view?.steps[0]).toMatchObject({ status: "failed", reason: "over-budget" })
  })

  it("may spend the least that its step, the enclosing groups and the enclosing workflow have left", async () => {
    const inner = workflow([{ ...step("x"), budget: { usd: 2 } }], { budget: { tokens: 70, usd: 3 } })
    const group = { type: "workflow" as const, workflow: inner, with: {} }
    const { backend, begin } = setUp({}, [{ ...step("a"), type: "workflow", group, budget: { tokens: 100 } }])
    begin()
    expect((await backend.job("a:x")).task.limit).toEqual({ tokens: 70, usd: 2 })
  })
})
