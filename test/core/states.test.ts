import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import type { RunStatus, StepStatus } from "../../src/core/model/result.ts"
import { viewRun } from "../../src/core/view/view.ts"
import { drive } from "../support/drive.ts"
import { step } from "../support/runs.ts"

/** The state tables of docs/states.md, row by row: the page and this file must say the same. */

type Driven = ReturnType<typeof drive>
interface Row<State> {
  readonly from: State
  readonly what: string
  readonly to: State
  /** Builds a run with the step or the run in state `from`, and applies the event. */
  readonly before: () => Driven
  readonly happen: (r: Driven) => unknown
}

const a = step("a")
const retry = { maxAttempts: 2, delayMs: 1_000, backoff: "fixed" } as const
const checks = [{ type: "command", run: "npm test", expect: "pass", severity: "error" }] as const
const go = { onFailure: "continue" } as const
const run = (over: Partial<typeof a> = {}, settings = {}) => drive([{ ...a, ...over }, step("z", "a")], settings)
const after = (r: Driven, ...dos: ((r: Driven) => unknown)[]) => {
  for (const one of dos) one(r)
  return r
}
/** Step `a` waits for step `b`, which is running. */
const behind = (over: object = {}) => drive([step("b"), { ...step("a", "b"), ...over }], go)
const group = () => run({ type: "parallel", group: { type: "parallel", steps: [step("x")] } }, go)
/** A loop in its first round. */
const round = (stagnant = 9) => after(run({ loop: { max: 2, stagnant } }, go), look("f0"))
const look = (fingerprint: string) => (r: Driven) => r.send({ type: "looked", step: "a", attempt: 1, fingerprint })
const misfit = (r: Driven, attempt: number) => {
  r.end("a", "ok", attempt)
  return r.send({ type: "checked", step: "a", attempt, checks: [], schemaError: "/x is missing" })
}
const atGate = (intervene: "always" | "on-error", reason: "ok" | "error") =>
  after(run({ intervene }, go), (r) => r.end("a", reason))

const STEPS: readonly Row<StepStatus>[] = [
  {
    from: "pending",
    what: "every step that it needs succeeded",
    to: "running",
    before: () => behind(),
    happen: (r) => r.end("b"),
  },
  {
    from: "pending",
    what: "a step that it needs failed, and it has no condition",
    to: "skipped",
    before: () => behind(),
    happen: (r) => r.end("b", "error"),
  },
  {
    from: "pending",
    what: "every step that it needs has ended, and its condition holds",
    to: "running",
    before: () => behind({ condition: "b is failed" }),
    happen: (r) => r.end("b", "error"),
  },
  {
    from: "pending",
    what: "every step that it needs has ended, and its condition is false",
    to: "skipped",
    before: () => behind({ condition: "false" }),
    happen: (r) => r.end("b"),
  },
  {
    from: "pending",
    what: "its condition cannot be evaluated",
    to: "failed",
    before: () => behind({ condition: "nonsense" }),
    happen: (r) => r.end("b"),
  },
  {
    from: "pending",
    what: "its own budget, or that of a group around it, is spent",
    to: "failed",
    before: () => behind({ budget: { workers: 0 } }),
    happen: (r) => r.end("b"),
  },
  {
    from: "pending",
    what: "it is a gate, and it may start",
    to: "waiting",
    before: () => behind({ type: "gate" }),
    happen: (r) => r.end("b"),
  },
  {
    from: "pending",
    what: "the wait before its next attempt is over",
    to: "running",
    before: () => after(run({ retry }), (r) => r.end("a", "error")),
    happen: (r) => r.pass(2_000),
  },
  {
    from: "pending",
    what: "it is a hook, and the other steps ended with its outcome",
    to: "running",
    before: () => drive([step("b"), { ...a, hook: "failure" }]),
    happen: (r) => r.end("b", "error"),
  },
  {
    from: "pending",
    what: "it is a hook, and the other steps ended with another outcome",
    to: "skipped",
    before: () => drive([step("b"), { ...a, hook: "failure" }]),
    happen: (r) => r.end("b"),
  },
  {
    from: "running",
    what: "its worker has answered, and it has no checks",
    to: "success",
    before: () => run(),
    happen: (r) => r.end("a"),
  },
  {
    from: "running",
    what: "its worker has answered, and it has checks: they run",
    to: "running",
    before: () => run({ checks }),
    happen: (r) => r.end("a"),
  },
  {
    from: "running",
    what: "its checks hold",
    to: "success",
    before: () => after(run({ checks }), (r) => r.end("a")),
    happen: (r) => r.check("a", {}),
  },
  {
    from: "running",
    what: "a check does not hold",
    to: "failed",
    before: () => after(run({ checks }), (r) => r.end("a")),
    happen: (r) => r.check("a", { isOk: false }),
  },
  {
    from: "running",
    what: "it failed, and has attempts left",
    to: "pending",
    before: () => run({ retry }),
    happen: (r) => r.end("a", "error"),
  },
  {
    from: "running",
    what: "its last attempt failed",
    to: "failed",
    before: () => run(),
    happen: (r) => r.end("a", "error"),
  },
  {
    from: "running",
    what: "its last attempt failed, with `on_failure: skip`",
    to: "skipped",
    before: () => run({ onFailure: "skip" }),
    happen: (r) => r.end("a", "error"),
  },
  {
    from: "running",
    what: "its worker was stopped",
    to: "cancelled",
    before: () => run(),
    happen: (r) => r.end("a", "aborted"),
  },
  {
    from: "running",
    what: "its provider is out of reach",
    to: "waiting",
    before: () => run(),
    happen: (r) => r.hold("a"),
  },
  {
    from: "running",
    what: "it has ended, and the intervene policy asks a person",
    to: "waiting",
    before: () => run({ intervene: "always" }),
    happen: (r) => r.end("a"),
  },
  {
    from: "running",
    what: "it is a group, and all its parts succeeded",
    to: "success",
    before: () => group(),
    happen: (r) => r.end("a:x"),
  },
  {
    from: "running",
    what: "it is a group, its parts have ended, and one of them failed",
    to: "failed",
    before: () => group(),
    happen: (r) => r.end("a:x", "error"),
  },
  {
    from: "running",
    what: "it is a loop, and a round succeeded",
    to: "success",
    before: () => round(),
    happen: (r) => r.end("a:1"),
  },
  {
    from: "running",
    what: "it is a loop, and a round failed: the next one begins",
    to: "running",
    before: () => round(),
    happen: (r) => after(r, (it) => it.end("a:1", "error"), look("f1")),
  },
  {
    from: "running",
    what: "it is a loop, and its last round failed",
    to: "failed",
    before: () => after(round(), (r) => r.end("a:1", "error"), look("f1")),
    happen: (r) => r.end("a:2", "error"),
  },
  {
    from: "running",
    what: "it is a loop, and its rounds change nothing in the project",
    to: "waiting",
    before: () => after(round(1), (r) => r.end("a:1", "error")),
    happen: look("f0"),
  },
  {
    from: "running",
    what: "its answer does not fit the schema: it is asked again",
    to: "running",
    before: () => run({ schema: {} }),
    happen: (r) => misfit(r, 1),
  },
  {
    from: "running",
    what: "its answer does not fit the schema for the third time",
    to: "failed",
    before: () =>
      after(
        run({ schema: {} }),
        (r) => misfit(r, 1),
        (r) => misfit(r, 2),
      ),
    happen: (r) => misfit(r, 3),
  },
  {
    from: "running",
    what: "its worker answered while the run was being aborted, and its checks did not run",
    to: "cancelled",
    before: () => after(run({ checks }), (r) => r.send({ type: "abort", by: "user" })),
    happen: (r) => r.end("a"),
  },
  {
    from: "running",
    what: "the run was interrupted: `resume` continues it",
    to: "running",
    before: () => run(),
    happen: (r) => r.send({ type: "interrupt", by: "t" }),
  },
  {
    from: "waiting",
    what: "`resume`, and it was held",
    to: "running",
    before: () => after(run(), (r) => r.hold("a")),
    happen: (r) => r.resume(),
  },
  {
    from: "waiting",
    what: "`continue`, and it had succeeded",
    to: "success",
    before: () => atGate("always", "ok"),
    happen: (r) => r.decide("a", "continue"),
  },
  {
    from: "waiting",
    what: "`continue`, and it had failed",
    to: "failed",
    before: () => atGate("on-error", "error"),
    happen: (r) => r.decide("a", "continue"),
  },
  {
    from: "waiting",
    what: "`continue` or `retry` of a stagnant loop: the next round begins",
    to: "running",
    before: () => after(round(1), (r) => r.end("a:1", "error"), look("f0")),
    happen: (r) => r.decide("a", "continue"),
  },
  {
    from: "waiting",
    what: "`retry`",
    to: "running",
    before: () => atGate("on-error", "error"),
    happen: (r) => r.decide("a", "retry"),
  },
  {
    from: "waiting",
    what: "`skip`",
    to: "skipped",
    before: () => atGate("on-error", "error"),
    happen: (r) => r.decide("a", "skip"),
  },
  {
    from: "waiting",
    what: "`abort`, and it had failed",
    to: "failed",
    before: () => atGate("on-error", "error"),
    happen: (r) => r.decide("a", "abort"),
  },
  {
    from: "waiting",
    what: "the gate's time is over: its default applies",
    to: "failed",
    before: () => atGate("on-error", "error"),
    happen: (r) => r.pass(48 * 3_600_000),
  },
  {
    from: "waiting",
    what: "the run is aborted while it is held",
    to: "cancelled",
    before: () => after(run(), (r) => r.hold("a")),
    happen: (r) => r.send({ type: "abort", by: "t" }),
  },
  {
    from: "failed",
    what: "`resume` or `retry` of a run that has ended",
    to: "running",
    before: () => after(run(), (r) => r.end("a", "error")),
    happen: (r) => r.resume(),
  },
  {
    from: "cancelled",
    what: "`resume` or `retry` of a run that has ended",
    to: "running",
    before: () => after(run(), (r) => r.end("a", "aborted")),
    happen: (r) => r.resume(),
  },
  {
    from: "skipped",
    what: "`resume` of a run that has ended, and a step that it needs ran again",
    to: "running",
    before: () => after(behind(), (r) => r.end("b", "error")),
    happen: (r) =>
      after(
        r,
        (s) => s.resume(),
        (s) => s.end("b"),
      ),
  },
  {
    from: "success",
    what: "anything",
    to: "success",
    before: () =>
      after(
        drive([a, step("b")]),
        (r) => r.end("a"),
        (r) => r.end("b", "error"),
      ),
    happen: (r) => r.resume(),
  },
]

const RUNS: readonly Row<RunStatus>[] = [
  {
    from: "running",
    what: "its last step succeeded",
    to: "success",
    before: () => drive([a]),
    happen: (r) => r.end("a"),
  },
  {
    from: "running",
    what: "a step failed with `settings.on_failure: stop`, and nothing runs any more",
    to: "failed",
    before: () => run(),
    happen: (r) => r.end("a", "error"),
  },
  {
    from: "running",
    what: "a step failed with `settings.on_failure: stop`, and others still run: they may finish",
    to: "running",
    before: () => drive([a, step("b")]),
    happen: (r) => r.end("a", "error"),
  },
  {
    from: "running",
    what: "its last step has ended, and one has failed",
    to: "failed",
    before: () => run({}, go),
    happen: (r) => r.end("a", "error"),
  },
  {
    from: "running",
    what: "`abort`, and what runs has stopped",
    to: "cancelled",
    before: () => run(),
    happen: (r) =>
      after(
        r,
        (s) => s.send({ type: "abort", by: "t" }),
        (s) => s.end("a", "aborted"),
      ),
  },
  {
    from: "running",
    what: "its deadline passed, and what runs has stopped",
    to: "failed",
    before: () => run(),
    happen: (r) =>
      after(
        r,
        (s) => s.send({ type: "deadline" }),
        (s) => s.end("a", "aborted"),
      ),
  },
  {
    from: "running",
    what: "Ctrl-C, or OpenCode ends",
    to: "interrupted",
    before: () => run(),
    happen: (r) => r.send({ type: "interrupt", by: "t" }),
  },
  {
    from: "running",
    what: "a gate is open, and nothing runs any more",
    to: "paused",
    before: () => run({ intervene: "always" }),
    happen: (r) => r.end("a"),
  },
  {
    from: "running",
    what: "a provider is out of reach, and nothing runs any more",
    to: "paused",
    before: () => run(),
    happen: (r) => r.hold("a"),
  },
  {
    from: "running",
    what: "`pause`, and nothing runs any more",
    to: "paused",
    before: () => run(),
    happen: (r) =>
      after(
        r,
        (s) => s.send({ type: "pause", by: "t" }),
        (s) => s.end("a"),
      ),
  },
  {
    from: "running",
    what: "its budget is spent, and nothing runs any more",
    to: "paused",
    before: () => run({}, { budget: { tokens: 5 } }),
    happen: (r) => r.end("a"),
  },
  {
    from: "interrupted",
    what: "`resume`",
    to: "running",
    before: () => after(run(), (r) => r.send({ type: "interrupt", by: "t" })),
    happen: (r) => r.resume(),
  },
  {
    from: "interrupted",
    what: "`abort`, and what was left has stopped",
    to: "cancelled",
    before: () => after(run(), (r) => r.send({ type: "interrupt", by: "t" })),
    happen: (r) =>
      after(
        r,
        (s) => s.send({ type: "abort", by: "t" }),
        (s) => s.end("a", "aborted"),
      ),
  },
  {
    from: "paused",
    what: "`resume`: open gates are continued",
    to: "running",
    before: () => atGate("always", "ok"),
    happen: (r) => r.resume(),
  },
  {
    from: "paused",
    what: "the only open gate is decided with `continue`, `retry` or `skip`",
    to: "running",
    before: () => atGate("always", "ok"),
    happen: (r) => r.decide("a", "continue"),
  },
  {
    from: "paused",
    what: "`raise`, and it had spent its budget",
    to: "running",
    before: () => after(run({}, { budget: { tokens: 5 } }), (r) => r.end("a")),
    happen: (r) => r.send({ type: "raise", budget: { tokens: 500 }, by: "t" }),
  },
  {
    from: "paused",
    what: "`resume`, and its budget is still spent",
    to: "paused",
    before: () => after(run({}, { budget: { tokens: 5 } }), (r) => r.end("a")),
    happen: (r) => r.resume(),
  },
  {
    from: "paused",
    what: "`abort`",
    to: "cancelled",
    before: () => atGate("always", "ok"),
    happen: (r) => r.send({ type: "abort", by: "t" }),
  },
  {
    from: "failed",
    what: "`resume`, or `retry` of one of its steps",
    to: "running",
    before: () => after(run(), (r) => r.end("a", "error")),
    happen: (r) => r.resume(),
  },
  {
    from: "cancelled",
    what: "`resume`, or `retry` of one of its steps",
    to: "running",
    before: () =>
      after(
        run(),
        (r) => r.send({ type: "abort", by: "t" }),
        (r) => r.end("a", "aborted"),
      ),
    happen: (r) => r.resume(),
  },
  {
    from: "success",
    what: "anything",
    to: "success",
    before: () => after(drive([a]), (r) => r.end("a")),
    happen: (r) => r.resume(),
  },
]

const stepState = (r: Driven) => viewRun(r.run, true).steps.find((one) => one.id === "a")?.status
const page = readFileSync(new URL("../../docs/states.md", import.meta.url), "utf8")
const shown = (rows: readonly Row<string>[]) =>
  rows.map(({ from, what, to }) => `| \`${from}\` | ${what} | \`${to}\` |`)

describe("a step", () => {
  it.each(STEPS)("$from: $what → $to", ({ from, to, before, happen }) => {
    const r = before()
    expect(stepState(r)).toBe(from)
    happen(r)
    expect(stepState(r)).toBe(to)
  })
})

describe("a run", () => {
  it.each(RUNS)("$from: $what → $to", ({ from, to, before, happen }) => {
    const r = before()
    expect(r.run.status).toBe(from)
    happen(r)
    expect(r.run.status).toBe(to)
  })
})

it("docs/states.md has exactly these tables", () => {
  const lines = page.split("\n").filter((line) => /^\| `/.test(line))
  expect(lines).toEqual([...shown(STEPS), ...shown(RUNS)])
})
