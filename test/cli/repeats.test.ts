import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { runProgram } from "../../src/cli/exit.ts"
import { createProgram } from "../../src/cli/program.ts"

/** An option that is given twice, for every command of the program. */

const program = () => createProgram(() => Promise.reject(new Error("nothing may start")), "1.0.0")
const SAMPLES: Readonly<Record<string, string>> = {
  ...{ usd: "1", tokens: "1", time: "1h", workers: "1", keep: "1", "older-than": "1d" },
  ...{ input: "a=b", "run-id": "r1", format: "ascii" },
  ...{ limit: "1", page: "1", state: "failed", since: "1d" },
}
const sampleOf = (name: string) => SAMPLES[name] ?? "x=y/z"

const all = program().commands.flatMap((command) => [
  ...command.options.map((option) => ({ words: [command.name()], option })),
  ...command.commands.flatMap((own) => own.options.map((option) => ({ words: [command.name(), own.name()], option }))),
])
const valued = [...program().options.map((option) => ({ words: [] as string[], option })), ...all].filter(
  ({ option }) => option.required || option.optional,
)

let said = ""
beforeEach(() => {
  said = ""
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe("an option that is given twice is refused", () => {
  it.each(valued.map((one) => [[...one.words, one.option.long].join(" "), one] as const))("%s", async (_, one) => {
    const { words, option } = one
    const given = [String(option.long), sampleOf(option.name())]
    expect(await runProgram(program(), [...words, ...given, ...given])).toBe(2)
    expect(said).toContain("is given twice: keep one of the two")
  })

  it("and an empty message is refused", async () => {
    expect(await runProgram(program(), ["retry", "review", "-m", " "])).toBe(2)
    expect(said).toContain("the message is empty: write one, or leave out --message")
  })

  it("and the repeatable ones accept different names", async () => {
    expect(await runProgram(program(), ["run", "-i", "a=1", "-i", "b=1", "-i", "b=2"])).toBe(2)
    expect(said).toContain("`b` is given twice")
    said = ""
    await runProgram(program(), ["validate", "/nowhere.yaml"])
    expect(said).not.toContain("twice")
  })
})
