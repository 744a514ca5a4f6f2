import { expect, it } from "vitest"
import { defined } from "../../../src/core/base/defined.ts"
import { durationWords, formatDuration, writeDuration } from "../../../src/core/base/duration.ts"
import { dataOf, isInexact } from "../../../src/core/base/json.ts"
import { formatTime, localTime } from "../../../src/core/base/time.ts"

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

it("an integer that a number cannot hold exactly is told by its digits, not by its size", () => {
  const inexact = ["9007199254740993", "-9007199254740993", "0o777777777777777777777"]
  expect(inexact.map((text) => isInexact(Number(text.replace("-", "")), text))).toEqual([true, true, true])
  for (const text of ["9007199254740991", "1e300", "12345678901234567890.5", "x"])
    expect([text, isInexact(Number(text), text)]).toEqual([text, false])
  expect(isInexact("9007199254740993", "9007199254740993")).toBe(false)
})

it("a time is shown to the minute, in UTC", () => {
  expect(formatTime(Date.UTC(2026, 10, 21, 15, 4, 59))).toBe("2026-11-21 15:04 UTC")
})

it("undefined keys are removed from an object, and all others are kept", () => {
  const given: { a?: number | undefined; b: null; c: number; d: string } = { a: undefined, b: null, c: 0, d: "" }
  expect(defined(given)).toStrictEqual({ b: null, c: 0, d: "" })
})

it("a time at a terminal is local, and has its day only when that is not today", () => {
  const now = new Date(2026, 10, 21, 18, 0).getTime()
  expect(localTime(new Date(2026, 10, 21, 5, 4).getTime(), now)).toBe("05:04")
  expect(localTime(new Date(2026, 8, 1, 15, 4).getTime(), now)).toBe("2026-09-01 15:04")
})

it.each([
  [30 * 86_400_000, "30 days", "720h", "720h 00m"],
  [3_600_000, "1 hour", "1h", "1h 00m"],
  [90_000, "1m 30s", "90s", "1m 30s"],
  [1_800_000, "30 minutes", "30m", "30m 00s"],
  [12_000, "12s", "12s", "12s"],
  [800, "0.8s", "0.8s", "0.8s"],
])("%i ms are %s, as a document has them %s, and as they pass %s", (ms, words, written, passed) => {
  expect([durationWords(ms), writeDuration(ms), formatDuration(ms)]).toEqual([words, written, passed])
})
