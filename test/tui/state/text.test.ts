import fc from "fast-check"
import { expect, it } from "vitest"
import { formatCost } from "../../../src/core/view/numbers.ts"
import { cell, clip, cut, formatElapsed, formatTokens, short, widthOf } from "../../../src/tui/state/text.ts"

it("a cut line is never wider than requested, and a text that fits is unchanged", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), fc.integer({ min: 0, max: 30 }), (text, width) => {
      const shown = cut(text, width)
      expect(widthOf(shown)).toBeLessThanOrEqual(width)
      if (widthOf(text) <= width) expect(shown).toBe(text)
    }),
  )
})

it("a wide character is cut as a whole, and a text is brought onto one line", () => {
  expect(clip("日本語の名前", 7)).toBe("日本語…")
  expect(clip("two\nlines  here", 40)).toBe("two lines here")
  expect(widthOf(cell("日本語", 10))).toBe(10)
})

it.each([
  [0, "0"],
  [999, "999"],
  [1_000, "1k"],
  [12_345, "12.3k"],
  [120_400, "120k"],
  [999_600, "1M"],
  [1_250_000, "1.3M"],
])("%d tokens are written as %s", (count, text) => {
  expect(short(count)).toBe(text)
})

it("a small price differs from zero, and an unknown price from both", () => {
  expect([0, 0.0042, 0.0999, 0.12, 12.345, null].map((usd) => formatCost(usd))).toEqual([
    "$0.00",
    "$0.0042",
    "$0.0999",
    "$0.12",
    "$12.35",
    "price unknown",
  ])
  expect(formatTokens({ input: 12_000, output: 345 })).toBe("12.3k tokens")
})

it("elapsed time is shown in whole seconds and never below zero", () => {
  expect([-5_000, 0, 999, 9_999, 12_345, 125_000].map(formatElapsed)).toEqual(["0s", "0s", "0s", "9s", "12s", "2m 05s"])
})
