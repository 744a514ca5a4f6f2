import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, expect, it } from "vitest"
import { createSurveyor } from "../../src/checks/changes.ts"
import type { Seen } from "../../src/core/model/events.ts"
import { createGit } from "../../src/git/repository.ts"

/** Tests on real repositories which files changed during a run, according to git. */

const made: string[] = []
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function makeFolder(files: Readonly<Record<string, string>> = {}) {
  const root = mkdtempSync(join(tmpdir(), "baton-changes-"))
  const state = mkdtempSync(join(tmpdir(), "baton-changes-state-"))
  made.push(root, state)
  const errors: string[] = []
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  for (const [file, text] of Object.entries(files)) write(file, text)
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
  const git = (...args: string[]) => execFileSync("git", [...identity, ...args], { cwd: root, stdio: "pipe" })
  const surveyor = (folder = root, env: NodeJS.ProcessEnv = process.env) => {
    const git = createGit(folder, { folder: join(state, "git"), env })
    return createSurveyor(folder, git, { error: (message) => errors.push(message) })
  }
  const commit = () => {
    git("add", "-A")
    git("commit", "-qm", "x")
  }
  return { root, errors, write, git, surveyor, commit }
}

function makeRepository(files: Readonly<Record<string, string>>) {
  const folder = makeFolder(files)
  folder.git("init", "-q")
  folder.commit()
  return folder
}

it("changed files include what was written, created, renamed or deleted since the snapshot, and nothing from before", async () => {
  const { root, write, surveyor, errors } = makeRepository({
    ".gitignore": "ignored/\n",
    "a.txt": "a",
    "b c.txt": "b",
    "gone.txt": "g",
    "before.txt": "one",
  })
  write("before.txt", "two")
  write("mine.txt", "not committed")
  const seen = await surveyor().look()
  expect(Object.keys((seen as Seen).dirty).sort()).toEqual(["before.txt", "mine.txt"])
  expect(await surveyor().changedSince(seen as Seen)).toEqual([])
  write("a.txt", "A")
  renameSync(join(root, "b c.txt"), join(root, "ü.txt"))
  rmSync(join(root, "gone.txt"))
  write("sub/new.txt", "n")
  write("ignored/x.txt", "x")
  expect([...((await surveyor().changedSince(seen as Seen)) as string[])].sort()).toEqual(
    ["a.txt", "b c.txt", "gone.txt", "sub/new.txt", "ü.txt"].sort(),
  )
  expect(errors).toEqual([])
})

it("changed files include uncommitted files that changed again, also when they were committed, reverted or deleted", async () => {
  const { write, surveyor, commit, root } = makeRepository({ "a.txt": "a", "b.txt": "b" })
  write("a.txt", "dirty")
  write("b.txt", "dirty")
  write("c.txt", "new")
  write("d.txt", "new")
  const seen = await surveyor().look()
  write("a.txt", "a")
  rmSync(join(root, "d.txt"))
  write("e.txt", "e")
  commit()
  expect([...((await surveyor().changedSince(seen as Seen)) as string[])].sort()).toEqual(["a.txt", "d.txt", "e.txt"])
})

it("changed files are limited to the project's folder in the repository, also before the first commit", async () => {
  const { root, write, git, surveyor } = makeFolder({ "project/a.txt": "a", "other.txt": "o" })
  git("init", "-q")
  const project = surveyor(join(root, "project"))
  const seen = await project.look()
  expect(Object.keys((seen as Seen).dirty)).toEqual(["a.txt"])
  write("project/b.txt", "b")
  write("other.txt", "changed")
  expect(await project.changedSince(seen as Seen)).toEqual(["b.txt"])
})

it("changed files are unknown without a repository or git, and of too many uncommitted files it is said why", async () => {
  const { root, surveyor, write, git, errors } = makeFolder({ "a.txt": "a" })
  expect(await surveyor().look()).toBeUndefined()
  git("init", "-q")
  expect(await surveyor(root, { PATH: "" }).look()).toBeUndefined()
  for (let at = 0; at <= 2_000; at++) write(`many/${at}.txt`, "")
  const why = expect.stringContaining("2,002 files had not been committed when the run began, and more than 2,000 are")
  expect(await surveyor().look()).toEqual({ why })
  expect(errors).toEqual([])
})

it("changed files do not include folders of packages and builds, even where nothing lets git ignore them", async () => {
  const { write, surveyor } = makeRepository({ "a.txt": "a", "dist/kept.js": "1" })
  for (let at = 0; at <= 2_000; at++) write(`node_modules/pkg/${at}.js`, "")
  const seen = await surveyor().look()
  expect(seen).toMatchObject({ dirty: {} })
  for (const file of ["web/node_modules/x.js", ".venv/bin/python", "dist/new.js", "src/__pycache__/a.pyc"])
    write(file, "x")
  write("dist/kept.js", "2")
  write("src/dist.ts", "x")
  expect([...((await surveyor().changedSince(seen as Seen)) as string[])].sort()).toEqual([
    "dist/kept.js",
    "src/dist.ts",
  ])
})

it("changed files are unknown, with git's own words, when git fails", async () => {
  const { root, surveyor, errors } = makeRepository({ "a.txt": "a" })
  const seen = await surveyor().look()
  writeFileSync(join(root, ".git", "index"), "not an index")
  const why = expect.stringMatching(/^git could not list the files when the run ended: .*index/)
  expect(await surveyor().changedSince(seen as Seen)).toEqual({ why })
  expect(errors).toHaveLength(1)
})
