import { expect, it } from "vitest"
import { refusedRaise, type Spending, suggestedRaise, usedUp } from "../../../src/core/model/budget.ts"
import type { Budget } from "../../../src/core/model/workflow.ts"

const spent = (given: Partial<Spending> = {}): Spending => ({
  tokens: { input: 0, output: 0 },
  cost: null,
  knownUsd: 0,
  tries: 0,
  timeMs: 0,
  ...given,
})

it("the first limit that is used up is named", () => {
  const all = spent({ knownUsd: 3, tokens: { input: 90, output: 10 }, tries: 2, timeMs: 61_000 })
  expect(usedUp({ usd: 2 }, all)).toBe("$3.00 of $2")
  expect(usedUp({ usd: 4, tokens: 100 }, all)).toBe("100 of 100 tokens")
  expect(usedUp({ timeMs: 60_000 }, all)).toBe("its time of 1m 00s")
  expect(usedUp({ workers: 2 }, all)).toBe("2 of 2 workers")
  expect(usedUp({ usd: 4, workers: 3 }, all)).toBeUndefined()
})

it.each<[Budget, Partial<Spending>, Budget]>([
  [{ usd: 2 }, { knownUsd: 2.04 }, { usd: 4.1 }],
  [{ usd: 0.05 }, { knownUsd: 0.0721 }, { usd: 0.13 }],
  [{ tokens: 100 }, { tokens: { input: 2_437, output: 4 } }, { tokens: 2_600 }],
  [{ timeMs: 600_000 }, { timeMs: 601_000 }, { timeMs: 1_260_000 }],
  [{ workers: 1 }, { tries: 1 }, { workers: 2 }],
  [{ workers: 3 }, { tries: 4 }, { workers: 7 }],
  // A limit that is not used up stays as it is.
  [{ usd: 2, tokens: 100 }, { knownUsd: 1, tokens: { input: 100, output: 0 } }, { tokens: 200 }],
  [{ usd: 2 }, { knownUsd: 1 }, {}],
])("of %o, of which %o is spent, the suggested raise is %o", (budget, used, suggested) => {
  expect(suggestedRaise(budget, spent(used))).toEqual(suggested)
  expect(refusedRaise(budget, suggestedRaise(budget, spent(used)), spent(used)) === undefined).toBe(
    Object.keys(suggested).length > 0,
  )
})

it.each<[Budget, Budget, Partial<Spending>, string]>([
  [{ usd: 5 }, { usd: 2 }, {}, "it may spend $5 in all, and $2 is less: give a higher total"],
  [
    { usd: 5, tokens: 9 },
    { usd: 6, tokens: 8 },
    {},
    "it may spend 9 tokens in all, and 8 tokens is less: give a higher total",
  ],
  [{ usd: 5 }, { usd: 5 }, {}, "it may spend $5 in all already: give a higher total"],
  [{ usd: 5 }, { usd: 6 }, { knownUsd: 7.25 }, "it has spent $7.25 already: give a higher total than $6"],
  // A limit that did not exist would stop the run at once.
  [
    {},
    { tokens: 9 },
    { tokens: { input: 9, output: 0 } },
    "it has spent 9 tokens already: give a higher total than 9 tokens",
  ],
])("of %o, a raise to %o is refused when %o is spent: %s", (budget, wanted, used, why) => {
  expect(refusedRaise(budget, wanted, spent(used))).toBe(why)
})

it("a raise that leaves one limit as it is, or that sets a new one, is accepted", () => {
  expect(refusedRaise({ usd: 5, tokens: 9 }, { usd: 6, tokens: 9 }, spent())).toBeUndefined()
  expect(refusedRaise({ usd: 5 }, { workers: 3 }, spent({ tries: 2 }))).toBeUndefined()
})
