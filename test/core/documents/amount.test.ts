import { expect, it } from "vitest"
import { AMOUNT_EXAMPLES, amountIn, typedAmounts } from "../../../src/core/documents/amount.ts"

it.each([
  ["usd=10", { usd: 10 }],
  ["usd=$2.50", { usd: 2.5 }],
  ["usd=0.01", { usd: 0.01 }],
  ["tokens=2000000", { tokens: 2_000_000 }],
  ["tokens=2_000_000", { tokens: 2_000_000 }],
  ["tokens=500k", { tokens: 500_000 }],
  ["tokens=5K", { tokens: 5_000 }],
  ["tokens=2M", { tokens: 2_000_000 }],
  ["tokens=1.5m", { tokens: 1_500_000 }],
  ["time=2h", { timeMs: 7_200_000 }],
  ["time=1s", { timeMs: 1_000 }],
  ["workers=40", { workers: 40 }],
  ["workers=999999", { workers: 999_999 }],
])("%s is a budget", (word, budget) => {
  expect(amountIn(word)).toEqual({ budget })
})

it.each([
  ["usd=0", "`usd=0` is not an amount: write it like usd=10"],
  ["usd=", "`usd=` is not an amount: write it like usd=10"],
  ["usd=-1", "`usd=-1` is not an amount: write it like usd=10"],
  ["usd=10k", "`usd=10k` is not an amount: write it like usd=10"],
  ["usd=1$0", "`usd=1$0` is not an amount: write it like usd=10"],
  ["usd=a1", "`usd=a1` is not an amount: write it like usd=10"],
  ["tokens=0k", "`tokens=0k` is not an amount: write it like tokens=2000000"],
  ["tokens=k", "`tokens=k` is not an amount: write it like tokens=2000000"],
  ["tokens=_5", "`tokens=_5` is not an amount: write it like tokens=2000000"],
  ["tokens=1k5", "`tokens=1k5` is not an amount: write it like tokens=2000000"],
  ["tokens=5.", "`tokens=5.` is not an amount: write it like tokens=2000000"],
  ["time=soon", "`time=soon` is not an amount: write it like time=2h"],
  ["time=0s", "`time=0s` is not an amount: write it like time=2h"],
  ["time=9999999h", "`time=9999999h` is not an amount: write it like time=2h"],
  ["workers=0", "`workers=0` is not an amount: write it like workers=40"],
  ["workers=1.5", "`workers=1.5` is not an amount: write it like workers=40"],
  ["workers=1000000", "`workers=1000000` is not an amount: write it like workers=40"],
  ["workers=x40", "`workers=x40` is not an amount: write it like workers=40"],
])("%s is rejected with an example", (word, why) => {
  expect(amountIn(word)).toEqual({ why })
})

it.each(["euro=10", "usd", "usd 10", "=10", "constructor=1", "an usd=10", "USD=10", ""])(
  "«%s» is about something else",
  (word) => {
    expect(amountIn(word)).toBeUndefined()
  },
)

it("a budget is written as a person types it", () => {
  const budget = { usd: 0.13, tokens: 2_600, timeMs: 5_400_000, workers: 7 }
  expect(typedAmounts(budget)).toBe("usd=0.13 tokens=2600 time=90m workers=7")
  const typed = typedAmounts(budget).split(" ").map(amountIn)
  expect(typed).toEqual([
    { budget: { usd: 0.13 } },
    { budget: { tokens: 2_600 } },
    { budget: { timeMs: 5_400_000 } },
    { budget: { workers: 7 } },
  ])
  expect([typedAmounts({}), AMOUNT_EXAMPLES]).toEqual(["", "usd=10, tokens=2000000, time=2h or workers=40"])
})

it("a budget is written as words of a line or as options of a command", () => {
  const budget = { usd: 10, timeMs: 7_200_000 }
  expect([typedAmounts(budget), typedAmounts(budget, "options"), typedAmounts({})]).toEqual([
    "usd=10 time=2h",
    "--usd 10 --time 2h",
    "",
  ])
})
