import { expect, it } from "vitest"
import type { StepStatus } from "../../../src/core/model/result.ts"
import { endWords, fractionDone, progressWords, shareDone } from "../../../src/core/view/progress.ts"

const steps = (...all: readonly StepStatus[]) => all.map((status) => ({ status }))

it("only a step that succeeded is done, and every other end is named with its count", () => {
  const aborted = steps("success", "failed", "cancelled", "cancelled", "skipped", "pending")
  expect(fractionDone(aborted)).toBe("1/6")
  expect(shareDone(aborted)).toBeCloseTo(1 / 6)
  expect(progressWords(aborted)).toBe("1/6 done, 1 failed, 1 skipped, 2 cancelled")
  expect(endWords(aborted)).toBe("1 done, 1 failed, 1 skipped, 2 cancelled")
})

it("a run whose steps all succeeded is wholly done, and one without steps is not", () => {
  expect([progressWords(steps("success", "success")), shareDone(steps("success"))]).toEqual(["2/2 done", 1])
  expect([fractionDone([]), shareDone([]), endWords(steps("running"))]).toEqual(["0/0", 0, ""])
})
