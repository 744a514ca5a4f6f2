import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { runProgram } from "../../src/cli/exit.ts"
import { createProgram } from "../../src/cli/program.ts"

/** A secret of the environment that `orchestrator.json` names, in every key that takes a text. */

const CANARY = "c4nary-of-the-environment"
let top: string
let root: string

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "baton-canary-"))
  root = join(top, "project")
  mkdirSync(join(root, ".opencode/workflows"), { recursive: true })
  vi.stubEnv("BATON_STATE_DIR", join(top, "state"))
  vi.stubEnv("XDG_CONFIG_HOME", join(top, "config"))
  vi.stubEnv("CANARY", CANARY)
  const coder = {
    prompt: "use {env:CANARY}",
    purpose: "{env:CANARY}",
    agent: "a-{env:CANARY}",
    permission: { bash: { "{env:CANARY} *": "allow" } },
  }
  const far = {
    kind: "server",
    url: "http://{env:CANARY}.invalid:9",
    password: "{env:CANARY}",
    directory: "/x/{env:CANARY}",
  }
  writeFileSync(join(root, ".opencode/orchestrator.json"), JSON.stringify({ profiles: { coder, far } }))
  writeFileSync(
    join(root, ".opencode/workflows/w.yaml"),
    "name: w\nsteps:\n  - { id: a, profile: coder, prompt: hi }\n  - { id: b, needs: [a], profile: far, prompt: hi }\n",
  )
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(top, { recursive: true, force: true })
})

/** What a command writes to stdout and stderr. */
async function baton(...words: readonly string[]): Promise<string> {
  let written = ""
  const take = (text: unknown) => {
    written += String(text)
    return true
  }
  const spies = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, "write").mockImplementation(take))
  try {
    await runProgram(
      createProgram(() => import("../../src/compose.ts"), "1"),
      ["-C", root, ...words],
    )
  } finally {
    for (const spy of spies) spy.mockRestore()
    process.exitCode = 0
  }
  return written
}

it.each([
  "validate",
  "plan w",
  "plan w --json",
  "config explain profiles.coder.prompt",
  "config explain profiles.far.url",
  "config explain profiles.far.password --json",
  "list --json",
  "workers",
  "graph w",
  "trust --list",
  "doctor --attach http://127.0.0.1:1",
  "doctor --json --attach http://127.0.0.1:1",
  "run w --trust --attach http://127.0.0.1:1",
])("`baton %s` does not show the value of a variable that orchestrator.json names", async (line) => {
  const said = await baton(...line.split(" "))
  expect(said.length).toBeGreaterThan(0)
  for (const form of [CANARY, btoa(CANARY), encodeURIComponent(CANARY)]) expect(said).not.toContain(form)
})

it("shows the variable in place of its value", async () => {
  expect(await baton("plan", "w")).toContain("agent a-{env:CANARY}")
  expect(await baton("plan", "w")).toContain("server at http://{env:CANARY}.invalid:9")
})
