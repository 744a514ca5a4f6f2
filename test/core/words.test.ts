import { describe, expect, it } from "vitest"
import { formatDuration, parseDuration } from "../../src/core/base/duration.ts"
import { nearest, suggest } from "../../src/core/base/nearest.ts"
import { formatProblems } from "../../src/core/model/problem.ts"

describe("nearest", () => {
  it.each([
    ["modle", ["mode", "model"], "model"],
    ["profils", ["models", "profiles"], "profiles"],
    ["dmeo", ["demo", "release"], "demo"],
    ["Build", ["build"], "build"],
    ["feat", ["feature-build", "fix"], "feature-build"],
    ["xyz", ["demo", "release"], undefined],
    ["a", ["b"], "b"],
    ["x", [], undefined],
  ])("%s in %j is %s", (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected)
  })

  it("says what there is when nothing is near", () => {
    expect(suggest("xyz", ["demo", "release"], "workflows")).toBe("known workflows: `demo`, `release`")
    expect(suggest("xyz", [], "workflows")).toBe("there are no workflows")
  })
})

describe("durations", () => {
  it.each<[string | number, number | undefined]>([
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["1.5m", 90_000],
    ["30", 30_000],
    [30, 30_000],
    ["", undefined],
    ["soon", undefined],
    ["5 m", undefined],
    [-1, undefined],
    [Number.NaN, undefined],
  ])("%s is %s ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    [800, "0.8s"],
    [12_400, "12s"],
    [185_000, "3m 05s"],
    [3_720_000, "1h 02m"],
  ])("%s ms reads %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

it("problems are listed in reading order, with paths as seen from a folder", () => {
  const problem = (line: number, message: string) => ({ file: "/p/a.yaml", line, column: 2, message })
  const text = formatProblems([problem(9, "late"), { ...problem(3, "early"), hint: "do this" }], "/p")
  expect(text).toBe("a.yaml:3:2: early — do this\na.yaml:9:2: late")
})
