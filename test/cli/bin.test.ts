import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { NODE } from "../support/real-node.ts"

/**
 * Tests which commands `bin/baton.mjs` runs with Node alone, and for which it looks for OpenCode.
 */

let root: string

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "baton-bin-"))
  for (const folder of ["bin", "dist"]) mkdirSync(join(root, folder))
  copyFileSync(join(import.meta.dirname, "../../bin/baton.mjs"), join(root, "bin/baton.mjs"))
  const main = "process.stdout.write(`ran with ${process.env.BATON_OPENCODE}`); return 0"
  writeFileSync(join(root, "package.json"), '{ "type": "module" }')
  writeFileSync(join(root, "dist/cli.js"), `export function main() { ${main} }`)
})
afterAll(() => rmSync(root, { recursive: true }))

/** Output of a command when neither OpenCode nor Bun is on the PATH. */
function baton(...words: string[]): string {
  const { stdout, stderr } = spawnSync(NODE, [join(root, "bin/baton.mjs"), ...words], {
    cwd: root,
    env: { PATH: root },
    encoding: "utf8",
  })
  return stdout + stderr
}

describe("without OpenCode and Bun on the PATH", () => {
  it.each(["plan", "validate", "config", "convert", "init", "graph", "help"])("%s runs", (command) => {
    expect(baton(command, "x")).toBe("ran with undefined")
  })

  const JOURNAL = "run resume continue retry skip abort raise pause doctor report list status trace workers prune"
  it.each(JOURNAL.split("%s says that OpenCode is missing"))("%s says what is missing", (command) => {
    expect(baton(command, "x")).toContain("OpenCode was not found")
  })

  it("the help of every command is available", () => {
    expect(baton("run", "--help")).toContain("ran with")
  })
})

it("init needs OpenCode only when it is named with --attach or --opencode", () => {
  expect(baton("init", "--attach", "http://localhost:1")).toContain("OpenCode was not found")
  expect(baton("init", "--opencode", "/opt/opencode")).toContain("/opt/opencode could not be started")
})
