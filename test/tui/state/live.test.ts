import { createEffect, createRoot } from "solid-js"
import { expect, it } from "vitest"
import { createLive } from "../../../src/tui/state/live.ts"
import { createPace } from "../../../src/tui/state/pace.ts"
import { HandClock } from "../support/clock.ts"
import { askView, gateStep, runView } from "../support/runs.ts"

function live() {
  const clock = new HandClock()
  return { clock, live: createLive(clock, createPace(clock)) }
}
const running = runView()
const ended = (at: number) => runView({ status: "success", endedAt: at })

it("ticks once a second while a run runs, and not at all otherwise", () => {
  const { live: state, clock } = live()
  expect(clock.waiting).toBe(0)
  state.update({ runs: [running] })
  clock.advance(3_000)
  expect(state.now()).toBe(3_000)
  state.close()
  clock.advance(3_000)
  expect(state.now()).toBe(3_000)
})

it("keeps the line of an ended run for 30 seconds, with a single timer", () => {
  const { live: state, clock } = live()
  state.update({ runs: [running] })
  clock.advance(1_500)
  state.update({ runs: [ended(1_500)] })
  expect(clock.waiting).toBe(1)
  clock.advance(29_900)
  expect(state.inBar()).toHaveLength(1)
  clock.advance(200)
  expect(state.inBar()).toEqual([])
  expect(clock.waiting).toBe(0)
  expect(state.runs()).toHaveLength(1)
})

it("takes the line away with the next prompt, but never that of a running run", () => {
  const { live: state, clock } = live()
  state.update({ runs: [running] })
  state.dismiss()
  expect(state.inBar()).toHaveLength(1)
  clock.advance(200)
  state.update({ runs: [ended(0)] })
  expect(state.inBar()).toHaveLength(1)
  state.dismiss()
  expect(state.inBar()).toEqual([])
  clock.advance(200)
  state.update({ runs: [ended(0)] })
  expect(state.inBar()).toEqual([])
})

it("shows a run that ended long before this TUI came in no line, an interrupted one once", () => {
  const { live: state, clock } = live()
  clock.advance(100_000)
  state.update({ runs: [ended(10_000), runView({ id: "r2", status: "interrupted" })] })
  expect(state.inBar().map((run) => run.id)).toEqual(["r2"])
  clock.advance(30_000)
  state.update({ runs: [runView({ id: "r2", status: "interrupted" })] })
  expect(state.inBar()).toEqual([])
})

it("keeps the line of a paused run until somebody decides, whatever is typed, and counts what waits in it", () => {
  const { live: state, clock } = live()
  const paused = runView({ status: "paused", hold: { cause: "gate", detail: "" }, steps: [gateStep("review")] })
  state.update({ runs: [running] })
  state.update({ runs: [paused] })
  clock.advance(200)
  state.dismiss()
  clock.advance(100_000)
  expect(state.inBar()).toHaveLength(1)
  expect(state.gates().map(({ step }) => step)).toEqual(["review"])
  state.update({ runs: [ended(100_000)] })
  expect(state.inBar()).toHaveLength(1)
  expect(state.gates()).toEqual([])
  state.dismiss()
  expect(state.inBar()).toEqual([])
})

it("lets changes through at most five times a second, and loses none on the way", () => {
  const { live: state, clock } = live()
  let drawn = 0
  createRoot(() =>
    createEffect(() => {
      state.runs()
      drawn++
    }),
  )
  state.update({ runs: [] })
  drawn = 0
  for (let at = 0; at < 2_000; at += 10) {
    state.update({ runs: [runView({ id: `r${at}` })] })
    clock.advance(10)
  }
  expect(drawn).toBeLessThanOrEqual(10)
  expect(drawn).toBeGreaterThanOrEqual(9)
  clock.advance(200)
  expect(state.runs()[0]?.id).toBe("r1990")
  // It began and ended between two redraws: its end is shown all the same.
  state.update({ runs: [running] })
  state.update({ runs: [ended(clock.now())] })
  clock.advance(200)
  expect(state.inBar()).toHaveLength(1)
})

it("keeps apart what the server halves of several folders say", () => {
  const { live: state, clock } = live()
  state.update({ directory: "/a", runs: [runView({ id: "a", createdAt: 1 })], asks: [askView("of a", { askedAt: 2 })] })
  clock.advance(200)
  state.update({ directory: "/b", runs: [runView({ id: "b", createdAt: 2 })], asks: [askView("of b", { askedAt: 1 })] })
  clock.advance(200)
  expect(state.runs().map(({ id }) => id)).toEqual(["b", "a"])
  expect(state.asks().map(({ id }) => id)).toEqual(["of b", "of a"])
  state.update({ directory: "/a", runs: [], asks: [] })
  clock.advance(200)
  expect(state.runs().map(({ id }) => id)).toEqual(["b"])
})
