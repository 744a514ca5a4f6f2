import { Command } from "commander"
import { afterEach, describe, expect, it, vi } from "vitest"
import { exitCodeOf, runProgram } from "../../src/cli/exit.ts"
import { UnreadableRun } from "../../src/core/fold/evolve.ts"

/** Tests the exit codes that docs/guide/command-line.md promises to scripts. */

type Ending = Parameters<typeof exitCodeOf>[0]

const hold = (cause: "budget" | "gate" | "quota") => ({ cause, detail: "" })

describe("the exit code of a run", () => {
  it.each<[string, Ending, number]>([
    ["has succeeded", { status: "success", hold: null, cause: null }, 0],
    ["has failed", { status: "failed", hold: null, cause: "failure" }, 1],
    ["was aborted", { status: "cancelled", hold: null, cause: "abort" }, 1],
    ["waits at a gate", { status: "paused", hold: hold("gate"), cause: null }, 3],
    ["waits for a provider", { status: "paused", hold: hold("quota"), cause: null }, 3],
    ["has spent its budget", { status: "paused", hold: hold("budget"), cause: null }, 4],
    ["has passed its deadline", { status: "failed", hold: null, cause: "deadline" }, 5],
    ["was interrupted", { status: "interrupted", hold: null, cause: null }, 130],
    ["is driven by another process", { status: "running", hold: null, cause: null }, 130],
  ])("that %s", (_, ending, code) => {
    expect(exitCodeOf(ending)).toBe(code)
  })
})

afterEach(() => void vi.restoreAllMocks())

it("a run of a newer version is refused in one sentence, without a stack", async () => {
  let out = ""
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    out += text
    return true
  })
  const program = new Command("baton").action(() => {
    throw new UnreadableRun("run r was written by a newer version of Baton")
  })
  expect(await runProgram(program, [])).toBe(2)
  expect(out).toBe("baton: run r was written by a newer version of Baton\n")
})
