import { expect, it } from "vitest"
import { createPace } from "../../../src/tui/state/pace.ts"
import { HandClock } from "../support/clock.ts"

it("the pace makes the first change at once, and the following ones together and in order 200 ms later", () => {
  const clock = new HandClock()
  const pace = createPace(clock)
  const made: number[] = []
  for (const n of [1, 2, 3]) pace.change(() => void made.push(n))
  expect(made).toEqual([1])
  clock.advance(199)
  expect(made).toEqual([1])
  clock.advance(1)
  expect(made).toEqual([1, 2, 3])
  clock.advance(200)
  pace.change(() => void made.push(4))
  expect(made).toEqual([1, 2, 3, 4])
  expect(clock.waiting).toBe(0)
})

it("the pace makes no more changes once it is closed", () => {
  const clock = new HandClock()
  const pace = createPace(clock)
  const made: number[] = []
  for (const n of [1, 2]) pace.change(() => void made.push(n))
  pace.close()
  clock.advance(1_000)
  expect(made).toEqual([1])
})
