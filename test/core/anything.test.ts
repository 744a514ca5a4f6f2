import fc from "fast-check"
import { expect, it } from "vitest"
import type { Step } from "../../src/core/model.ts"
import { evolve, type Run } from "../../src/core/run.ts"
import { rowsOf } from "../../src/core/table.ts"
import { viewRun } from "../../src/core/view.ts"
import { drive } from "../support/drive.ts"
import { step } from "../support/runs.ts"

/** Every feature of a step at once, in random graphs, with everything that can happen to a run in any order. */

const CHECK = { type: "command", run: "npm test", expect: "pass", severity: "error" } as const

const feature = fc.record(
  {
    condition: fc.constantFrom("true", "false", "s0 is failed", "nonsense"),
    retry: fc.record({
      maxAttempts: fc.integer({ min: 1, max: 3 }),
      delayMs: fc.constantFrom(0, 5),
      backoff: fc.constantFrom("fixed" as const, "exponential" as const),
    }),
    onFailure: fc.constantFrom("fail" as const, "skip" as const),
    effects: fc.constant("external" as const),
    checks: fc.constant([CHECK]),
    intervene: fc.constantFrom("never" as const, "on-error" as const, "on-warning" as const, "always" as const),
    type: fc.constantFrom("single" as const, "gate" as const),
    hook: fc.constantFrom("success" as const, "failure" as const, "complete" as const),
  },
  { requiredKeys: [] },
)
const steps = fc
  .array(fc.tuple(fc.array(fc.nat({ max: 30 }), { maxLength: 3 }), feature), { minLength: 1, maxLength: 10 })
  .map((rows) =>
    rows.map(([needs, features], i): Step => {
      const own = step(`s${i}`, ...new Set(i === 0 ? [] : needs.map((n) => `s${n % i}`)))
      const { condition, hook, ...rest } = features
      // Nothing needs a hook: they come last, and the first step is none.
      if (hook !== undefined && i >= rows.length - 2 && i > 0) return { ...own, ...rest, hook }
      // Conditions may only read what the step needs.
      const canRead = condition !== "s0 is failed" || own.needs.includes("s0")
      return { ...own, ...rest, ...(condition !== undefined && canRead ? { condition } : {}) }
    }),
  )
const happening = fc.record({
  what: fc.constantFrom("end", "end", "end", "end", "check", "fail", "hold", "gate", "tick", "pause", "crash", "abort"),
  pick: fc.nat(),
  isOk: fc.boolean(),
  action: fc.constantFrom("continue" as const, "retry" as const, "skip" as const, "abort" as const),
})
const scenario = fc.record({
  steps,
  cap: fc.integer({ min: 1, max: 4 }),
  onFailure: fc.constantFrom("stop" as const, "continue" as const),
  budget: fc.constantFrom({}, { tokens: 60 }),
  script: fc.array(happening, { maxLength: 50 }),
})

type Driven = ReturnType<typeof drive>
const rows = (r: Driven, status: string) => rowsOf(r.run.steps).filter((row) => row.status === status)

function happen(
  r: Driven,
  {
    what,
    pick,
    isOk,
    action,
  }: { what: string; pick: number; isOk: boolean; action: "continue" | "retry" | "skip" | "abort" },
): void {
  const running = rows(r, "running")
  const chosen = running[pick % Math.max(1, running.length)]
  const gates = rowsOf(r.run.steps).filter((row) => row.gate)
  const gate = gates[pick % Math.max(1, gates.length)]
  if (what === "crash") r.resume()
  else if (what === "tick") r.pass(10)
  else if (what === "pause") r.send({ type: "pause", by: "t" })
  else if (what === "abort" && pick % 5 === 0) r.send({ type: "abort", by: "t" })
  else if (what === "gate" && gate) r.decide(gate.id, action, isOk ? "words" : undefined)
  else if (chosen && (chosen.isAnswered || what === "check")) r.check(chosen.id, { isOk })
  else if (chosen && what === "hold") r.hold(chosen.id)
  else if (chosen && what === "fail") r.end(chosen.id, "error")
  else if (chosen) r.end(chosen.id)
}

/** Brings a run to its end whatever it waits for. */
function finish(r: Driven): void {
  for (let left = 300; left > 0 && r.run.endedAt === undefined; left--) {
    const running = rows(r, "running")[0]
    if (running?.isAnswered) r.check(running.id, { isOk: true })
    else if (running) r.end(running.id)
    else if (r.run.hold?.cause === "budget") r.send({ type: "raise", budget: { tokens: 1_000_000 }, by: "t" })
    else if (r.run.status === "paused") r.resume()
    else r.pass(10_000)
  }
}

it("whatever happens: caps hold, nothing that succeeded runs again, nothing starts while held, it ends, and replay agrees", () => {
  fc.assert(
    fc.property(scenario, ({ steps: specs, cap, onFailure, budget, script }) => {
      const r = drive(specs, { maxParallel: cap, onFailure, budget })
      const succeeded = new Set<string>()
      const look = (seen: number) => {
        for (const event of r.events.slice(seen)) {
          if (event.type === "step.started") expect(succeeded.has(event.step)).toBe(false)
          if (event.type === "step.ended" && event.result.reason === "ok" && event.retryAt === undefined)
            succeeded.add(event.step)
        }
        // Held steps and those at gates come back all at once, and never were more than the cap.
        expect(rows(r, "running").length).toBeLessThanOrEqual(cap)
        expect(r.run.running).toBe(rows(r, "running").length)
        for (const id of succeeded) expect(r.statuses()[id]).toBe("success")
      }
      for (const one of script) {
        if (r.run.endedAt !== undefined) break
        const seen = r.events.length
        const wasHeld = r.run.hold !== undefined && !["crash", "gate", "tick"].includes(one.what)
        happen(r, one)
        look(seen)
        if (wasHeld) expect(r.events.slice(seen).some((event) => event.type === "step.started")).toBe(false)
      }
      let seen = r.events.length
      finish(r)
      look(seen)
      // A run that has ended is taken up anew, as often as there is something to do.
      for (let again = 0; again < 2 && r.run.status !== "success"; again++) {
        seen = r.events.length
        r.resume()
        finish(r)
        look(seen)
      }
      expect(["success", "failed", "cancelled"]).toContain(r.run.status)
      const replayed = r.events.reduce<Run | undefined>(evolve, undefined)
      expect(replayed).toEqual(r.run)
      const { spent } = r.run
      const view = viewRun(r.run, true)
      expect(view.tokens).toEqual(spent.tokens)
      expect(view.tokens.input).toBe(view.steps.reduce((sum, one) => sum + one.tokens.input, 0))
    }),
    { numRuns: 1_000 },
  )
})
