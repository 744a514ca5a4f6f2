import { spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { openState } from "../../src/state/project-state.ts"
import { headOf } from "../../src/trust/head.ts"
import { revoke } from "../../src/trust/record.ts"
import { readSet } from "../../src/trust/set.ts"
import { decline, examine, type TouchedByRun, trust } from "../../src/trust/verdict.ts"

let base: string
let root: string
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "baton-trust-")))
  root = join(base, "project")
  mkdirSync(root)
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const write = (path: string, text = "x") => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
const place = () => ({
  root,
  directory: root,
  worktree: root,
  env: { BATON_STATE_DIR: join(base, "state"), HOME: join(base, "home") },
})
const look = (touched: TouchedByRun = () => undefined) => examine(place(), () => Promise.resolve(touched))
const git = (...args: string[]) => {
  const words = ["-c", "user.name=t", "-c", "user.email=t@x.invalid", ...args]
  const done = spawnSync("git", words, { cwd: root, encoding: "utf8" })
  expect(done.stderr.includes("fatal")).toBe(false)
  return done.stdout.trim()
}

describe("a folder", () => {
  it("without any file that decides what runs needs no trust, and leaves no record", async () => {
    write("README.md")
    write("src/index.ts")
    expect(await look()).toMatchObject({ verdict: "trusted", changes: [] })
    expect(existsSync(join(base, "state"))).toBe(false)
  })

  it.each([
    ".opencode/workflows/a.yaml",
    ".claude/workflows/a.yaml",
    "orchestrator.jsonc",
    ".opencode/orchestrator.json",
    "opencode.json",
    ".opencode/opencode.jsonc",
    "tui.json",
    ".opencode/plugin/a.ts",
    ".opencode/plugins/deep/a.ts",
    ".opencode/agent/a.md",
    ".opencode/agents/a.md",
    ".opencode/command/a.md",
    ".opencode/commands/a.md",
    ".opencode/tool/a.ts",
    ".opencode/tools/a.ts",
    ".opencode/skill/a/SKILL.md",
    ".opencode/skills/a/SKILL.md",
    ".opencode/mode/a.md",
    ".claude/skills/a/SKILL.md",
    ".agents/skills/a/SKILL.md",
  ])("with %s is not trusted before somebody was asked", async (path) => {
    write(path)
    const found = await look()
    expect(found.verdict).toBe("untrusted")
    expect(Object.keys(found.set.files)).toEqual([path])
  })

  it("that was trusted stays so while its files are the same, and only the user can read the record", async () => {
    write("opencode.json", "{}")
    trust(await look(), "terminal", 1)
    expect(await look()).toMatchObject({ verdict: "trusted", record: { by: "terminal", at: 1, head: null } })
    const file = join(openState(root, place().env).folder, "trust.json")
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it("is not trusted any more after its trust was revoked, and once more asked about", async () => {
    write("opencode.json", "{}")
    trust(await look(), "dialog", 1)
    expect(revoke(place())).toBe(true)
    expect(await look()).toMatchObject({ verdict: "untrusted", isDeclined: false })
  })

  it("is declined for the files that a person saw, and for no others", async () => {
    write("opencode.json", "{}")
    decline(await look(), 1)
    expect(await look()).toMatchObject({ verdict: "untrusted", isDeclined: true })
    write("opencode.json", '{ "shell": "./x" }')
    expect(await look()).toMatchObject({ verdict: "untrusted", isDeclined: false })
  })

  it("that a person edits is edited: the difference is known line by line", async () => {
    write(".opencode/workflows/a.yaml", "steps:\n  - id: x\n    prompt: one\n")
    write("opencode.json", "{}")
    trust(await look(), "dialog", 1)
    write(".opencode/workflows/a.yaml", "steps:\n  - id: x\n    prompt: two\n")
    write(".opencode/workflows/b.yaml", "steps: []")
    rmSync(join(root, "opencode.json"))
    expect(await look()).toMatchObject({
      verdict: "edited",
      changes: [
        { path: ".opencode/workflows/a.yaml", how: "changed", lines: ["-     prompt: one", "+     prompt: two"] },
        { path: ".opencode/workflows/b.yaml", how: "added", lines: ["+ steps: []"] },
        { path: "opencode.json", how: "removed" },
      ],
    })
  })

  it("that a run touched has changed", async () => {
    write(".opencode/workflows/a.yaml", "one")
    trust(await look(), "dialog", 5)
    write(".opencode/workflows/a.yaml", "two")
    const asked: unknown[] = []
    const found = await look((since, paths) => {
      asked.push(
        since,
        paths.map(({ path }) => path),
      )
      return "run r1 may have changed it"
    })
    expect(found).toMatchObject({ verdict: "changed", why: "run r1 may have changed it" })
    expect(asked).toEqual([5, [".opencode/workflows/a.yaml"]])
  })

  it("with a damaged record is not trusted", async () => {
    write("opencode.json", "{}")
    trust(await look(), "dialog", 1)
    const file = join(openState(root, place().env).folder, "trust.json")
    for (const text of [
      "",
      "{",
      "[]",
      '{"trusted":{}}',
      '{"trusted":{"at":1,"by":"dialog","head":null,"files":[1]}}',
    ]) {
      writeFileSync(file, text)
      expect((await look()).verdict).toBe("untrusted")
    }
  })

  it("that replaces a trusted one at its path is not trusted", async () => {
    write("opencode.json", "{}")
    trust(await look(), "dialog", 1)
    rmSync(root, { recursive: true })
    mkdirSync(`${root}-other`)
    mkdirSync(root)
    write("opencode.json", "{}")
    expect((await look()).verdict).toBe("untrusted")
  })

  it("that is the user's home is the user's own", async () => {
    write("opencode.json", "{}")
    const home = { ...place(), env: { ...place().env, HOME: root } }
    expect(await examine(home, () => Promise.reject(new Error("not asked")))).toMatchObject({ verdict: "trusted" })
  })
})

describe("in a git repository", () => {
  beforeEach(() => {
    git("init", "-q", "-b", "main")
    write("opencode.json", "{}")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
  })

  it("the commit of HEAD is read without git: loose, packed and detached", () => {
    const head = git("rev-parse", "HEAD")
    expect(headOf(root)).toBe(head)
    git("pack-refs", "--all")
    expect(headOf(root)).toBe(head)
    git("checkout", "-q", "--detach")
    expect(headOf(root)).toBe(head)
    git("worktree", "add", "-q", "-b", "other", join(base, "linked"))
    expect(headOf(join(base, "linked"))).toBe(head)
  })

  it("a HEAD that leads out of the git folder is not followed", () => {
    writeFileSync(join(base, "secret"), "0".repeat(40))
    writeFileSync(join(root, ".git/HEAD"), "ref: refs/../../../secret\n")
    expect(headOf(root)).toBeNull()
  })

  it("a set that a checkout changed has changed", async () => {
    git("checkout", "-q", "-b", "other")
    write("opencode.json", '{ "shell": "./evil.sh" }')
    git("commit", "-q", "-am", "two")
    git("checkout", "-q", "main")
    trust(await look(), "dialog", 1)
    git("merge", "-q", "other")
    const found = await look()
    expect(found).toMatchObject({
      verdict: "changed",
      why: expect.stringMatching(/^git moved to commit [0-9a-f]{10}$/),
    })
    expect(found.changes).toMatchObject([{ path: "opencode.json", how: "changed" }])
  })

  it("HEAD may move when the set stays the same", async () => {
    trust(await look(), "dialog", 1)
    git("checkout", "-q", "-b", "other")
    write("README.md")
    git("add", "-A")
    git("commit", "-q", "-m", "two")
    git("checkout", "-q", "main")
    git("merge", "-q", "other")
    expect((await look()).verdict).toBe("trusted")
  })

  it("an edit that the person committed here is the person's own", async () => {
    trust(await look(), "dialog", 1)
    write("opencode.json", '{ "shell": "bash" }')
    git("commit", "-q", "-am", "mine")
    git("commit", "-q", "--amend", "-m", "mine, in other words")
    expect((await look()).verdict).toBe("edited")
  })

  it("a moved HEAD without a log of its moves has changed the set", async () => {
    trust(await look(), "dialog", 1)
    write("opencode.json", '{ "shell": "bash" }')
    git("commit", "-q", "-am", "mine")
    rmSync(join(root, ".git/logs"), { recursive: true })
    expect((await look()).verdict).toBe("changed")
  })
})

describe("the set", () => {
  it("has what cannot be read with the reason, and reads neither pipe nor device", async () => {
    mkdirSync(join(root, ".opencode/plugin"), { recursive: true })
    spawnSync("mkfifo", [join(root, ".opencode/plugin/pipe.ts")])
    symlinkSync("/dev/zero", join(root, ".opencode/plugin/zero.ts"))
    symlinkSync("nowhere", join(root, ".opencode/plugin/none.ts"))
    const { files } = await readSet(place())
    expect(files).toMatchObject({
      ".opencode/plugin/pipe.ts": { unreadable: "it is not a regular file" },
      ".opencode/plugin/zero.ts": { unreadable: "link to /dev/zero: it is not a regular file" },
      ".opencode/plugin/none.ts": { unreadable: expect.stringMatching(/^link to nowhere: ENOENT/) },
    })
  })

  it("differs when the file behind a link differs, or the link", async () => {
    write("lib/a.ts", "one")
    write("lib/b.ts", "one")
    mkdirSync(join(root, ".opencode/tool"), { recursive: true })
    const link = join(root, ".opencode/tool/a.ts")
    symlinkSync("../../lib/a.ts", link)
    const digests = new Set([(await readSet(place())).digest])
    write("lib/a.ts", "two")
    digests.add((await readSet(place())).digest)
    rmSync(link)
    symlinkSync("../../lib/b.ts", link)
    digests.add((await readSet(place())).digest)
    write("lib/a.ts", "one")
    rmSync(join(root, ".opencode"), { recursive: true })
    mkdirSync(join(root, "hidden/tool"), { recursive: true })
    write("hidden/tool/a.ts", "one")
    symlinkSync("hidden", join(root, ".opencode"))
    digests.add((await readSet(place())).digest)
    write("hidden/tool/a.ts", "two")
    digests.add((await readSet(place())).digest)
    expect(digests.size).toBe(5)
  })

  it("with a link to a folder above it ends", async () => {
    mkdirSync(join(root, ".opencode/plugin"), { recursive: true })
    symlinkSync("..", join(root, ".opencode/plugin/up"))
    write(".opencode/plugin/a.ts")
    expect(Object.keys((await readSet(place())).files).length).toBeLessThan(100)
  })

  it("with very many or very large files is bounded, and says so", async () => {
    for (let at = 0; at < 2_100; at++) write(`.opencode/agent/${at}.md`, String(at))
    const { files } = await readSet(place())
    expect(Object.keys(files).length).toBe(2_001)
    expect(files["…"]).toEqual({ unreadable: "there are too many files to read" })
    rmSync(join(root, ".opencode"), { recursive: true })
    write(".opencode/plugin/a.ts", "x".repeat(4 * 1024 * 1024 + 1))
    expect((await readSet(place())).files).toEqual({
      ".opencode/plugin/a.ts": { unreadable: "it is larger than 4 MiB" },
    })
  })

  it("has the configuration of the folders above in which OpenCode looks, but not of the home", async () => {
    mkdirSync(join(root, "pkg/app"), { recursive: true })
    write("opencode.json", "{}")
    write("pkg/opencode.json", "{}")
    writeFileSync(join(base, "opencode.json"), "{}")
    const inside = { ...place(), root: join(root, "pkg"), directory: join(root, "pkg/app") }
    expect(Object.keys((await readSet(inside)).files)).toEqual(["../opencode.json", "opencode.json"])
    const env = { ...place().env, HOME: root }
    const files = Object.keys((await readSet({ ...inside, worktree: undefined, env })).files)
    expect(files.filter((path) => !path.startsWith("../../../"))).toEqual(["../../opencode.json", "opencode.json"])
  })

  it("has no file that may not be read by this user without naming it", async () => {
    if (process.getuid?.() === 0) return
    write("opencode.json", "{}")
    chmodSync(join(root, "opencode.json"), 0)
    expect((await readSet(place())).files["opencode.json"]).toHaveProperty("unreadable")
  })
})
