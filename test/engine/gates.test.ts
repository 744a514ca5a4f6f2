import { setImmediate as nextTick } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import type { CheckResult } from "../../src/core/model/result.ts"
import type { Check, Settings, Step } from "../../src/core/model/workflow.ts"
import type { Store } from "../../src/core/ports/ports.ts"
import { createMemoryStore } from "../../src/store/memory/store.ts"
import { checker } from "../support/checker.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, step, workflow } from "../support/runs.ts"

/** An engine over workers and checks that tests drive by hand. `red` are the names of failing
 *  checks. */
function setUp(store: Store = createMemoryStore()) {
  const red = new Set<string>()
  const checked: { names: string[]; judged: unknown }[] = []
  const nameOf = (check: Check) => (check.type === "command" ? check.run : check.path)
  const driven = handDriven({
    store,
    now: 1_000,
    evaluate: (condition) => ({ ok: true, value: condition === "true" }),
    checker: {
      ...checker,
      run(checks, judged) {
        checked.push({ names: checks.map(nameOf), judged })
        const result = (check: Check): CheckResult => ({
          name: nameOf(check),
          isOk: !red.has(nameOf(check)),
          severity: check.severity,
          detail: red.has(nameOf(check)) ? "exit code 1" : "exit code 0",
          output: "the output",
        })
        return Promise.resolve(checks.map(result))
      },
    },
    log: { error: (message) => expect.fail(message) },
  })
  const start = (steps: readonly Step[], settings: Partial<Settings> = {}) => {
    const { type, at, ...created } = createdEvent("r", { workflow: workflow(steps, settings) })
    return driven.engine.start(created)
  }
  const status = () => driven.engine.view("r")?.status
  return { ...driven, red, checked, start, status }
}

const checks: Check[] = [{ type: "command", run: "npm test", expect: "pass", severity: "error" }]

describe("checks", () => {
  it("run after the answer, for the step that gave it, and decide the step", async () => {
    const { engine, backend, red, checked, start } = setUp()
    red.add("npm test")
    start([{ ...step("a"), checks, retry: { maxAttempts: 2, delayMs: 0, backoff: "fixed" } }])
    ;(await backend.job("a")).finish({ output: "all tests pass" })
    const again = await backend.job("a", 1)
    expect(again.task).toMatchObject({ session: "ses_r/a/1", resumed: false, attempt: 2 })
    expect(again.task.prompt).toContain("npm test: exit code 1\nthe output")
    red.clear()
    again.finish({ output: "now they do" })
    const { view } = await engine.finished("r")
    expect(view).toMatchObject({ status: "success", steps: [{ attempts: 2, output: "now they do" }] })
    expect(checked).toEqual([
      { names: ["npm test"], judged: { run: "r", step: "a" } },
      { names: ["npm test"], judged: { run: "r", step: "a" } },
    ])
  })

  it("run again after a crash without prompting the worker, and without a snapshot", async () => {
    const first = setUp()
    first.start([{ ...step("a"), checks }])
    ;(await first.backend.job("a")).finish({ output: "A" })
    await first.engine.finished("r")
    const events = first.store.read("r")
    const store = createMemoryStore()
    store.append("r", events.slice(0, events.findIndex((event) => event.type === "step.answered") + 1))
    const { engine, backend, checked, status } = setUp(store)
    expect(status()).toBe("interrupted")
    engine.resume("r", "user")
    const { view } = await engine.finished("r")
    expect(view).toMatchObject({ status: "success", steps: [{ output: "A" }] })
    expect(backend.jobs).toHaveLength(0)
    expect(checked).toEqual([{ names: ["npm test"], judged: { run: "r", step: "a" } }])
  })
})

describe("a gate", () => {
  const failing = async () => {
    const all = setUp()
    all.start([{ ...step("a"), intervene: "on-error" }, step("b", "a")])
    ;(await all.backend.job("a")).finish({ reason: "error", detail: "boom" })
    await all.engine.finished("r")
    return all
  }

  it("pauses and releases the run, and retry with a message continues in the same session", async () => {
    const { engine, backend, store, status } = await failing()
    expect(status()).toBe("paused")
    expect(store.isClaimed("r")).toBe(false)
    expect(engine.decide("r", { step: "a", action: "retry", by: "user", message: "again, please" }).ok).toBe(true)
    const again = await backend.job("a", 1)
    expect(again.task).toMatchObject({ prompt: "again, please", session: "ses_r/a/1", key: "r/a/2" })
    again.finish()
    ;(await backend.job("b")).finish()
    expect((await engine.finished("r")).view).toMatchObject({ status: "success" })
  })

  it("can be decided by another process, and this one sees it", async () => {
    const { engine, store, status } = await failing()
    const other = setUp(store)
    expect(other.engine.decide("r", { step: "a", action: "skip", by: "other" }).ok).toBe(true)
    const b = await other.backend.job("b")
    expect(status()).toBe("running")
    const late = engine.decide("r", { step: "a", action: "skip", by: "user" })
    other.clock.advance(200)
    expect(await engine.settled(late)).toEqual({ ok: false, why: "a is not waiting for a decision (it is skipped)" })
    b.finish()
    await other.engine.finished("r")
    expect(status()).toBe("success")
  })

  it("is decided when its time is over and nobody has decided, if this process is still alive", async () => {
    const { clock, status } = await failing()
    clock.advance(24 * 3_600_000 + 1)
    await nextTick()
    expect(status()).toBe("failed")
  })

  it("of a crashed run is decided after the running steps have been resumed", async () => {
    const first = setUp()
    first.start([{ ...step("a"), intervene: "on-error" }, step("b")])
    ;(await first.backend.job("a")).finish({ reason: "error" })
    await nextTick()
    const store = createMemoryStore()
    store.append("r", first.store.read("r"))
    const { engine, backend, status } = setUp(store)
    expect(status()).toBe("interrupted")
    engine.decide("r", { step: "a", action: "retry", by: "user" })
    const b = await backend.job("b")
    expect(b.task).toMatchObject({ resumed: true, session: "ses_r/b/1" })
    ;(await backend.job("a")).finish()
    b.finish()
    expect((await engine.finished("r")).view?.status).toBe("success")
  })
})

describe("waiting for a retry", () => {
  it("keeps the run running, and starts the next try at its time in a new session", async () => {
    const { engine, backend, clock, start, status } = setUp()
    start([{ ...step("a"), retry: { maxAttempts: 2, delayMs: 10_000, backoff: "fixed" } }])
    ;(await backend.job("a")).finish({ reason: "error" })
    await nextTick()
    expect(status()).toBe("running")
    clock.advance(9_000)
    expect(backend.jobs).toHaveLength(1)
    clock.advance(4_000)
    const again = await backend.job("a", 1)
    expect(again.task).toMatchObject({ attempt: 2, key: "r/a/2" })
    expect(again.task.session).toBeUndefined()
    again.finish()
    expect((await engine.finished("r")).view?.status).toBe("success")
  })

  it("is aborted with the run", async () => {
    const { engine, backend, start } = setUp()
    start([{ ...step("a"), retry: { maxAttempts: 2, delayMs: 10_000, backoff: "fixed" } }])
    ;(await backend.job("a")).finish({ reason: "error" })
    await nextTick()
    engine.abort("r", "user")
    expect((await engine.finished("r")).view).toMatchObject({ status: "cancelled" })
  })
})

describe("a paused run", () => {
  it("starts nothing more until it is resumed", async () => {
    const { engine, backend, start, status } = setUp()
    start([step("a"), step("b", "a")])
    const a = await backend.job("a")
    expect(engine.pause("r", "user").ok).toBe(true)
    a.finish()
    await engine.finished("r")
    expect(status()).toBe("paused")
    engine.resume("r", "user")
    ;(await backend.job("b")).finish()
    expect((await engine.finished("r")).view?.status).toBe("success")
  })

  it("that is continued while a step still runs does not disturb the step's worker, whose answer counts", async () => {
    const { engine, backend, start } = setUp()
    start([{ ...step("a"), effects: "external" }, step("b", "a")])
    const a = await backend.job("a")
    engine.pause("r", "user")
    expect(engine.resume("r", "user").ok).toBe(true)
    expect(engine.view("r")?.steps[0]?.status).toBe("running")
    a.finish()
    ;(await backend.job("b")).finish()
    expect((await engine.finished("r")).view?.status).toBe("success")
    expect(backend.jobs).toHaveLength(2)
  })

  it("that is over its budget continues when the budget is raised", async () => {
    const { engine, backend, start } = setUp()
    start([step("a"), step("b", "a")], { budget: { tokens: 10 } })
    ;(await backend.job("a")).finish({ tokens: { input: 8, output: 2 } })
    expect((await engine.finished("r")).view).toMatchObject({ status: "paused", hold: { cause: "budget" } })
    expect(engine.view("r")).toMatchObject({ budget: { tokens: 10 }, raise: { tokens: 20 } })
    const less = "it may spend 10 tokens in all, and 9 tokens is less: give a higher total"
    expect(engine.raise("r", { tokens: 9 }, "user")).toEqual({ ok: false, why: less })
    expect(engine.view("r")).toMatchObject({ status: "paused", budget: { tokens: 10 } })
    engine.raise("r", { tokens: 100 }, "user")
    ;(await backend.job("b")).finish()
    expect((await engine.finished("r")).view?.status).toBe("success")
  })
})
