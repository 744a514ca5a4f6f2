import { execFileSync } from "node:child_process"
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Tree } from "../../src/checks/tree.ts"
import type { StepChanges, StepWindow } from "../../src/core/ports/tree.ts"
import { createGit } from "../../src/git/repository.ts"

/** What a step changed, on real files with and without git. */

let base: string
let root: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "baton-tree-"))
  root = join(base, "a project")
  mkdirSync(root)
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const at = (path: string) => join(root, path)
const write = (path: string, text: string) => {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@x.invalid", ...args], { cwd: root, stdio: "pipe" })
const commit = () => {
  git("add", "-A")
  git("commit", "-qm", "x")
}
const treeOf = () => {
  const log = { error: (message: string, detail?: unknown) => expect.fail(`${message} ${JSON.stringify(detail)}`) }
  const access = createGit(root, { folder: join(base, "git"), env: process.env })
  return new Tree({ root, folder: join(base, "trees"), git: access, log })
}
const windowOf = (over: Partial<StepWindow> = {}): StepWindow => ({
  run: "r",
  step: "s",
  attempt: 1,
  owned: undefined,
  isResumed: false,
  own: [],
  checks: [],
  ...over,
})
async function changesOf(work: () => void, over: Partial<StepWindow> = {}, tree = treeOf()): Promise<StepChanges> {
  const window = windowOf(over)
  expect(await tree.begin(window)).toBeUndefined()
  work()
  const changes = await tree.end(window)
  if ("why" in changes) throw new Error(changes.why)
  return changes
}
const strays = ({ strays: found }: StepChanges) => found.map(({ path, before }) => [path, before])

describe.each(["git", "no git"])("with %s, what a step changed", (kind) => {
  beforeEach(() => {
    write("src/a.ts", "a")
    write("src/b.ts", "b")
    write("private/c.ts", "c")
    write("run.sh", "x")
    if (kind === "git") {
      git("init", "-q")
      commit()
      write("private/dirty.ts", "dirty")
    }
  })

  it("is every file that is new, different, renamed, deleted, executable or a link, and no other", async () => {
    const { files } = await changesOf(() => {
      write("src/a.ts", "A")
      renameSync(at("src/b.ts"), at("src/ü b.ts"))
      rmSync(at("private/c.ts"))
      chmodSync(at("run.sh"), 0o755)
      symlinkSync("a.ts", at("src/link.ts"))
      write("new/deep/d.ts", "d")
    })
    expect(files).toEqual(
      ["new/deep/d.ts", "private/c.ts", "run.sh", "src/a.ts", "src/b.ts", "src/link.ts", "src/ü b.ts"].sort(),
    )
  })

  it("is nothing when a file has only a new date, or is written again as it was", async () => {
    const { files } = await changesOf(() => {
      utimesSync(at("src/a.ts"), 1_000, 1_000)
      write("src/b.ts", "b")
      write(".opencode/workflow-state/outputs/r/s.md", "the answer")
    })
    expect(files).toEqual([])
  })

  it("is seen also when size and date of the file are the old ones", async () => {
    utimesSync(at("src/a.ts"), 1_000, 1_000)
    const { files } = await changesOf(() => {
      write("src/a.ts", "z")
      utimesSync(at("src/a.ts"), 1_000, 1_000)
    })
    expect(files).toEqual(["src/a.ts"])
  })

  it("outside its `files` is a stray, through a link inside them too, with its earlier content", async () => {
    symlinkSync("../private", at("src/link"))
    if (kind === "git") write("private/dirty.ts", "not committed")
    const changes = await changesOf(
      () => {
        write("src/a.ts", "A")
        write("src/link/c.ts", "C")
        if (kind === "git") write("src/link/dirty.ts", "overwritten")
        rmSync(at("run.sh"))
        write("elsewhere.ts", "e")
      },
      { owned: ["src/**"] },
    )
    const dirty = kind === "git" ? [["private/dirty.ts", "kept"]] : []
    expect(strays(changes)).toEqual([["elsewhere.ts", "new"], ["private/c.ts", "kept"], ...dirty, ["run.sh", "kept"]])
    expect(changes.files).toEqual(["src/a.ts"])
    const kept = (path: string) => readFileSync(join(changes.kept ?? "", path), "utf8")
    expect([kept("private/c.ts"), kept("run.sh")]).toEqual(["c", "x"])
    if (kind === "git") expect(kept("private/dirty.ts")).toBe("not committed")
  })

  it("through a link that leads out of the project is a stray too", async () => {
    mkdirSync(join(base, "outside"))
    writeFileSync(join(base, "outside", "x"), "x")
    symlinkSync(join(base, "outside"), at("src/out"))
    const changes = await changesOf(() => writeFileSync(at("src/out/x"), "y"), { owned: ["src/**"] })
    expect(strays(changes)).toEqual([["src/out (through the link)", "it is outside the project"]])
  })

  it("names a large file whose earlier content was not kept", async () => {
    write("large.bin", "x".repeat(1_000_001))
    const changes = await changesOf(() => appendFileSync(at("large.bin"), "y"), { owned: ["src/**"] })
    expect(strays(changes)).toEqual([["large.bin", "it is larger than 1 MB"]])
    expect(changes.kept).toBeUndefined()
  })

  it("is compared after a crash with the state before it, and unknown when that is not recorded", async () => {
    const window = windowOf({ isResumed: true })
    await treeOf().begin(windowOf())
    write("src/a.ts", "A")
    const later = treeOf()
    expect(await later.begin(window)).toBeUndefined()
    write("src/b.ts", "B")
    expect(await later.end(window)).toMatchObject({ files: ["src/a.ts", "src/b.ts"] })
    const lost = windowOf({ isResumed: true, attempt: 2 })
    expect(await later.begin(lost)).toBe("it had begun before, and the state before it is not recorded")
    expect(await later.end(lost)).toEqual({ why: "the state of the project before it is not recorded" })
  })

  it("does not include what Baton itself wrote", async () => {
    const tree = treeOf()
    const { createHash } = await import("node:crypto")
    const { files } = await changesOf(
      () => {
        write("docs/plan.md", "plan")
        tree.wrote("docs/plan.md", createHash("sha256").update("plan").digest("hex"))
      },
      {},
      tree,
    )
    expect(files).toEqual([])
  })

  it("needs little space once its run has ended, and the earlier content of strays stays", async () => {
    const tree = treeOf()
    const { kept } = await changesOf(() => write("private/c.ts", "C"), { owned: ["src/**"] }, tree)
    await tree.settle("r")
    expect(readdirSync(join(base, "trees", "r")).sort()).toEqual(["kept", "s-1.json"])
    expect(readFileSync(join(kept ?? "", "private/c.ts"), "utf8")).toBe("c")
  })

  it("is deleted with its run", async () => {
    const tree = treeOf()
    await changesOf(() => write("private/c.ts", "C"), { owned: ["src/**"] }, tree)
    expect(existsSync(join(base, "trees", "r"))).toBe(true)
    tree.forget("r")
    expect(existsSync(join(base, "trees", "r"))).toBe(false)
  })
})

describe("of two steps at once, a change", () => {
  const both = async (mine: readonly string[] | undefined, theirs: readonly string[] | undefined, path: string) => {
    const tree = treeOf()
    const run = `${path} ${theirs}`
    const [a, b] = [windowOf({ run, step: "a", owned: mine }), windowOf({ run, step: "b", owned: theirs })]
    rmSync(at(path), { force: true })
    await Promise.all([tree.begin(a), tree.begin(b)])
    write(path, "x")
    const [one, two] = [await tree.end(a), await tree.end(b)]
    if ("why" in one || "why" in two) throw new Error("not known")
    return [one, two].map(({ files, strays: found }) => ({ files, strays: found.map(({ others }) => others) }))
  }

  it("is that of the step that owns the file, and of none when both may write everywhere", async () => {
    const [mine, theirs] = [
      { files: ["a/x"], strays: [] },
      { files: [], strays: [] },
    ]
    expect(await both(["a/**"], ["b/**"], "a/x")).toEqual([mine, theirs])
    expect(await both(["a/**"], undefined, "a/x")).toEqual([mine, theirs])
    expect(await both(["a/**"], undefined, "b/x")).toEqual([theirs, theirs])
    expect(await both(undefined, undefined, "c/x")).toEqual([theirs, theirs])
  })

  it("that neither of them owns is a stray of both, which names the other", async () => {
    expect(await both(["a/**"], ["b/**"], "c/x")).toEqual([
      { files: [], strays: [["b"]] },
      { files: [], strays: [["a"]] },
    ])
  })
})

describe("a step cannot hide a change from git", () => {
  beforeEach(() => {
    write("src/a.ts", "a")
    write("test.sh", "exit 1")
    git("init", "-q")
    commit()
  })

  it.each([
    ["assume-unchanged, set before", () => git("update-index", "--assume-unchanged", "test.sh"), () => undefined],
    ["skip-worktree, set before", () => git("update-index", "--skip-worktree", "test.sh"), () => undefined],
    ["assume-unchanged", () => undefined, () => git("update-index", "--assume-unchanged", "test.sh")],
    ["a commit", () => undefined, commit],
    [
      "a new repository",
      () => undefined,
      () => {
        rmSync(at(".git"), { recursive: true })
        git("init", "-q")
        commit()
      },
    ],
    ["no repository any more", () => undefined, () => rmSync(at(".git"), { recursive: true })],
    ["an entry in .git/info/exclude", () => undefined, () => write(".git/info/exclude", "*\n")],
  ])("by %s", async (_, before, after) => {
    before()
    const { files } = await changesOf(() => {
      write("test.sh", "exit 0")
      write("new.sh", "new")
      after()
    })
    expect(files).toEqual(["new.sh", "test.sh"])
  })

  it("by ignoring a file that was there before", async () => {
    write("mine.txt", "mine")
    const { files } = await changesOf(() => {
      write(".gitignore", "mine.txt\n")
      write("mine.txt", "theirs")
    })
    expect(files).toEqual([".gitignore", "mine.txt"])
  })

  it("by writing into a repository inside the project", async () => {
    mkdirSync(at("nested"))
    execFileSync("git", ["init", "-q"], { cwd: at("nested") })
    write("nested/a.txt", "a")
    const { files } = await changesOf(() => write("nested/a.txt", "b"))
    expect(files).toEqual(["nested"])
  })
})
