import { describe, expect, it } from "vitest"
import { formatDuration, MAX_DURATION_MS, parseDuration, writeDuration } from "../../src/core/base/duration.ts"
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

  it("lists the candidates when none is close", () => {
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
    [0, 0],
    [0.0004, 0],
    ["0.0006", 1],
    [" 5m ", 300_000],
    ["2d", 172_800_000],
    ["10.25s", 10_250],
    ["x5m", undefined],
    ["5mx", undefined],
    ["5.m", undefined],
    ["12x", undefined],
    ["1.", undefined],
  ])("%s is %s ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    [0, "0.0s"],
    [800, "0.8s"],
    [9_940, "9.9s"],
    [10_000, "10s"],
    [59_499, "59s"],
    [59_500, "1m 00s"],
    [3_599_000, "59m 59s"],
    [3_600_000, "1h 00m"],
    [12_400, "12s"],
    [185_000, "3m 05s"],
    [3_720_000, "1h 02m"],
  ])("%s ms reads %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

it.each([
  [14_400_000, "4h"],
  [1_800_000, "30m"],
  [5_400_000, "90m"],
  [45_000, "45s"],
  [90_000, "90s"],
])("%i ms is written as %s, which parses to the same time", (ms, text) => {
  expect(writeDuration(ms)).toBe(text)
  expect(parseDuration(text)).toBe(ms)
})

it("the longest possible wait is 24 days", () => {
  expect(parseDuration("24d")).toBe(MAX_DURATION_MS)
  expect(MAX_DURATION_MS).toBeLessThan(2 ** 31)
})

it("problems are listed in reading order, with paths relative to a folder", () => {
  const problem = (line: number, message: string) => ({ file: "/p/a.yaml", line, column: 2, message })
  const text = formatProblems([problem(9, "late"), { ...problem(3, "early"), hint: "do this" }], "/p")
  expect(text).toBe("a.yaml:3:2: early — do this\na.yaml:9:2: late")
})
