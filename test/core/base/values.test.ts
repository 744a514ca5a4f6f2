import { expect, it } from "vitest"
import { defined } from "../../../src/core/base/defined.ts"
import { dataOf } from "../../../src/core/base/json.ts"
import { formatTime } from "../../../src/core/base/time.ts"

it.each([
  ['{"a": [1, null]}', { a: [1, null] }],
  ["7", 7],
  ["not JSON", "not JSON"],
  ["", ""],
  [7, 7],
  [{ a: 1 }, { a: 1 }],
  [null, null],
])("data passed as %j is read as %j", (given, data) => {
  expect(dataOf(given)).toEqual(data)
})

it("a time is shown to the minute, in UTC", () => {
  expect(formatTime(Date.UTC(2026, 10, 21, 15, 4, 59))).toBe("2026-11-21 15:04 UTC")
})

it("undefined keys are removed from an object, and all others are kept", () => {
  const given: { a?: number | undefined; b: null; c: number; d: string } = { a: undefined, b: null, c: 0, d: "" }
  expect(defined(given)).toStrictEqual({ b: null, c: 0, d: "" })
})
