import { execFileSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSurveyor } from "../../src/checks/changes.ts"
import { Prints } from "../../src/checks/prints.ts"
import { Tree } from "../../src/checks/tree.ts"
import { fingerprint } from "../../src/checks/tree-state.ts"
import type { Seen } from "../../src/core/model/events.ts"
import { createGit } from "../../src/git/repository.ts"

/**
 * A stranger's repository whose configuration and attributes name programs. Each of them writes a
 * line to a log when it runs.
 */

let base: string
let root: string
let log: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "baton-git-"))
  root = join(base, "project")
  log = join(base, "log")
  mkdirSync(root)
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
const ran = () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").sort() : [])
/** Git as the attacker uses it, to make the repository. */
const raw = (cwd: string, ...args: string[]) => {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" }
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
  return execFileSync("git", [...identity, ...args], { cwd, env, stdio: "pipe", encoding: "utf8" })
}
/** A program that logs its name and passes its input on. */
function program(name: string): string {
  const file = join(base, `run-${name.replaceAll(/\W/g, "-")}`)
  writeFileSync(file, `#!/bin/sh\necho ${name} >> '${log}'\ncat\n`)
  chmodSync(file, 0o755)
  return file
}

const HOOKS = ["post-index-change", "pre-commit", "post-checkout", "reference-transaction", "fsmonitor-watchman"]

/** Makes a repository with committed, changed, staged and new files, and then its traps. */
function makeHostile() {
  raw(root, "init", "-q", "-b", "main")
  write(".gitattributes", "*.a filter=evil\n*.b filter=a=b\n*.c diff=evil\n*.d merge=evil\n*.e filter=long\n")
  for (const name of ["x.a", "x.b", "x.c", "x.d", "x.e", "plain.txt", "deep/y.a"]) write(name, `${name}\n`)
  const nested = join(root, "nested")
  mkdirSync(nested)
  raw(nested, "init", "-q")
  write("nested/.gitattributes", "* filter=evil\n")
  write("nested/z.a", "z\n")
  raw(nested, "add", "-A")
  raw(nested, "commit", "-qm", "x")
  raw(root, "add", "-A")
  raw(root, "commit", "-qm", "x")
  for (const hook of HOOKS) {
    mkdirSync(join(root, "hooks"), { recursive: true })
    writeFileSync(join(root, "hooks", hook), readFileSync(program(`hook ${hook}`)))
    chmodSync(join(root, "hooks", hook), 0o755)
  }
  const settings = {
    "core.fsmonitor": program("fsmonitor"),
    "core.hooksPath": join(root, "hooks"),
    "filter.evil.clean": program("clean"),
    "filter.evil.smudge": program("smudge"),
    "filter.long.process": program("process"),
    "filter.long.required": "true",
    "diff.external": program("external"),
    "diff.evil.textconv": program("textconv"),
    "diff.evil.command": program("diff command"),
    "merge.evil.driver": program("merge"),
    "core.sshCommand": program("ssh"),
    "core.pager": program("pager"),
    "pager.diff": program("pager diff"),
    "alias.ls-files": `!${program("alias")}`,
    "core.askPass": program("askpass"),
    "credential.helper": program("credential"),
    "gpg.program": program("gpg"),
    "commit.gpgSign": "true",
    "core.worktree": "/",
    "remote.origin.url": "ssh://nowhere.invalid/x",
    "remote.origin.promisor": "true",
    "extensions.partialClone": "origin",
    "include.path": join(base, "included"),
  }
  writeFileSync(join(base, "included"), `[core]\n\tfsmonitor = ${program("included")}\n`)
  for (const [key, value] of Object.entries(settings)) raw(root, "config", "--file", ".git/config", key, value)
  for (const key of ["clean", "smudge"]) {
    raw(nested, "config", `filter.evil.${key}`, program(`nested ${key}`))
    writeFileSync(join(root, ".git", "config"), `[filter "a=b"]\n\t${key} = ${program(`a=b ${key}`)}\n`, { flag: "a" })
  }
  raw(nested, "config", "core.fsmonitor", program("nested fsmonitor"))
  for (const name of ["x.a", "x.b", "x.c", "x.d", "x.e", "deep/y.a", "nested/z.a", "new.a"]) write(name, "changed\n")
  // Git reads a file only if its size is the same: it decides by the filtered content then.
  for (const name of ["x.a", "x.b"]) write(name, `${name.toUpperCase()}\n`)
}

const gitOf = (env: NodeJS.ProcessEnv = process.env) => createGit(root, { folder: join(base, "state", "git"), env })

describe("a repository whose configuration names programs", () => {
  it("runs them when git is used without precautions", () => {
    makeHostile()
    raw(root, "--work-tree", root, "status")
    expect(ran()).toEqual(expect.arrayContaining(["a=b clean", "clean", "hook post-index-change", "included"]))
  })

  it("runs none of them when Baton looks at what changed", async () => {
    makeHostile()
    const errors: string[] = []
    const surveyor = createSurveyor(root, gitOf(), {
      error: (message, detail) => errors.push(`${message} ${JSON.stringify(detail)}`),
    })
    const seen = (await surveyor.look()) as Seen
    write("plain.txt", "changed by the run\n")
    const changed = await surveyor.changedSince(seen)
    expect({ errors, ran: ran() }).toEqual({ errors: [], ran: [] })
    expect(Object.keys(seen.dirty)).toEqual(expect.arrayContaining(["x.a", "x.b", "x.c", "x.d", "x.e", "new.a"]))
    expect(changed).toEqual(["plain.txt"])
  })
})

it("a loop in a repository whose configuration names programs runs none of them", async () => {
  makeHostile()
  const prints = new Prints(root)
  const before = await fingerprint(root, gitOf(), prints)
  write("x.a", "y.b\n")
  expect(await fingerprint(root, gitOf(), prints)).not.toBe(before)
  expect(ran()).toEqual([])
})

it("a step in a repository whose configuration names programs runs none of them", async () => {
  makeHostile()
  const errors: string[] = []
  const tree = new Tree({
    root,
    folder: join(base, "state", "trees"),
    git: gitOf(),
    log: { error: (message, detail) => errors.push(`${message} ${JSON.stringify(detail)}`) },
  })
  const window = { run: "r", step: "s", attempt: 1 }
  await tree.begin({ ...window, isResumed: false, owned: ["src/**"], own: [], checks: [] })
  for (const name of ["x.a", "x.c", "plain.txt", "deep/y.a", "nested/z.a"]) write(name, "by the step\n")
  const changes = await tree.end(window)
  expect({ errors, ran: ran() }).toEqual({ errors: [], ran: [] })
  const paths = "strays" in changes ? changes.strays.map(({ path }) => path) : []
  expect(paths).toEqual(["deep/y.a", "nested", "plain.txt", "x.a", "x.c"])
})

describe("the repository that Baton looks at", () => {
  const dirty = async (git = gitOf()) => {
    const surveyor = createSurveyor(root, git, { error: () => undefined })
    return Object.keys(((await surveyor.look()) as Seen | undefined)?.dirty ?? {})
  }

  it("is the project's own, whatever `core.worktree` and the environment say", async () => {
    makeHostile()
    const other = join(base, "other")
    mkdirSync(other)
    writeFileSync(join(other, "secret.txt"), "x")
    raw(root, "config", "--file", ".git/config", "core.worktree", other)
    const env = {
      ...process.env,
      GIT_DIR: join(other, ".git"),
      GIT_WORK_TREE: other,
      GIT_EXTERNAL_DIFF: program("env"),
    }
    expect(await dirty(gitOf(env))).not.toContain("secret.txt")
    expect(await dirty(gitOf(env))).toContain("new.a")
    expect(ran()).toEqual([])
  })

  it("is found through the pointer of a linked worktree, and a pointer to a stranger's git dir runs nothing", async () => {
    makeHostile()
    const linked = join(base, "linked")
    mkdirSync(linked)
    writeFileSync(join(linked, ".git"), `gitdir: ${join(root, ".git")}\n`)
    writeFileSync(join(linked, "mine.a"), "x")
    const git = createGit(linked, { folder: join(base, "state", "git-2"), env: process.env })
    const surveyor = createSurveyor(linked, git, { error: () => undefined })
    expect(Object.keys(((await surveyor.look()) as Seen).dirty)).toContain("mine.a")
    expect(ran()).toEqual([])
  })

  it.each([
    ["a pipe as its configuration", (dir: string) => execFileSync("mkfifo", [join(dir, "config")]), "config"],
    ["a pipe as its index", (dir: string) => execFileSync("mkfifo", [join(dir, "index")]), "index"],
    ["a link to /dev/zero as its index", (dir: string) => symlinkSync("/dev/zero", join(dir, "index")), "index"],
    ["a pipe as its HEAD", (dir: string) => execFileSync("mkfifo", [join(dir, "HEAD")]), "HEAD"],
  ])("may have %s without keeping Baton waiting", async (_, make, name) => {
    raw(root, "init", "-q")
    write("a.txt", "a")
    rmSync(join(root, ".git", name), { force: true })
    make(join(root, ".git"))
    const errors: string[] = []
    const at = Date.now()
    await createSurveyor(root, gitOf(), { error: (message) => errors.push(message) }).look()
    expect(Date.now() - at).toBeLessThan(5_000)
  })

  it("is never asked through a program called git that the project brings", async () => {
    raw(root, "init", "-q")
    write("bin/git", `#!/bin/sh\necho own git >> '${log}'\n`)
    chmodSync(join(root, "bin", "git"), 0o755)
    write("a.txt", "a")
    const env = { ...process.env, PATH: [join(root, "bin"), "bin", ".", "", process.env.PATH].join(delimiter) }
    expect(await dirty(gitOf(env))).toContain("a.txt")
    expect(ran()).toEqual([])
  })
})
