import fc from "fast-check"
import { expect, it } from "vitest"
import { rowsOf } from "../../src/core/base/table.ts"
import { evolve } from "../../src/core/fold/evolve.ts"
import { isAtWork } from "../../src/core/fold/group-parts.ts"
import type { Run } from "../../src/core/model/run.ts"
import type { Group, Step } from "../../src/core/model/workflow.ts"
import { overlapOf } from "../../src/core/rights/file-patterns.ts"
import { viewRun } from "../../src/core/view/view.ts"
import { drive } from "../support/drive.ts"
import { inventedTexts } from "../support/invented.ts"
import { step, workflow } from "../support/runs.ts"

/** Combines every feature of a step in random graphs, with every event of a run in any order. */

const CHECK = { type: "command", run: "npm test", expect: "pass", severity: "error" } as const

/** The features that a random step may have. */
const GROUPS: Record<string, Group> = {
  parallel: { type: "parallel", steps: [step("x"), step("y", "x"), { ...step("z"), checks: [CHECK] }] },
  workflow: {
    type: "workflow",
    workflow: workflow([
      step("x"),
      step("y"),
      { ...step("h", "x"), hook: "failure" },
      { ...step("e", "x"), hook: "complete" },
    ]),
    with: {},
  },
  routed: {
    type: "routed",
    over: '[{"id":"p","category":"ui"},{"id":"q","category":"api","depends_on":["p"]},{"id":"r","category":"api"}]',
    by: "category",
    route: { ui: "worker", api: "worker" },
    max: 5,
  },
  ensemble: {
    type: "ensemble",
    proposers: ["worker", "worker"],
    judges: ["worker", "worker"],
    mode: "parallel",
    verdict: "pick",
    quorum: 1,
  },
}
GROUPS.sequence = { ...(GROUPS.ensemble as Extract<Group, { type: "ensemble" }>), mode: "sequential", quorum: 2 }
GROUPS.nested = {
  type: "parallel",
  steps: [{ ...step("in"), type: "parallel", group: GROUPS.parallel as Group }, step("after", "in")],
}
const LOOP = { max: 2, stagnant: 2 }

/** Turns a step into a group or a loop. A gate stays a gate. */
function madeOf(own: Step, kind: string | undefined, isLoop: boolean | undefined): Step {
  if (own.type === "gate" || own.effects) return own
  const loop = isLoop ? { loop: LOOP } : {}
  if (kind === "check") return { ...own, ...loop, type: "check", checks: [CHECK] }
  const group = kind === undefined ? undefined : GROUPS[kind]
  return group === undefined ? { ...own, ...loop } : { ...own, ...loop, type: group.type, group }
}

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
    kind: fc.constantFrom("check", ...Object.keys(GROUPS)),
    isLoop: fc.boolean(),
    timeoutMs: fc.constantFrom(5, 60_000),
    budget: fc.constant({ tokens: 40 }),
    files: fc.constantFrom(["src/**"], ["src/a.ts"], ["docs/**"]),
  },
  { requiredKeys: [] },
)
const steps = fc
  .array(fc.tuple(fc.array(fc.nat({ max: 30 }), { maxLength: 3 }), feature), { minLength: 1, maxLength: 10 })
  .map((rows) =>
    rows.map(([needs, features], i): Step => {
      const own = step(`s${i}`, ...new Set(i === 0 ? [] : needs.map((n) => `s${n % i}`)))
      const { condition, hook, kind, isLoop, ...plain } = features
      const rest = madeOf({ ...own, ...plain }, kind, isLoop)
      // No step needs a hook, because hooks run last. The first step is not a hook.
      if (hook !== undefined && i >= rows.length - 2 && i > 0) return { ...rest, hook }
      // Conditions may only read what the step needs.
      const canRead = condition !== "s0 is failed" || own.needs.includes("s0")
      return { ...rest, ...(condition !== undefined && canRead ? { condition } : {}) }
    }),
  )
const happening = fc.record({
  what: fc.constantFrom(
    "end",
    "end",
    "end",
    "end",
    "check",
    "fail",
    "hold",
    "gate",
    "tick",
    "pause",
    "crash",
    "abort",
    "look",
    "look",
  ),
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
const atWork = (r: Driven) => rowsOf(r.run.steps).filter((row) => isAtWork(r.run, row))

/**
 * Returns running steps that own the same files, except those that an interrupt stopped and a
 * resume restarted.
 */
function clashes(r: Driven): string[] {
  const owners = atWork(r)
    .map((row) => r.run.specs[row.index] as Step)
    .filter(({ files, part, type }) => files && type === "single" && !["proposer", "judge"].includes(part?.role ?? ""))
  const isClash = (spec: Step, at: number) =>
    owners.slice(at + 1).some((other) => overlapOf(spec.files ?? [], other.files ?? []) !== undefined)
  return owners.filter(isClash).map(({ id }) => id)
}

/** Returns the result of the checks. A step with a schema gets valid data or a schema error. */
function check(r: Driven, id: string, isOk: boolean): void {
  const spec = r.run.specs.find((one) => one.id === id)
  if (spec?.schema === undefined) r.check(id, { isOk })
  else {
    const found = isOk
      ? { structured: { verdict: "pick", choice: "A", reasons: [], dissent: [] } }
      : { schemaError: "/choice is missing" }
    r.send({ type: "checked", step: id, attempt: r.step(id).attempt, checks: [], ...found })
  }
}

/** Answers every pending look at the project. */
function look(r: Driven, fingerprint: string): boolean {
  const { due } = r.run
  for (const index of due) {
    const row = rowsOf(r.run.steps)[index]
    if (row) r.send({ type: "looked", step: row.id, attempt: row.attempt, fingerprint })
  }
  return due.length > 0
}

function happen(
  r: Driven,
  {
    what,
    pick,
    isOk,
    action,
  }: { what: string; pick: number; isOk: boolean; action: "continue" | "retry" | "skip" | "abort" },
): void {
  const running = atWork(r)
  const chosen = running[pick % Math.max(1, running.length)]
  const gates = rowsOf(r.run.steps).filter((row) => row.gate)
  const gate = gates[pick % Math.max(1, gates.length)]
  if (what === "crash") r.resume()
  else if (what === "look") look(r, isOk ? "same" : String(pick))
  else if (what === "tick") r.pass(10)
  else if (what === "pause") r.send({ type: "pause", by: "t" })
  else if (what === "abort" && pick % 5 === 0) r.send({ type: "abort", by: "t" })
  else if (what === "gate" && gate) r.decide(gate.id, action, isOk ? "words" : undefined)
  else if (chosen && (chosen.isAnswered || what === "check")) check(r, chosen.id, isOk)
  else if (chosen && what === "hold") r.hold(chosen.id)
  else if (chosen && what === "fail") r.end(chosen.id, "error")
  else if (chosen) r.end(chosen.id)
}

/** Drives a run to its end, no matter what it waits for. */
function finish(r: Driven): void {
  for (let left = 600; left > 0 && r.run.endedAt === undefined; left--) {
    const running = atWork(r)[0]
    if (running?.isAnswered) check(r, running.id, true)
    else if (running) r.end(running.id)
    else if (r.run.status === "running" && look(r, String(left))) continue
    else if (r.run.hold?.cause === "budget") r.send({ type: "raise", budget: { tokens: 1_000_000 }, by: "t" })
    else if (r.run.status === "paused") r.resume()
    else r.pass(10_000)
  }
}

it("under random events the caps hold, no step that succeeded runs again, nothing starts in a held run, every run ends, and a replay gives the same run", () => {
  fc.assert(
    fc.property(scenario, ({ steps: specs, cap, onFailure, budget, script }) => {
      const r = drive(specs, { maxParallel: cap, onFailure, budget })
      const succeeded = new Set<string>()
      const verify = (seen: number) => {
        for (const event of r.events.slice(seen)) {
          if (event.type === "step.started") expect(succeeded.has(event.step)).toBe(false)
          if (event.type === "step.ended" && event.result.reason === "ok" && event.retryAt === undefined)
            succeeded.add(event.step)
        }
        // Held steps and those at gates restart together, and never were more than the cap.
        expect(atWork(r).length).toBeLessThanOrEqual(cap)
        expect(r.run.running).toBe(atWork(r).length)
        expect(clashes(r)).toEqual([])
        for (const id of succeeded) expect(r.statuses()[id]).toBe("success")
      }
      for (const one of script) {
        if (r.run.endedAt !== undefined) break
        const seen = r.events.length
        const { hold } = r.run
        const wasHeld = hold !== undefined && !["crash", "gate", "tick"].includes(one.what)
        happen(r, one)
        verify(seen)
        const types = r.events.slice(seen).map((event) => event.type)
        // When the hooks start, no step is waited for any more.
        const isLetGo = types.includes("run.closing") && hold?.cause !== "person" && hold?.cause !== "budget"
        if (wasHeld && !isLetGo) expect(types).not.toContain("step.started")
      }
      let seen = r.events.length
      finish(r)
      verify(seen)
      // A run that has ended is resumed as long as there is something left to do.
      for (let again = 0; again < 2 && r.run.status !== "success"; again++) {
        seen = r.events.length
        r.resume()
        finish(r)
        verify(seen)
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

it("under random events the folded run contains no sentence that is not in the journal", () => {
  fc.assert(
    fc.property(scenario, ({ steps: specs, cap, onFailure, budget, script }) => {
      const r = drive(specs, { maxParallel: cap, onFailure, budget })
      for (const one of script) if (r.run.endedAt === undefined) happen(r, one)
      finish(r)
      if (r.run.status !== "success") r.resume()
      finish(r)
      expect(inventedTexts(r.events)).toEqual([])
    }),
    { numRuns: 200 },
  )
})
