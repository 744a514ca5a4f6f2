import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Command } from "commander"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { convertCommand } from "../../src/cli/convert.ts"
import { planCommand } from "../../src/cli/plan.ts"
import { validateCommand } from "../../src/cli/validate.ts"

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "baton-directory-"))
  mkdirSync(join(root, "flows"))
  writeFileSync(join(root, "flows/w.yaml"), "tasks: [{ id: a, agent: default, parameters: { task: x } }]")
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(root, { recursive: true })
})

/** Standard output of a command that works in `directory`. */
async function baton(directory: string, ...words: string[]): Promise<string> {
  let out = ""
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text
    return true
  })
  const program = new Command("baton").option("-C, --directory <dir>")
  for (const command of [planCommand(), validateCommand(), convertCommand()]) program.addCommand(command)
  await program.parseAsync(["-C", directory, ...words], { from: "user" })
  return out
}

describe("with --directory", () => {
  it("every command looks for a file in that folder", async () => {
    expect(await baton(root, "plan", "flows/w.yaml")).toContain("At least 1 model call")
    expect(await baton(root, "validate", "flows/w.yaml")).toBe("1 valid: w.yaml\n")
    expect(await baton(root, "convert", "flows/w.yaml")).toContain("steps:")
    await baton(root, "convert", "flows/w.yaml", "--out", "flows/new.yaml")
    expect(existsSync(join(root, "flows/new.yaml"))).toBe(true)
  })

  it("a missing folder is an error", async () => {
    await expect(baton(join(root, "nope"), "validate")).rejects.toThrow(`no such folder: ${join(root, "nope")}`)
    await expect(baton(join(root, "flows/w.yaml"), "validate")).rejects.toThrow("no such folder: ")
  })
})
