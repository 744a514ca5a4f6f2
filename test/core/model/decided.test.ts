import { expect, it } from "vitest"
import { deciderOf, describeDecider } from "../../../src/core/model/decided.ts"

it("a decision says who made it and by what, as far as that is known", () => {
  expect(["ann", { by: "ann" }, { by: "ann", via: "tui" as const }].map(deciderOf)).toEqual([
    { by: "ann" },
    { by: "ann" },
    { by: "ann", via: "tui" },
  ])
  const words = [{ by: "ann" }, { by: "ann", via: "tui" }, { by: "ann", via: "attached" }, { by: "ann", via: "token" }]
  expect(words.map((one) => describeDecider(one as Parameters<typeof describeDecider>[0]))).toEqual([
    "ann",
    "ann (TUI)",
    "ann (attached client)",
    "ann (token)",
  ])
})
