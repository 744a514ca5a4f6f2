import fc from "fast-check"
import { expect, it } from "vitest"
import { emptyQueue, push, type Queue, shift } from "../../../src/core/base/queue.ts"
import { rowAt, rowsOf, tableOf, withRow } from "../../../src/core/base/table.ts"

it("a queue returns items in the order in which they were pushed, however pushes and shifts are mixed", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat())), (operations) => {
      let queue: Queue<number> = emptyQueue
      const model: number[] = []
      for (const item of operations) {
        if (item === null) {
          const next = shift(queue)
          expect(next?.item).toBe(model.shift())
          queue = next?.rest ?? queue
        } else {
          queue = push(queue, item)
          model.push(item)
        }
        expect(queue.size).toBe(model.length)
      }
    }),
  )
})

it("changing one row of a table returns a table that differs in that row only, and leaves the old one as it is", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 300 }), fc.nat(), (rows, where) => {
      const index = where % rows.length
      const before = tableOf(rows)
      const after = withRow(before, index, -1)
      expect(rowsOf(before)).toEqual(rows)
      expect(rowsOf(after)).toEqual(rows.with(index, -1))
      expect(rowAt(after, index)).toBe(-1)
    }),
  )
})

it("reading a row outside the table throws instead of returning undefined", () => {
  const table = tableOf(Array.from({ length: 65 }, (_, i) => i))
  expect(rowAt(table, 64)).toBe(64)
  for (const index of [-1, 65, 128]) expect(() => rowAt(table, index)).toThrow(RangeError)
  expect(() => withRow(table, 65, 0)).toThrow(RangeError)
})
