import { expect, it } from "vitest"
import type { RunView } from "../../../src/core/view/view.ts"
import { treeRows } from "../../../src/tui/state/tree-rows.ts"
import { doneStep, runningStep, runView, stepView } from "../support/runs.ts"

const drawn = (run: RunView, runs: readonly RunView[] = [run], folds = new Map<string, boolean>()) =>
  treeRows({ run, runs, folds }).map(({ lead, label, isFolded, below }) =>
    `${lead}${label}${isFolded ? ` +${below}` : ""}`.trimEnd(),
  )

it("the tree draws sequential steps without brackets", () => {
  const steps = [stepView("a"), stepView("b", { needs: ["a"] }), stepView("c", { needs: ["b"] })]
  expect(drawn(runView({ steps }))).toEqual(["a", "b", "c"])
})

it("the tree puts steps that run at the same time into one bracket, in execution order", () => {
  const steps = [
    stepView("join", { needs: ["two", "one", "three"] }),
    stepView("one", { needs: ["start"] }),
    stepView("two", { needs: ["start"] }),
    stepView("three", { needs: ["start"] }),
    stepView("start"),
  ]
  expect(drawn(runView({ steps }))).toEqual(["  start", "┌ one", "├ two", "└ three", "  join"])
})

const PARTS = ["a", "b", "c", "d", "e", "f"].map((name) => doneStep(`build/${name}`, 1, { group: "build", name }))

it("the tree lists the parts of a group under it by name, also in a nested group", () => {
  const steps = [
    stepView("plan", { status: "running" }),
    stepView("plan/claude", { group: "plan", name: "claude" }),
    stepView("plan/gemini", { group: "plan", name: "gemini" }),
    stepView("plan/gemini/draft", { group: "plan/gemini", name: "draft" }),
    stepView("plan/judge", { group: "plan", name: "judge", needs: ["plan/claude", "plan/gemini"] }),
    stepView("ship", { needs: ["plan"] }),
  ]
  expect(drawn(runView({ steps }))).toEqual(["plan", "  ┌ claude", "  └ gemini", "      draft", "    judge", "ship"])
})

it("the tree folds a finished group with many parts until it is opened, and any group on request", () => {
  const folded = runView({ steps: [doneStep("build"), ...PARTS, stepView("ship", { needs: ["build"] })] })
  expect(drawn(folded)).toEqual(["build +6", "ship"])
  expect(drawn(folded, [folded], new Map([["r1/build", false]]))).toHaveLength(8)
  const running = runView({ steps: [runningStep("build"), ...PARTS] })
  expect(drawn(running)).toHaveLength(7)
  expect(drawn(running, [running], new Map([["r1/build", true]]))).toEqual(["build +6"])
})

it("the tree names the rounds of a loop by number and draws them one after another, at any depth", () => {
  const round = (of: string, name: string, at: number) => stepView(`${of}:${at}`, { group: of, name })
  const steps = [
    runningStep("fix", { parts: 2 }),
    round("fix", "fix", 1),
    stepView("fix:1:try", { group: "fix:1", name: "try", parts: 2 }),
    round("fix:1:try", "try", 1),
    round("fix:1:try", "try", 2),
    round("fix", "fix", 2),
    stepView("ship", { needs: ["fix"] }),
  ]
  const labels = ["fix", "  round 1", "    try", "      round 1", "      round 2", "  round 2", "ship"]
  expect(drawn(runView({ steps }))).toEqual(labels)
  // Parts that have the name of their group, but no number, run side by side.
  const beside = [
    runningStep("a"),
    stepView("a:a", { group: "a", name: "a" }),
    stepView("a:b", { group: "a", name: "b" }),
  ]
  expect(drawn(runView({ steps: beside }))).toEqual(["a", "  ┌ a", "  └ b"])
})

it("the tree lists delegated runs under the step that started them, at any depth", () => {
  const delegated = (id: string) => ({ runs: [id], tokens: { input: 0, output: 0 }, cost: null, knownUsd: 0 })
  const deepest = runView({ id: "r3", depth: 2, ask: "docs", steps: [doneStep("ask")] })
  const child = runView({
    id: "r2",
    depth: 1,
    workflow: "inner",
    steps: [doneStep("x", 1, { delegated: delegated("r3") }), stepView("y", { needs: ["x"] })],
  })
  const run = runView({
    steps: [runningStep("lead", { delegated: delegated("r2") }), stepView("end", { needs: ["lead"] })],
  })
  expect(drawn(run, [run, child, deepest])).toEqual(["lead", "  ↳ x", "    ↳ docs", "  ↳ y", "end"])
})

it("the tree of 500 sequential steps reads each step as often as that of 50", () => {
  const readsOf = (count: number) => {
    let reads = 0
    const steps = Array.from({ length: count }, (_, at) => {
      const step = stepView(`s${at}`, { needs: at === 0 ? [] : [`s${at - 1}`] })
      return new Proxy(step, {
        get(of, key) {
          reads++
          return Reflect.get(of, key)
        },
      })
    })
    expect(drawn(runView({ steps }))).toHaveLength(count)
    return reads
  }
  expect(readsOf(500) / readsOf(50)).toBeLessThan(11)
})
