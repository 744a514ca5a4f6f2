import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { rowsOf } from "../../../src/core/base/table.ts"
import { evolve } from "../../../src/core/fold/evolve.ts"
import type { Reason } from "../../../src/core/model/result.ts"
import { type Run, stepOf } from "../../../src/core/model/run.ts"
import { decide } from "../../../src/core/schedule/decide.ts"
import { drive } from "../../support/drive.ts"
import { step } from "../../support/runs.ts"
import { words } from "../../support/words.ts"

describe("a run", () => {
  it("starts the steps without needs first, and the others when their needs have succeeded", () => {
    const r = drive([step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c")])
    expect(r.started).toEqual(["a"])
    r.end("a")
    expect(r.started).toEqual(["a", "b", "c"])
    r.end("c")
    expect(r.started).toEqual(["a", "b", "c"])
    r.end("b")
    expect(r.started).toEqual(["a", "b", "c", "d"])
    r.end("d")
    expect(r.run.status).toBe("success")
  })

  it("never has more running steps than max_parallel or max_workers allow", () => {
    const steps = ["a", "b", "c", "d"].map((id) => step(id))
    expect(drive(steps, { maxParallel: 2 }).started).toEqual(["a", "b"])
    expect(drive(steps, { maxParallel: 4 }, 3).started).toEqual(["a", "b", "c"])
    const r = drive(steps, { maxParallel: 1 })
    r.end("a")
    expect(r.started).toEqual(["a", "b"])
  })

  it("records a worker's session before anything else about it", () => {
    const r = drive([step("a")])
    r.open("a")
    expect(stepOf(r.run, "a")?.session).toBe("ses_a")
  })
})

describe("a failure", () => {
  const notOk: Reason[] = [
    "empty",
    "truncated",
    "error",
    "timeout",
    "idle",
    "rejected",
    "schema",
    "quota",
    "worker-lost",
  ]
  it.each(notOk)("of a step that ended %s fails the run", (reason) => {
    const r = drive([step("a"), step("b", "a")])
    r.end("a", reason)
    expect(r.statuses()).toEqual({ a: "failed", b: "pending" })
    expect(r.run.status).toBe("failed")
    expect(r.started).toEqual(["a"])
  })

  it("with on_failure stop starts nothing more, but lets running steps finish", () => {
    const r = drive([step("a"), step("b"), step("c", "b")])
    r.end("a", "error")
    expect(r.run.status).toBe("running")
    r.end("b")
    expect(r.statuses()).toEqual({ a: "failed", b: "success", c: "pending" })
    expect(r.run).toMatchObject({ status: "failed", cause: "failure" })
  })

  it("with on_failure continue runs the steps that do not need the failed one, and the run fails at the end", () => {
    const r = drive([step("a"), step("b", "a"), step("c"), step("d", "c")], { onFailure: "continue", maxParallel: 1 })
    r.end("a", "error")
    r.end("c")
    r.end("d")
    expect(r.statuses()).toEqual({ a: "failed", b: "skipped", c: "success", d: "success" })
    expect(r.run.status).toBe("failed")
  })

  it("is not the result of an aborted session: the step is cancelled, and the run is not a success", () => {
    const r = drive([step("a"), step("b", "a")])
    r.end("a", "aborted")
    expect(r.statuses().a).toBe("cancelled")
    expect(r.run.status).toBe("failed")
  })
})

describe("stopping", () => {
  it("by abort stops the running steps, and then the run is cancelled", () => {
    const r = drive([step("a"), step("b"), step("c", "a")])
    r.send({ type: "abort", by: "user" })
    expect(r.stopped).toEqual(["a", "b"])
    expect(r.run.status).toBe("running")
    r.end("a", "aborted")
    r.end("b", "ok")
    expect(r.statuses()).toEqual({ a: "cancelled", b: "success", c: "pending" })
    expect(r.run).toMatchObject({ status: "cancelled", cause: "abort" })
    expect(r.send({ type: "abort", by: "user" }).refused).toContain("has ended")
  })

  it("by the deadline stops the running steps and fails the run", () => {
    const r = drive([step("a"), step("b", "a")])
    r.send({ type: "deadline" })
    r.end("a", "aborted")
    expect(r.run).toMatchObject({ status: "failed", cause: "deadline" })
  })

  it("by interrupt lets a resume restart the running steps", () => {
    const r = drive([step("a"), step("b"), step("c", "a", "b")])
    r.open("a")
    r.send({ type: "interrupt", by: "ctrl-c" })
    expect(r.stopped).toEqual(["a", "b"])
    expect(r.end("a", "aborted").events).toEqual([])
    expect(r.run.status).toBe("interrupted")
    r.end("b")
    r.started.length = 0
    const resumed = r.send({ type: "resume", by: "user" })
    expect(resumed.effects).toEqual([{ type: "start", step: "a", attempt: 1, resumed: true }])
    r.end("a")
    expect(r.started).toEqual(["a", "c"])
  })

  it("an interrupted run by abort ends it once what was left running is stopped", () => {
    const r = drive([step("a"), step("b", "a")])
    r.send({ type: "interrupt", by: "ctrl-c" })
    r.send({ type: "abort", by: "user" })
    expect(r.stopped).toEqual(["a", "a"])
    r.end("a", "aborted")
    expect(r.run.status).toBe("cancelled")
  })

  it("is completed by another abort, or by a resume, when a crash interrupted an abort", () => {
    const left = (by: "crash" | "interrupt") => {
      const r = drive([step("a")])
      r.open("a")
      r.send({ type: "abort", by: "user" })
      if (by === "interrupt") r.send({ type: "interrupt", by: "ctrl-c" })
      r.effects.length = 0
      return r
    }
    for (const by of ["crash", "interrupt"] as const) {
      for (const type of ["abort", "resume"] as const) {
        const r = left(by)
        expect(r.send({ type, by: "user" }).refused).toBeUndefined()
        expect(r.effects).toEqual([{ type: "stop", step: "a", attempt: 1 }])
        r.end("a", "aborted")
        expect(r.run.status).toBe("cancelled")
      }
    }
  })
})

describe("a hold", () => {
  it("starts nothing more, pauses the run when nothing is running, and continues the same attempt on resume", () => {
    const r = drive([step("a"), step("b"), step("c", "b")], { maxParallel: 2 })
    r.open("a")
    r.hold("a")
    expect(r.run.status).toBe("running")
    r.end("b")
    expect(r.statuses()).toEqual({ a: "waiting", b: "success", c: "pending" })
    expect(r.run).toMatchObject({ status: "paused", hold: { cause: "quota", until: 9_000 } })
    r.started.length = 0
    const resumed = r.send({ type: "resume", by: "user" })
    expect(resumed.effects).toEqual([
      { type: "start", step: "a", attempt: 1, resumed: true },
      { type: "start", step: "c", attempt: 1, resumed: false },
    ])
    expect(r.run.hold).toBeUndefined()
    r.end("a")
    r.end("c")
    expect(r.run.status).toBe("success")
  })

  it("ends when another step's gate is decided from another session, and its step restarts", () => {
    const held = () => {
      const r = drive([{ ...step("a"), intervene: "always" }, step("b")])
      r.open("b")
      r.end("a")
      r.hold("b")
      r.effects.length = 0
      return r
    }
    const r = held()
    r.send({ type: "decide", step: "a", action: "continue", by: "user", parent: "ses_other" })
    expect(r.statuses()).toEqual({ a: "success", b: "running" })
    expect(r.effects).toEqual([{ type: "start", step: "b", attempt: 1, resumed: true }])
    const s = held()
    s.send({ type: "decide", step: "a", action: "abort", by: "user", parent: "ses_other" })
    expect(s.effects).toEqual([{ type: "stop", step: "b", attempt: 1 }])
  })

  it("by a budget ends with a raise, but an interrupted run still waits for a resume", () => {
    const r = drive([step("a"), step("b"), step("c")], { maxParallel: 2, budget: { usd: 0.2 } })
    r.end("a")
    expect(r.run).toMatchObject({ status: "running", hold: { cause: "budget" } })
    r.send({ type: "interrupt", by: "a crash" })
    r.effects.length = 0
    r.send({ type: "raise", budget: { usd: 5 }, by: "user" })
    expect(r.effects).toEqual([])
    expect(r.run.status).toBe("interrupted")
    r.resume()
    expect(r.effects).toEqual([
      { type: "start", step: "b", attempt: 1, resumed: true },
      { type: "start", step: "c", attempt: 1, resumed: false },
    ])
  })

  it("by a budget that is raised while a worker still runs does not restart the clock of the deadline", () => {
    const r = drive([step("a"), step("b"), step("c")], { maxParallel: 2, budget: { usd: 0.2 } })
    const { activeSince } = r.run
    r.end("a")
    r.pass(5_000)
    r.send({ type: "raise", budget: { usd: 5 }, by: "user" })
    expect(r.run.hold).toBeUndefined()
    expect(r.run).toMatchObject({ status: "running", workedMs: 0, activeSince })
  })

  it("does not block a run that is stopping for a failure", () => {
    const r = drive([step("a"), step("b"), step("c", "b")])
    r.hold("a")
    r.end("b", "error")
    expect(r.run).toMatchObject({ status: "failed", cause: "failure" })
  })

  it("does not keep a paused run from being aborted", () => {
    const r = drive([step("a"), step("b", "a")])
    r.hold("a")
    r.send({ type: "abort", by: "user" })
    expect(r.run).toMatchObject({ status: "cancelled", cause: "abort" })
  })

  it("in an interrupted run changes nothing, because a resume restarts the step anyway", () => {
    const r = drive([step("a")])
    r.send({ type: "interrupt", by: "ctrl-c" })
    expect(r.hold("a").refused).toContain("interrupted")
    expect(r.statuses().a).toBe("running")
  })
})

describe("steering", () => {
  const message = {
    type: "steered",
    step: "a",
    attempt: 1,
    by: "user",
    action: "message",
    id: "m1",
    text: "hurry",
  } as const

  it("is journalled before it happens, and its message stays with the step", () => {
    const r = drive([step("a")])
    const said = r.send(message)
    expect(said.events).toMatchObject([{ type: "step.steered", by: "user", action: "message", text: "hurry" }])
    expect(said.effects).toMatchObject([{ type: "steer", step: "a", steered: { action: "message", id: "m1" } }])
    r.send({ ...message, action: "interrupt" })
    r.send({ type: "warned", step: "a", attempt: 1, warning: { kind: "model", text: "another one answered" } })
    expect(stepOf(r.run, "a")).toMatchObject({
      status: "running",
      messages: [{ id: "m1", text: "hurry" }],
      warnings: [{ kind: "model" }],
    })
  })

  it("a step that is not running is refused", () => {
    const r = drive([step("a"), step("b", "a")])
    expect(r.send({ ...message, step: "b" }).refused).toContain("not running")
    r.send({ type: "interrupt", by: "ctrl-c" })
    expect(r.send(message).refused).toContain("not running")
  })
})

describe("late answers", () => {
  it("of another attempt, an ended step or an ended run change nothing", () => {
    const r = drive([step("a")])
    expect(r.end("a", "ok", 2).refused).toContain("not running")
    r.end("a")
    expect(r.end("a", "error").refused).toContain("not running")
    expect(r.send({ type: "resume", by: "user" }).refused).toContain("has ended (success)")
    expect(r.run.status).toBe("success")
  })

  it("of a run that does not exist are refused", () => {
    expect(decide(undefined, { type: "deadline" }, 0, words).refused).toBe("there is no such run")
  })
})

/** Random DAGs: step i may need any earlier steps. */
const dag = fc
  .array(fc.array(fc.nat({ max: 30 }), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  .map((needs) => needs.map((list, i) => step(`s${i}`, ...new Set(i === 0 ? [] : list.map((n) => `s${n % i}`)))))

describe("over random graphs, failures, orders and crashes", () => {
  const reason = fc.oneof(
    { weight: 6, arbitrary: fc.constant<Reason>("ok") },
    { weight: 1, arbitrary: fc.constant<Reason>("error") },
  )
  const scenario = fc.record({
    steps: dag,
    cap: fc.integer({ min: 1, max: 5 }),
    onFailure: fc.constantFrom("stop" as const, "continue" as const),
    script: fc.array(fc.record({ pick: fc.nat(), reason, crash: fc.boolean(), hold: fc.nat({ max: 5 }) }), {
      minLength: 60,
      maxLength: 60,
    }),
  })

  it("decide keeps its invariants: needs run first, no step starts twice, the cap holds, every run ends, and a replay gives the same run", () => {
    fc.assert(
      fc.property(scenario, ({ steps, cap, onFailure, script }) => {
        const r = drive(steps, { maxParallel: cap, onFailure })
        for (const { pick, reason: how, crash, hold } of script) {
          if (r.run.status === "paused") {
            const held = rowsOf(r.run.steps).filter((row) => row.status === "waiting")
            expect(held.length).toBeGreaterThan(0)
            r.send({ type: "resume", by: "t" })
            expect(held.every((row) => r.statuses()[row.id] === "running")).toBe(true)
          }
          const running = rowsOf(r.run.steps).filter((row) => row.status === "running")
          expect(running.length).toBeLessThanOrEqual(cap)
          if (running.length === 0) break
          if (crash) {
            const open = rowsOf(r.run.steps).filter((row) => row.status === "running" || row.status === "waiting")
            const decision = r.send({ type: "resume", by: "t" })
            const again = decision.effects.flatMap((effect) =>
              effect.type === "start" && effect.resumed ? [effect] : [],
            )
            expect(again.map((effect) => effect.step)).toEqual(open.map((row) => row.id))
          }
          const chosen = running[pick % running.length]
          if (chosen && hold === 0) r.hold(chosen.id)
          else if (chosen) r.end(chosen.id, how)
        }
        // The steps that the script left over succeed.
        for (let left = 2 * steps.length; left > 0 && ["running", "paused"].includes(r.run.status); left--) {
          if (r.run.status === "paused") r.send({ type: "resume", by: "t" })
          const next = rowsOf(r.run.steps).find((row) => row.status === "running")
          if (next) r.end(next.id)
        }
        expect(["success", "failed"]).toContain(r.run.status)
        const starts = r.events.filter((event) => event.type === "step.started")
        expect(new Set(starts.map((event) => event.step)).size).toBe(starts.length)
        for (const start of starts) {
          const before = r.events.slice(0, r.events.indexOf(start))
          for (const need of steps.find((s) => s.id === start.step)?.needs ?? []) {
            expect(before).toContainEqual(
              expect.objectContaining({
                type: "step.ended",
                step: need,
                result: expect.objectContaining({ reason: "ok" }),
              }),
            )
          }
        }
        expect(r.events.reduce<Run | undefined>(evolve, undefined)).toEqual(r.run)
      }),
      { numRuns: 200 },
    )
  })
})
