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

it("the clock of the live state ticks once a second while a run is running, and not otherwise", () => {
  const { live: state, clock } = live()
  expect(clock.waiting).toBe(0)
  state.update({ runs: [running] })
  clock.advance(3_000)
  expect(state.now()).toBe(3_000)
  state.close()
  clock.advance(3_000)
  expect(state.now()).toBe(3_000)
})

it("an ended run keeps its status line for 30 seconds, with a single timer", () => {
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

it("the next prompt removes the status line of an ended run, but not of a running one", () => {
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

it("a run that ended long before the TUI started has no status line, and an interrupted one is shown once", () => {
  const { live: state, clock } = live()
  clock.advance(100_000)
  state.update({ runs: [ended(10_000), runView({ id: "r2", status: "interrupted" })] })
  expect(state.inBar().map((run) => run.id)).toEqual(["r2"])
  clock.advance(30_000)
  state.update({ runs: [runView({ id: "r2", status: "interrupted" })] })
  expect(state.inBar()).toEqual([])
})

it("a paused run keeps its status line until somebody decides, and its gates are counted", () => {
  const { live: state, clock } = live()
  const paused = runView({ status: "paused", hold: { cause: "gate", detail: "" }, steps: [gateStep("review")] })
  state.update({ runs: [running] })
  state.update({ runs: [paused] })
  clock.advance(200)
  state.dismiss()
  clock.advance(100_000)
  expect(state.inBar()).toHaveLength(1)
  expect(state.needs().map(({ step }) => step)).toEqual(["review"])
  state.update({ runs: [ended(100_000)] })
  expect(state.inBar()).toHaveLength(1)
  expect(state.needs()).toEqual([])
  state.dismiss()
  expect(state.inBar()).toEqual([])
})

it("the live state changes at most five times a second and loses no update", () => {
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
  // A run that began and ended between two redraws is still shown as ended.
  state.update({ runs: [running] })
  state.update({ runs: [ended(clock.now())] })
  clock.advance(200)
  expect(state.inBar()).toHaveLength(1)
})

it("the states of several directories replace only their own earlier state", () => {
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
