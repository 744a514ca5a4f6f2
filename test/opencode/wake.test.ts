import { expect, it } from "vitest"
import { wakeForRuns } from "../../src/opencode/wake.ts"
import { manualClock } from "../support/clock.ts"

/** A project whose journal a test changes by hand, in an OpenCode that has not used Baton. */
function asleep() {
  const clock = manualClock()
  const state = { stamp: "none", isUnended: false, isOpen: false, looks: 0, opened: 0, fails: false }
  const errors: string[] = []
  const stop = wakeForRuns({
    clock,
    log: { error: (message) => errors.push(message) },
    stamp: () => state.stamp,
    async hasUnended() {
      state.looks++
      if (state.fails) throw new Error("database disk image is malformed")
      return state.isUnended
    },
    isOpen: () => state.isOpen,
    async open() {
      state.opened++
      state.isOpen = true
    },
  })
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      clock.advance(1_000)
    }
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return { clock, state, errors, stop, pass }
}

it("a project where every run has ended is asked once, and again only when its journal has changed", async () => {
  const { state, pass, clock, stop } = asleep()
  await pass(20_000)
  expect(state).toMatchObject({ looks: 1, opened: 0 })
  state.stamp = "written"
  await pass(3_000)
  expect(state).toMatchObject({ looks: 2, opened: 0 })
  stop()
  expect(clock.pending()).toBe(0)
})

it("the engine is opened once as soon as a run has not ended, and follows the journal itself from then on", async () => {
  const { state, pass, clock } = asleep()
  await pass(5_000)
  Object.assign(state, { stamp: "a run", isUnended: true })
  await pass(3_000)
  Object.assign(state, { stamp: "another run" })
  await pass(20_000)
  expect(state).toMatchObject({ looks: 2, opened: 1 })
  expect(clock.pending()).toBe(0)
})

it("a journal that cannot be read is logged, and looked at again when it has changed", async () => {
  const { state, pass, errors } = asleep()
  Object.assign(state, { stamp: "broken", fails: true })
  await pass(10_000)
  expect(errors).toEqual(["the journal could not be looked at"])
  Object.assign(state, { stamp: "mended", fails: false, isUnended: true })
  await pass(3_000)
  expect(state.opened).toBe(1)
})
