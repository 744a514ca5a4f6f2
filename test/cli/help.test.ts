import { expect, it } from "vitest"
import { createProgram } from "../../src/cli/program.ts"
import { durationWords } from "../../src/core/base/duration.ts"
import { localTime } from "../../src/core/base/time.ts"

const program = createProgram(() => Promise.reject(new Error("nothing may start")), "1.0.0")
const helps = program.commands
  .flatMap((command) => [command, ...command.commands])
  .map((command) => command.helpInformation())

it("the help of every command shows defaults and arguments in words", () => {
  expect(helps.length).toBeGreaterThan(20)
  for (const help of helps) expect(help).not.toMatch(/default: ([[{]|\d{4,})|words\.\.\./)
  const text = helps.join("\n")
  expect(text).toContain("(default: 30 days)")
  expect(text).toMatch(/Arguments:\n +\[RUN\] STEP +the run, if it is not the newest/)
})

it("a duration that a person chose is said in one unit", () => {
  const said = [30 * 86_400_000, 86_400_000, 43_200_000, 3_600_000, 5_400_000, 61_000].map(durationWords)
  expect(said).toEqual(["30 days", "1 day", "12 hours", "1 hour", "90 minutes", "1m 01s"])
})

it("a time is that of this machine: only the clock today, with the day otherwise", () => {
  const at = new Date(2026, 10, 30, 9, 5).getTime()
  expect(localTime(at, new Date(2026, 10, 30, 23, 59).getTime())).toBe("09:05")
  expect(localTime(at, new Date(2026, 11, 1, 0, 1).getTime())).toBe("2026-11-30 09:05")
})
