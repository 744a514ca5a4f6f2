import { describe, expect, it } from "vitest"
import { exitCodeOf } from "../../src/cli/exit.ts"

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
