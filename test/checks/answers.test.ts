import { execFileSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createChecker } from "../../src/checks/checker.ts"
import type { Checker } from "../../src/core/ports/ports.ts"
import { createGit } from "../../src/git/repository.ts"
import { systemClock } from "../../src/host/clock.ts"
import { ledgerOf } from "../../src/host/ledger.ts"
import { compileSchema } from "../../src/spec/json-schema.ts"

/**
 * Tests what happens to an answer besides checks: reading it as data, saving it to a file, and the
 * fingerprint of the project.
 */

let base: string
let root: string
let checker: Checker
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "baton-answers-"))
  root = join(base, "a project")
  mkdirSync(root)
  checker = createChecker({
    root,
    ledger: ledgerOf(root),
    clock: systemClock,
    env: process.env,
    compile: compileSchema,
    git: createGit(root, { folder: join(base, "git"), env: process.env }),
  })
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const at = (path: string) => join(root, path)
const write = (path: string, text: string) => {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}

describe("the data of an answer", () => {
  const schema = {
    type: "object",
    required: ["tasks"],
    additionalProperties: false,
    properties: { tasks: { type: "array", items: { type: "object", properties: { title: { type: "string" } } } } },
  }

  it.each([
    ["all of it", '{"tasks":[]}', { tasks: [] }],
    ["its only block", 'Here:\n```json\n{"tasks":[{"title":"a"}]}\n```\nThat is all.', { tasks: [{ title: "a" }] }],
    ["the last of several", '```json\n{"no":1}\n```\nbetter:\n```JSON\n{"tasks":[]}\n```', { tasks: [] }],
    ["a block that holds a fence", '````json\n{"tasks":[{"title":"```js"}]}\n````', { tasks: [{ title: "```js" }] }],
  ])("is taken from %s", async (_, answer, value) => {
    expect(await checker.structure(answer, schema)).toEqual({ value })
  })

  it("is refused with the path of every error in it", async () => {
    const refused = await checker.structure('{"tasks":[{"title":1}],"more":true}', schema)
    expect(refused).toEqual({
      error: "/ must not have `more`; /tasks/0/title must be string",
    })
    expect(await checker.structure("{}", schema)).toEqual({ error: "/ must have required property 'tasks'" })
  })

  it("is refused with the reason when it is not JSON", async () => {
    const error = async (answer: string) => ((await checker.structure(answer, schema)) as { error: string }).error
    expect(await error("  ")).toBe("there is no JSON in the answer")
    expect(await error("I did it.")).toMatch(/^the answer \(it has no block marked `json`\) is not valid JSON: /)
    expect(await error('{"tasks":[]}\n```json\n{oops\n```')).toMatch(/^the last block of JSON is not valid JSON: /)
  })

  it("is validated with formats and both schema drafts, and an invalid schema is reported", async () => {
    const day = (draft: string) => ({ $schema: draft, type: "string", format: "date" })
    for (const draft of ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"]) {
      expect(await checker.structure('"2026-02-28"', day(draft))).toEqual({ value: "2026-02-28" })
      expect(await checker.structure('"2026-02-30"', day(draft))).toEqual({
        error: '/ must match format "date"',
      })
    }
    expect(await checker.structure("1", { type: "nonsense" })).toEqual({
      error: expect.stringContaining("the step's schema cannot be used"),
    })
  })
})

describe("saving an answer to a file", () => {
  it("writes it atomically and creates missing folders", async () => {
    expect(await checker.save("docs/ai/login/plan.md", "the plan")).toEqual({ saved: "docs/ai/login/plan.md" })
    expect(readFileSync(at("docs/ai/login/plan.md"), "utf8")).toBe("the plan")
    expect(readdirSync(at("docs/ai/login"))).toEqual(["plan.md"])
    expect(await checker.save("./docs/ai/login/plan.md", "a better plan")).toEqual({ saved: "docs/ai/login/plan.md" })
    expect(readFileSync(at("docs/ai/login/plan.md"), "utf8")).toBe("a better plan")
  })

  it("does not write an unchanged answer again", async () => {
    await checker.save("plan.md", "the plan")
    utimesSync(at("plan.md"), 1_000, 1_000)
    expect(await checker.save("plan.md", "the plan")).toEqual({ saved: "plan.md" })
    expect(statSync(at("plan.md")).mtimeMs).toBe(1_000_000)
  })

  it.each(["../plan.md", "docs/../../plan.md", "docs/../plan.md", "docs\\..\\plan.md"])(
    "refuses a path that leads upwards: %s",
    async (path) => {
      expect(await checker.save(path, "x")).toEqual({ error: "must not contain `..`" })
      expect(readdirSync(base)).toEqual(["a project"])
      expect(readdirSync(root)).toEqual([])
    },
  )

  it("refuses an absolute path, or a link, that leads out of the project", async () => {
    mkdirSync(join(base, "elsewhere"))
    writeFileSync(join(base, "elsewhere/file.md"), "theirs")
    symlinkSync(join(base, "elsewhere"), at("folder"))
    symlinkSync(join(base, "elsewhere/file.md"), at("file.md"))
    for (const path of [join(base, "elsewhere/new.md"), "folder/new.md", "folder/deep/new.md", "file.md"]) {
      expect(await checker.save(path, "ours"), path).toEqual({ error: "is outside the project" })
    }
    expect(readdirSync(join(base, "elsewhere"))).toEqual(["file.md"])
    expect(readFileSync(join(base, "elsewhere/file.md"), "utf8")).toBe("theirs")
    // A dangling link is replaced, and its target is not created.
    symlinkSync(join(base, "elsewhere/none.md"), at("dangling.md"))
    expect(await checker.save("dangling.md", "ours")).toEqual({ saved: "dangling.md" })
    expect(existsSync(join(base, "elsewhere/none.md"))).toBe(false)
  })

  it("refuses git's and Baton's own files, and a folder", async () => {
    mkdirSync(at("docs"))
    for (const path of [".git/hooks/pre-commit", "sub/.Git/config", ".opencode/workflow-state/journal.db"]) {
      expect(await checker.save(path, "x"), path).toEqual({ error: "belongs to git or to Baton" })
    }
    for (const path of ["opencode.json", ".opencode/plugin/a.ts", ".opencode/workflows/own.yaml"]) {
      const error = "decides what runs in this folder, so only a person writes it"
      expect(await checker.save(path, "x"), path).toEqual({ error })
    }
    expect(await checker.save("docs", "x")).toEqual({ error: "exists and is not a file" })
    for (const path of ["", "docs/", "."])
      expect(await checker.save(path, "x")).toEqual({ error: "is not a file's name" })
    expect(readdirSync(root)).toEqual(["docs"])
  })

  it("refuses git's and Baton's own files behind a link, also when their folders are links themselves", async () => {
    const state = ".opencode/workflow-state"
    for (const folder of [".git/hooks", state, "moved/workflow-state"]) mkdirSync(at(folder), { recursive: true })
    writeFileSync(at(`${state}/journal.db`), "a journal")
    symlinkSync(".git", at("docs"))
    symlinkSync(".opencode", at("conf"))
    symlinkSync(`${state}/journal.db`, at("plan.md"))
    for (const path of ["docs/hooks/pre-commit", "docs/new/x", "conf/workflow-state/x.md", "plan.md"]) {
      expect(await checker.save(path, "x"), path).toEqual({ error: "belongs to git or to Baton" })
    }
    rmSync(at(".opencode"), { recursive: true })
    symlinkSync("moved", at(".opencode"))
    expect(await checker.save("moved/workflow-state/x.md", "x")).toEqual({ error: "belongs to git or to Baton" })
    expect(await checker.save("conf/x.md", "x")).toEqual({ saved: "conf/x.md" })
    expect([readdirSync(at(".git/hooks")), readdirSync(at("moved")).sort()]).toEqual([[], ["workflow-state", "x.md"]])
  })

  it("reports an error of the file system", async () => {
    write("file", "a file")
    expect(await checker.save("file/below.md", "x")).toEqual({
      error: expect.stringMatching(/^could not be written: /),
    })
    expect(await checker.save("nul\0.md", "x")).toEqual({ error: expect.stringMatching(/^could not be written: /) })
  })
})

const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@localhost", ...args], { cwd: root, stdio: "pipe" })
const commit = () => {
  git("add", "--all")
  git("commit", "--quiet", "--allow-empty", "--message=x")
}

describe.each(["git", "no git"])("the fingerprint of the project, with %s", (kind) => {
  beforeEach(() => {
    if (kind === "git") git("init", "--quiet")
    write("src/a.ts", "a")
    write("src/b.ts", "b")
    if (kind === "git") commit()
  })

  it("is the same while no content changes", async () => {
    const first = await checker.fingerprint()
    expect(await checker.fingerprint()).toBe(first)
    utimesSync(at("src/a.ts"), 1_000, 1_000)
    expect(await checker.fingerprint()).toBe(first)
  })

  it.each([
    ["a file with other content of the same length", () => write("src/a.ts", "A")],
    ["a new file", () => write("src/c.ts", "c")],
    ["a new file in a new folder", () => write("new/c.ts", "c")],
    ["a file that is gone", () => rmSync(at("src/b.ts"))],
    ["a link", () => symlinkSync("a.ts", at("src/link.ts"))],
  ])("differs after %s, and returns to the old value when that is undone", async (_, change) => {
    const before = await checker.fingerprint()
    change()
    const after = await checker.fingerprint()
    expect(after).not.toBe(before)
    rmSync(at("src"), { recursive: true })
    rmSync(at("new"), { recursive: true, force: true })
    write("src/a.ts", "a")
    write("src/b.ts", "b")
    expect(await checker.fingerprint()).toBe(before)
  })

  it("differs between two contents of a file that is already modified", async () => {
    write("src/a.ts", "one")
    const one = await checker.fingerprint()
    write("src/a.ts", "two")
    expect(await checker.fingerprint()).not.toBe(one)
  })

  it("ignores Baton's own state", async () => {
    const before = await checker.fingerprint()
    write(".opencode/workflow-state/outputs/r/a.md", "x")
    expect(await checker.fingerprint()).toBe(before)
  })

  it("rejects when the folder does not exist", async () => {
    const nowhere = createChecker({
      root: join(base, "no"),
      ledger: ledgerOf(root),
      clock: systemClock,
      env: {},
      compile: compileSchema,
      git: createGit(join(base, "no"), { folder: join(base, "git"), env: {} }),
    })
    await expect(nowhere.fingerprint()).rejects.toThrow()
  })
})

it("the fingerprint of a git project includes a commit, but not files that git ignores", async () => {
  git("init", "--quiet")
  write(".gitignore", "dist\n")
  commit()
  const before = await checker.fingerprint()
  write("dist/out.js", "x")
  expect(await checker.fingerprint()).toBe(before)
  commit()
  expect(await checker.fingerprint()).not.toBe(before)
})
