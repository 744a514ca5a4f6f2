import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSurveyor } from "../../src/checks/changes.ts"
import { loadedBy } from "../../src/config/halves.ts"
import { loadConfig } from "../../src/config/load.ts"
import { MAX_DOCUMENT_BYTES, readText, readTextAsync } from "../../src/files/read.ts"
import { createGit } from "../../src/git/repository.ts"
import { ledgerOf, reap } from "../../src/host/ledger.ts"
import { identityOf, isRunning } from "../../src/host/proc.ts"
import { createVault } from "../../src/project/vault.ts"
import { findWorkflows } from "../../src/spec/files.ts"
import { NODE } from "../support/real-node.ts"

/** A stranger's repository: what its files do to a person who only opens it or looks at it. */

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "baton-stranger-"))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  return join(root, path)
}
/** Makes a special file at a path of the repository. */
const SPECIAL: Readonly<Record<string, (path: string) => void>> = {
  "a link to /dev/zero": (path) => symlinkSync("/dev/zero", path),
  "a pipe without a writer": (path) => spawnSync("mkfifo", [path]),
  "a link to a pipe": (path) => {
    spawnSync("mkfifo", [`${path}.pipe`])
    symlinkSync(`${path}.pipe`, path)
  },
  "a folder": (path) => mkdirSync(path),
  "a link to itself": (path) => symlinkSync(path, path),
}
const place = () => ({ directory: root, globalDir: join(root, "none"), env: {} })

describe.each(Object.entries(SPECIAL))("where a document should be, the repository has %s, and", (_, make) => {
  const special = (path: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    make(join(root, path))
    return join(root, path)
  }

  it("only this workflow is broken, and the others can be used", () => {
    special(".opencode/workflows/a.yaml")
    write(".opencode/workflows/b.yaml", "steps: [{ id: x, type: single, prompt: hi }]\n")
    const { workflows } = findWorkflows({ root })
    const [a, b] = workflows
    expect(a?.problems).toEqual([expect.objectContaining({ message: expect.stringMatching(/^cannot be read: /) })])
    expect(b).toMatchObject({ name: "b", problems: [] })
  })

  it("the configuration cannot be read, which is said", () => {
    special(".opencode/orchestrator.json")
    const loaded = loadConfig(place())
    if (loaded.ok) {
      // A link to itself does not exist for those who follow it.
      expect(_).toBe("a link to itself")
      return
    }
    expect(loaded.problems).toEqual([expect.objectContaining({ message: expect.stringMatching(/^cannot be read: /) })])
  })

  it("the secret in this file cannot be read, which is said", () => {
    special("secret.txt")
    expect(createVault(root, {}).open({ key: { file: "secret.txt" } })).toEqual({
      ok: false,
      why: expect.stringMatching(/^secret key: the file secret\.txt could not be read/),
    })
  })

  it("OpenCode's config is not known to load Baton", () => {
    special("opencode.json")
    expect(loadedBy("opencode", root, join(root, "none"))).toBeUndefined()
  })

  it("nothing is read from it, and reading does not wait", async () => {
    const file = special("x")
    expect(() => readText(file)).toThrow()
    await expect(readTextAsync(file)).rejects.toThrow()
  })
})

it("a file larger than a document may be is not read", async () => {
  const file = write("large.yaml", "x".repeat(MAX_DOCUMENT_BYTES + 1))
  expect(() => readText(file)).toThrow("it is larger than 4 MiB")
  await expect(readTextAsync(file)).rejects.toThrow("it is larger than 4 MiB")
  expect(readText(file, MAX_DOCUMENT_BYTES + 1)).toHaveLength(MAX_DOCUMENT_BYTES + 1)
})

it("git lists a link to a device and a link to a pipe as changed, and neither is read", async () => {
  for (const words of [
    ["init", "-q"],
    ["-c", "user.name=t", "-c", "user.email=t@x.invalid", "commit", "-q", "--allow-empty", "-m", "x"],
  ]) {
    expect(spawnSync("git", words, { cwd: root }).status).toBe(0)
  }
  spawnSync("mkfifo", [join(root, "..", "pipe-of-nobody")])
  symlinkSync("/dev/zero", join(root, "zero"))
  symlinkSync(join(root, "..", "pipe-of-nobody"), join(root, "pipe"))
  const git = createGit(root, { folder: join(root, ".git", "baton"), env: process.env })
  const seen = await createSurveyor(root, git, { error: () => undefined }).look()
  rmSync(join(root, "..", "pipe-of-nobody"))
  expect(seen && "dirty" in seen && seen.dirty).toEqual({ pipe: "not a file", zero: "not a file" })
})

describe("a record of processes that the repository brings", () => {
  const token = "A".repeat(24)
  const owner = { pid: 999_999, startedAt: "long ago" }
  const good = { command: ["sleep"], token, process: null, owner, machine: hostname() }

  it.each([
    ["a negative pid without a start", { process: { pid: -1 } }],
    ["a pid that is no integer", { process: { pid: 1.5, startedAt: "x" } }],
    ["the pid of the first process", { process: { pid: 1, startedAt: "x" } }],
    ["a pid in a text", { process: { pid: "1", startedAt: "x" } }],
    ["an owner without a start", { owner: { pid: 999_999 } }],
    ["an empty token", { token: "" }],
    ["a token of another form", { token: "x" }],
    ["a command that is no list", { command: "sleep" }],
  ])("with %s ends no process, and stays where it is", async (_, change) => {
    const innocent = spawn("sleep", ["1000"], { stdio: "ignore", detached: true, env: { BATON_CHILD: "x" } })
    try {
      await once(innocent, "spawn")
      const group = { pid: -(innocent.pid as number) }
      const filled =
        "process" in change && (change.process as { pid: unknown }).pid === -1 ? { process: group } : change
      const file = write(join(".opencode/workflow-state/processes", "x.json"), JSON.stringify({ ...good, ...filled }))
      expect(await reap(ledgerOf(root))).toEqual([])
      expect(identityOf(innocent.pid as number)).toBeDefined()
      expect(readText(file)).not.toBe("")
    } finally {
      innocent.kill("SIGKILL")
    }
  })

  it("of another container names pids that mean nothing here, so it is left alone", async () => {
    const innocent = spawn("sleep", ["1000"], { stdio: "ignore", detached: true })
    try {
      await once(innocent, "spawn")
      const leader = identityOf(innocent.pid as number)
      const entry = { ...good, process: leader, space: "pid:[1]" }
      write(".opencode/workflow-state/processes/x.json", JSON.stringify(entry))
      expect(await reap(ledgerOf(root))).toEqual([])
      expect(leader && isRunning(leader)).toBe(true)
    } finally {
      innocent.kill("SIGKILL")
    }
  })

  it("that is a pipe does not hold up the start", async () => {
    mkdirSync(ledgerOf(root), { recursive: true })
    spawnSync("mkfifo", [join(ledgerOf(root), "x.json")])
    expect(await reap(ledgerOf(root))).toEqual([])
  })
})

describe("the command line in a repository that brings its own OpenCode", () => {
  let baton: string
  beforeEach(() => {
    baton = mkdtempSync(join(tmpdir(), "baton-package-"))
    for (const folder of ["bin", "dist"]) mkdirSync(join(baton, folder))
    copyFileSync(join(import.meta.dirname, "../../bin/baton.mjs"), join(baton, "bin/baton.mjs"))
    writeFileSync(join(baton, "package.json"), '{ "type": "module" }')
    writeFileSync(join(baton, "dist/cli.js"), "export function main() { return 0 }")
    for (const path of ["node_modules/opencode-ai/bin/opencode.exe", "bin/opencode", "bin/bun"]) {
      chmodSync(write(path, `#!/bin/sh\necho ran >> "${join(root, "ran")}"\n`), 0o755)
    }
  })
  afterEach(() => rmSync(baton, { recursive: true, force: true }))

  it.each("list status trace report workers doctor run".split(" "))("`baton %s` does not run it", (command) => {
    const path = ["", ".", "bin", "node_modules/.bin"].join(delimiter)
    const { stderr, status } = spawnSync(NODE, [join(baton, "bin/baton.mjs"), command], {
      cwd: root,
      env: { PATH: path },
      encoding: "utf8",
    })
    expect(() => readText(join(root, "ran"))).toThrow("ENOENT")
    expect(stderr).toContain(
      `OpenCode was not found: this folder has one, which Baton does not run unasked: --opencode `,
    )
    expect(status).toBe(2)
  })
})
