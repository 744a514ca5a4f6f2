import { execFile, execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { Tree } from "../src/checks/tree.ts"
import { createGit } from "../src/git/repository.ts"
import { interleave, timed } from "./measure.ts"
import { compare, type Row } from "./report.ts"

/** What it costs a step to be compared with the project's files before it: two looks at the tree. */

const ROUNDS = 9
const FOLDERS = 200
const FILES = 100
const CHANGED = 20

export async function tree(tell: (line: string) => void): Promise<Row> {
  const base = mkdtempSync(join(tmpdir(), "baton-bench-tree-"))
  try {
    const root = join(base, "project")
    makeRepository(root)
    const git = createGit(root, { folder: join(base, "git"), env: process.env })
    const log = { error: (message: string) => tell(`tree: ${message}`) }
    const watched = new Tree({ root, folder: join(base, "trees"), git, log })
    let attempt = 0
    const step = async () => {
      const window = { run: "r", step: "s", attempt: ++attempt }
      await watched.begin({ ...window, isResumed: false, owned: ["src/**"], own: [], checks: [] })
      const changes = await watched.end(window)
      if ("why" in changes || changes.files.length > 0) throw new Error("the tree was not read")
    }
    const run = promisify(execFile)
    const status = () => run("git", ["status", "--porcelain=v1", "-z"], { cwd: root, maxBuffer: 1e8 })
    const twice = async () => {
      await status()
      await status()
    }
    await step()
    await twice()
    const sides = { baton: () => timed(step), status: () => timed(twice) }
    const samples = await interleave(ROUNDS, sides, (side, round, ms) =>
      tell(`tree: round ${round + 1}, ${side}: ${ms.toFixed(1)} ms`),
    )
    const options = { unit: "ms", comparison: "times", atMost: 1.3 } as const
    return compare(
      `a step over ${FOLDERS * FILES} files (bare: git status, twice)`,
      options,
      samples.baton,
      samples.status,
    )
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

/** A repository whose files are committed but for a few. */
function makeRepository(root: string): void {
  for (let folder = 0; folder < FOLDERS; folder++) {
    mkdirSync(join(root, `d${folder}`), { recursive: true })
    for (let file = 0; file < FILES; file++) {
      const path = join(root, `d${folder}`, `${file}.ts`)
      writeFileSync(path, `${folder} ${file}`)
      // Git reads files again that are as new as its index, which those of a project rarely are.
      utimesSync(path, 1_600_000_000, 1_600_000_000)
    }
  }
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=b", "-c", "user.email=b@x.invalid", ...args], { cwd: root, stdio: "ignore" })
  git("init", "-q")
  git("add", "-A")
  git("commit", "-qm", "x")
  for (let file = 0; file < CHANGED; file++) writeFileSync(join(root, "d0", `${file}.ts`), "changed".repeat(200))
  for (let file = 0; file < CHANGED; file++) writeFileSync(join(root, `new-${file}.ts`), "new".repeat(200))
}
