import { describe, expect, it } from "vitest"
import type { Command } from "../../../src/core/model/events.ts"
import type { StepResult } from "../../../src/core/model/result.ts"
import type { Run } from "../../../src/core/model/run.ts"
import type { Settings, Step } from "../../../src/core/model/workflow.ts"
import { decide } from "../../../src/core/schedule/decide.ts"
import { decode, encode } from "../../../src/core/view/protocol.ts"
import {
  doneByWords,
  nameInGroup,
  stepInFocus,
  viewRun,
  withDelegated,
  withRunning,
} from "../../../src/core/view/view.ts"
import { drive } from "../../support/drive.ts"
import { createdEvent, result, step, workflow } from "../../support/runs.ts"
import { words } from "../../support/words.ts"

function runOf(steps: readonly Step[], settings: Partial<Settings>, ...commands: Command[]): Run {
  const { type, at, ...created } = createdEvent("r", { workflow: workflow(steps, settings) })
  const all: Command[] = [{ type: "create", created }, ...commands]
  return all.reduce<Run | undefined>((run, command) => decide(run, command, 5, words).run, undefined) as Run
}
const ended = (id: string, over: Partial<StepResult> = {}): Command => ({
  type: "ended",
  step: id,
  attempt: 1,
  result: result(over),
})

describe("the view of a run", () => {
  it("says why a step never started", () => {
    const failed = runOf([step("a"), step("b", "a"), step("c")], { maxParallel: 1 }, ended("a", { reason: "error" }))
    expect(viewRun(failed, true).steps.map(({ id, status, detail }) => [id, status, detail])).toEqual([
      ["a", "failed", null],
      ["b", "skipped", "needs a, which did not succeed"],
      ["c", "skipped", "an earlier step failed"],
    ])
    const aborted = runOf(
      [step("a"), step("b", "a")],
      {},
      { type: "abort", by: "t" },
      ended("a", { reason: "aborted" }),
    )
    expect(viewRun(aborted, true).steps[1]).toMatchObject({ status: "cancelled", reason: null })
  })

  it("is interrupted when the run is recorded as running and no process drives it", () => {
    const run = runOf([step("a")], {})
    expect(viewRun(run, true).status).toBe("running")
    expect(viewRun(run, false).status).toBe("interrupted")
  })

  it("sums the usage, and an unknown price makes the sum unknown", () => {
    const priced = runOf([step("a"), step("b")], {}, ended("a", { cost: 0.5 }), ended("b", { cost: 0.25 }))
    expect(viewRun(priced, true)).toMatchObject({ cost: 0.75, tokens: { input: 20, output: 10 } })
    const unknown = runOf([step("a"), step("b")], {}, ended("a", { cost: 0.5 }), ended("b", { cost: null }))
    expect(viewRun(unknown, true).cost).toBeNull()
  })

  it("names the known part of a cost that is not wholly known, of a run and of a step", () => {
    const parts = [ended("a", { cost: 0.5 }), ended("b", { cost: null, knownUsd: 0.25 })]
    const view = viewRun(runOf([step("a"), step("b")], {}, ...parts), true)
    expect(view).toMatchObject({ cost: null, knownUsd: 0.75 })
    expect(view.steps.map(({ cost, knownUsd }) => [cost, knownUsd])).toEqual([
      [0.5, 0.5],
      [null, 0.25],
    ])
  })

  it("adds what workers have spent on tasks that have not ended, to the step and to the run alike", () => {
    const view = viewRun(runOf([step("a"), step("b")], {}, ended("a", { cost: 0.5 })), true)
    const tokens = { input: 7, output: 3 }
    const running = withRunning(view, [
      { step: "b", tokens, cost: 0.25 },
      { step: "gone", tokens, cost: 9 },
    ])
    expect(running).toMatchObject({ cost: 0.75, tokens: { input: 17, output: 8 } })
    expect(running.steps[1]).toMatchObject({ cost: 0.25, tokens })
    // A second try adds to the first, and a try of an unpriced model leaves the known part.
    const again = withRunning(view, [{ step: "a", tokens, cost: null }])
    expect(again.steps[0]).toMatchObject({ cost: null, knownUsd: 0.5, tokens: { input: 17, output: 8 } })
    // A worker that has not spent anything yet says nothing about the price.
    const idle = [{ step: "b", tokens: { input: 0, output: 0 }, cost: null }]
    expect(withRunning(view, idle)).toBe(view)
  })

  it("is labelled by the inputs that it was started with, in one short printable line", () => {
    const labelOf = (inputs: Record<string, string | number | boolean>) => {
      const { type, at, ...created } = createdEvent("r", { workflow: workflow([step("a")]), inputs })
      const { run } = decide(undefined, { type: "create", created }, 5, words)
      return viewRun(run as Run, true).label
    }
    expect(labelOf({})).toBe("")
    expect(labelOf({ topic: "tea", depth: 3 })).toBe("topic=tea, depth=3")
    expect(labelOf({ task: "Brew\n the \u001b[31mtea" })).toBe("Brew the ␛[31mtea")
    expect(labelOf({ task: "x".repeat(500) })).toBe(`${"x".repeat(59)}…`)
  })

  it("shows the model that answered beside the requested one", () => {
    const opened: Command = {
      type: "opened",
      step: "a",
      attempt: 1,
      session: "s",
      model: "p/asked",
      inputHash: "h",
      prompt: "q",
    }
    const run = runOf([step("a")], {}, opened, ended("a", { model: "p/answered" }))
    expect(viewRun(run, true).steps[0]).toMatchObject({ model: "p/answered", requestedModel: "p/asked", prompt: "q" })
  })

  it("focuses on the running step, or else on the last that failed, or else on the last that ran", () => {
    const opened = (id: string): Command => ({
      type: "opened",
      step: id,
      attempt: 1,
      session: `s-${id}`,
      model: null,
      inputHash: "h",
      prompt: "q",
    })
    const steps = [step("a"), step("b"), step("c", "a", "b")]
    const running = runOf(steps, {}, opened("a"), opened("b"), ended("a", { session: "s-a" }))
    expect(stepInFocus(viewRun(running, true))?.id).toBe("b")
    const failed = runOf(steps, {}, opened("a"), opened("b"), ended("a", { reason: "error" }), ended("b"))
    expect(stepInFocus(viewRun(failed, true))?.id).toBe("a")
    expect(stepInFocus(viewRun(runOf(steps, {}), true))).toBeUndefined()
  })
})

describe("messages between the two halves", () => {
  it("survive encoding, and commands of others are ignored", () => {
    const message = { kind: "request", id: "1", line: '/workflow run x "a b"', session: "ses" } as const
    expect(decode(encode(message))).toEqual(message)
    expect(decode("session.new")).toBeUndefined()
    expect(decode("baton:7")).toBeUndefined()
    expect(() => decode("baton:{")).toThrow()
  })
})

describe("the view of an ended run", () => {
  it("explains the steps that never started by the reason why it ended", () => {
    const late = runOf([step("a"), step("b", "a")], {}, { type: "deadline" }, ended("a", { reason: "aborted" }))
    expect(viewRun(late, true).steps[1]).toMatchObject({
      status: "cancelled",
      detail: "the run passed its deadline before it started",
    })
    const aborted = runOf(
      [step("a"), step("b", "a")],
      {},
      { type: "abort", by: "t" },
      ended("a", { reason: "aborted" }),
    )
    expect(viewRun(aborted, true).steps[1]?.detail).toBe("the run was aborted before it started")
  })

  it("shows a step that waited for its retry as failed", () => {
    const retry = { maxAttempts: 2, delayMs: 5_000, backoff: "fixed" as const }
    const steps = [{ ...step("a"), retry }, step("b")]
    const waits = runOf(steps, {}, ended("a", { reason: "error" }))
    expect(viewRun(waits, true).steps[0]).toMatchObject({
      status: "pending",
      detail: "failed (error); tried again soon",
    })
    const over = runOf(
      steps,
      {},
      ended("a", { reason: "error" }),
      { type: "abort", by: "t" },
      ended("b", { reason: "aborted" }),
    )
    expect(viewRun(over, true).steps[0]).toMatchObject({
      status: "failed",
      detail: "the run ended before it was tried again",
    })
  })

  it("shows a step that was held as cancelled", () => {
    const hold: Command = { type: "held", step: "a", attempt: 1, hold: { cause: "quota", detail: "out of quota" } }
    const held = runOf([step("a")], {}, hold)
    expect(viewRun(held, true).steps[0]).toMatchObject({ status: "waiting", detail: "out of quota" })
    const over = runOf([step("a")], {}, hold, { type: "abort", by: "t" })
    expect(viewRun(over, true).steps[0]?.status).toBe("cancelled")
  })
})

describe("the usage of delegated runs", () => {
  const child = (id: string, cost: number | null) => ({
    ...viewRun(runOf([step("x")], {}), true),
    id,
    cost,
    tokens: { input: 3, output: 4 },
  })

  it("is shown beside the step, and counts towards the run", () => {
    const run = viewRun(runOf([step("a"), step("b")], {}, ended("a", { cost: 0.5 })), true)
    const all = withDelegated(run, new Map([["a", [child("c1", 0.25), child("c2", 1)]]]))
    expect(all.steps.map(({ delegated }) => delegated)).toEqual([
      { runs: ["c1", "c2"], tokens: { input: 6, output: 8 }, cost: 1.25, knownUsd: 1.25 },
      null,
    ])
    expect(all).toMatchObject({ cost: 1.75, tokens: { input: 16, output: 13 } })
    expect(withDelegated(run, new Map([["a", [child("c1", null)]]])).cost).toBeNull()
    expect(withDelegated(run, new Map())).toBe(run)
  })
})

it.each([
  ["build", null, "build", "build"],
  ["g:build", "g", "build", "build"],
  ["fix:2", "fix", "fix", "round 2"],
  ["g:fix:12", "g:fix", "fix", "round 12"],
  ["fix:x", "fix", "fix", "fix"],
  ["fix:2:x", "fix", "fix", "fix"],
])("the label of step %s of group %s is its name in the group", (id, group, name, shown) => {
  expect(nameInGroup({ id, group, name })).toBe(shown)
})

it.each([
  ["gate", 0, "gate: a person decides"],
  ["check", 0, "check: its checks decide"],
  ["parallel", 3, "parallel, 3 parts"],
  ["single", 2, "loop of coder, 2 rounds"],
] as const)("a step of type %s with %i parts is done by: %s", (type, parts, words) => {
  expect(doneByWords({ type, parts, profile: "coder" })).toBe(words)
})

it("a step in progress of a run whose process is gone is interrupted, and of a driven run it is not", () => {
  const r = drive([step("a"), step("b", "a")])
  r.open("a")
  const interrupted = (claimed: boolean) => viewRun(r.run, claimed).steps.map(({ isInterrupted }) => isInterrupted)
  expect([interrupted(true), interrupted(false)]).toEqual([
    [undefined, undefined],
    [true, undefined],
  ])
})
