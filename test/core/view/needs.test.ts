import { describe, expect, it } from "vitest"
import type { Hold } from "../../../src/core/model/result.ts"
import { needsOf, needsWords, runsBelow } from "../../../src/core/view/needs.ts"
import type { PendingRequestView, RunView } from "../../../src/core/view/view.ts"
import { askView, doneStep, gateStep, runningStep, runView, stepView } from "../../tui/support/runs.ts"

const hold = (cause: Hold["cause"], detail = "why"): Hold => ({ cause, detail })
const mine = { mode: "foreground" } as const
const GATE = gateStep("review", { openedAt: 5 })

/** What the run and its requests need the person for: the type and who. */
const needs = (run: Partial<RunView>, asks: readonly PendingRequestView[] = []) =>
  needsOf([runView(run)], asks).map(({ type, who }) => `${type} ${who}`)

describe("who is needed", () => {
  it.each<[what: string, run: Partial<RunView>, asks: readonly PendingRequestView[], expected: string[]]>([
    ["nothing: it runs", { steps: [runningStep("a")] }, [], []],
    ["nothing: it has ended", { status: "failed", endedAt: 9, steps: [gateStep("a")], hold: hold("gate") }, [], []],
    ["nothing: it waits to try again", { steps: [stepView("a", { detail: "tried again soon" })] }, [], []],
    ["a gate of a paused run", { status: "paused", hold: hold("gate"), steps: [GATE] }, [], ["gate review"]],
    ["a gate while other steps run", { hold: hold("gate"), steps: [GATE, runningStep("b")] }, [], ["gate review"]],
    ["every gate", { status: "paused", steps: [GATE, gateStep("b")] }, [], ["gate b", "gate review"]],
    ["a gate of a run that a crash left", { status: "interrupted", steps: [GATE] }, [], ["gate review"]],
    [
      "a gate of a run that a person paused too",
      { status: "paused", hold: hold("person"), steps: [GATE] },
      [],
      ["gate review"],
    ],
    ["a permission", { steps: [runningStep("build")] }, [askView("p")], ["request build"]],
    [
      "a question of a worker's worker",
      {},
      [askView("q", { kind: "question", depth: 2, run: null })],
      ["request build"],
    ],
    ["a request beside a gate", { steps: [GATE] }, [askView("p", { askedAt: 9 })], ["gate review", "request build"]],
    ["a spent budget", { status: "paused", hold: hold("budget") }, [], ["hold demo"]],
    ["a spent budget while a step finishes", { hold: hold("budget"), steps: [runningStep("a")] }, [], ["hold demo"]],
    ["a provider out of reach", { status: "paused", hold: hold("quota") }, [], ["hold demo"]],
    ["a refused key", { status: "paused", hold: hold("auth") }, [], ["hold demo"]],
    ["a pause by a person", { status: "paused", hold: hold("person") }, [], ["hold demo"]],
    ["an interrupted run", { status: "interrupted", steps: [runningStep("a")] }, [], ["interrupted demo"]],
    ["an interrupted question", { status: "interrupted", ask: "docs" }, [], ["interrupted docs"]],
    ["an interrupted run with a hold", { status: "interrupted", hold: hold("quota") }, [], ["interrupted demo"]],
    ["nothing: the run above it is resumed", { status: "interrupted", depth: 1 }, [], []],
    ["a hold of a worker's run", { status: "paused", hold: hold("quota"), depth: 1 }, [], ["hold demo"]],
    ["a step that a person works on", { steps: [runningStep("refine", mine)] }, [], ["turn refine"]],
    ["nothing: its session is not there yet", { steps: [runningStep("r", { ...mine, session: null })] }, [], []],
    ["nothing: it was handed back and is checked", { steps: [runningStep("r", { ...mine, reason: "ok" })] }, [], []],
    ["nothing: it is over", { steps: [doneStep("refine", 5, mine)] }, [], []],
    [
      "the run, not the step: it was interrupted",
      { status: "interrupted", steps: [runningStep("r", mine)] },
      [],
      ["interrupted demo"],
    ],
  ])("%s", (_, run, asks, expected) => {
    expect(needs(run, asks)).toEqual(expected)
  })

  it("counts over all runs, oldest first, each once, and a paused run beside a running one", () => {
    const runs = [
      runView({ id: "new", createdAt: 50, steps: [runningStep("a")] }),
      runView({ id: "held", createdAt: 20, status: "paused", hold: hold("person") }),
      runView({ id: "left", createdAt: 10, status: "interrupted", steps: [doneStep("a", 40), runningStep("b")] }),
    ]
    const found = needsOf(runs, [askView("p", { run: "new", askedAt: 30 })])
    expect(found.map(({ run, since }) => [run, since])).toEqual([
      ["held", 20],
      ["new", 30],
      ["left", 40],
    ])
    expect(new Set(found.map(({ id }) => id)).size).toBe(3)
  })

  it("names what a run was started with, which tells runs of one workflow apart", () => {
    const label = "topic=tea"
    const runs = [
      runView({ id: "a", label, status: "interrupted", steps: [doneStep("x"), stepView("y")] }),
      runView({ id: "b", label, status: "paused", hold: hold("person", "paused by p"), steps: [stepView("x")] }),
    ]
    expect(needsOf(runs, []).map(({ text }) => text)).toEqual([
      "paused at 0/1 (topic=tea): paused by p",
      "interrupted at 1/2 (topic=tea)",
    ])
  })

  it("is said in the same words for every number", () => {
    expect([1, 2, 12].map(needsWords)).toEqual(["1 needs you", "2 need you", "12 need you"])
  })
})

it("the runs below a run are those that its workers started, at any depth", () => {
  const delegated = (...runs: string[]) => ({ runs, tokens: { input: 0, output: 0 }, cost: 0, knownUsd: 0 })
  const top = runView({ id: "top", steps: [runningStep("a", { delegated: delegated("one", "two") })] })
  const one = runView({ id: "one", depth: 1, steps: [runningStep("b", { delegated: delegated("deep") })] })
  expect([...runsBelow(top, [top, one, runView({ id: "other" })])]).toEqual(["top", "one", "two", "deep"])
})
