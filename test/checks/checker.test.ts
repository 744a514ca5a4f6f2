import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createChecker } from "../../src/checks/checker.ts"
import { Tree } from "../../src/checks/tree.ts"
import type { Check } from "../../src/core/model/workflow.ts"
import type { Checker, Clock } from "../../src/core/ports/ports.ts"
import { createGit } from "../../src/git/repository.ts"
import { ledgerOf } from "../../src/host/ledger.ts"
import { compileSchema } from "../../src/spec/json-schema.ts"
import { processesWith } from "../e2e/support/processes.ts"
import { until } from "../e2e/support/until.ts"

/** Tests with real commands and real files in a temporary folder. */

const MARK = `BATON_CHECK_TEST=${process.pid}`
const clock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
}
const never = new AbortController().signal

let base: string
let root: string
let checker: Checker
let tree: Tree
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "baton-checks-"))
  root = join(base, "a project")
  mkdirSync(root)
  const env = { ...process.env, BATON_CHECK_TEST: String(process.pid) }
  const git = createGit(root, { folder: join(base, "git"), env })
  tree = new Tree({
    root,
    folder: join(base, "trees"),
    git,
    log: { error: (message, detail) => expect.fail(`${message} ${JSON.stringify(detail)}`) },
  })
  checker = createChecker({ root, ledger: ledgerOf(root), clock, env, compile: compileSchema, git, tree })
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

type CommandCheck = Extract<Check, { type: "command" }>
type FileCheck = Extract<Check, { type: "file" }>
const command = (run: string, over: Partial<CommandCheck> = {}): Check => ({
  type: "command",
  run,
  expect: "pass",
  severity: "error",
  ...over,
})
const file = (path: string, over: Partial<FileCheck> = {}): Check => ({
  type: "file",
  path,
  severity: "error",
  ...over,
})
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
const run = async (check: Check, signal = never) => (await checker.run([check], undefined, signal))[0]
interface Work {
  readonly run?: string
  readonly step?: string
  readonly attempt?: number
  readonly owned?: readonly string[]
  readonly own?: readonly Check[]
}
let runs = 0
/** Does the work of an attempt of a step, whose run has these checks. */
async function workOf(work: () => void, checks: readonly Check[], over: Work = {}) {
  const { run = `r${++runs}`, step = "s", attempt = 1, owned, own = checks } = over
  const window = { run, step, attempt }
  expect(await tree.begin({ ...window, isResumed: false, owned, own, checks })).toBeUndefined()
  work()
  expect(await tree.end(window)).not.toHaveProperty("why")
  return { run, step }
}
/** The result of a check after `work` was done as an attempt of a step. */
async function checkAfter(work: () => void, check: Check, over: Work = {}) {
  return (await checker.run([check], await workOf(work, [check], over), never))[0]
}
const left = () => processesWith(MARK).map(({ command }) => command)
/** No process is left, and none is recorded as running. */
const expectClean = () =>
  expect({ left: left(), records: readdirSync(ledgerOf(root)) }).toEqual({ left: [], records: [] })

it.each(["toString", "a newer one"])("a check of the unknown type %s fails, and is not ignored", async (type) => {
  const check = { type, severity: "error" } as unknown as Check
  expect(await checkAfter(() => undefined, check)).toEqual({
    name: type,
    severity: "error",
    isOk: false,
    detail: "could not be run: this version does not know such a check: update opencode-baton",
    output: "",
  })
})

describe("a command check", () => {
  it("passes with exit code 0, in the project's folder, with an empty stdin", async () => {
    const check = command("pwd; cat; echo oops >&2")
    expect(await run(check)).toMatchObject({
      name: check.type === "command" ? check.run : "",
      isOk: true,
      detail: "exit code 0",
    })
    const { output } = (await run(check)) as { output: string }
    expect(output).toContain(root)
    expect(output).toContain("oops")
    expectClean()
  })

  it("fails with any other exit code, and names it", async () => {
    expect(await run(command("echo 2 tests failed; exit 3", { severity: "warning" }))).toEqual({
      name: "echo 2 tests failed; exit 3",
      isOk: false,
      severity: "warning",
      detail: "exit code 3",
      output: "2 tests failed\n",
    })
  })

  it("can be expected to fail", async () => {
    expect(await run(command("exit 1", { expect: "fail" }))).toMatchObject({ isOk: true, detail: "exit code 1" })
    expect(await run(command("exit 0", { expect: "fail" }))).toMatchObject({
      isOk: false,
      detail: "exit code 0, but it should fail",
    })
  })

  it("of a missing program fails, whether it is expected to pass or to fail", async () => {
    for (const expected of ["pass", "fail"] as const) {
      const result = await run(command("no-such-program --all", { expect: expected }))
      expect(result).toMatchObject({
        isOk: false,
        detail: expect.stringMatching(/^could not be started: .*no-such-program/),
      })
    }
    write("plain.txt", "no program")
    expect(await run(command("./plain.txt"))).toMatchObject({ detail: expect.stringContaining("could not be started") })
  })

  it("cannot run when the project's folder does not exist", async () => {
    const nowhere = createChecker({
      root: join(base, "nowhere"),
      ledger: ledgerOf(root),
      clock,
      env: process.env,
      compile: compileSchema,
      git: createGit(root, { folder: join(base, "git"), env: process.env }),
    })
    const [result] = await nowhere.run([command("true")], undefined, never)
    expect(result).toMatchObject({ isOk: false, detail: expect.stringMatching(/^could not be run: /) })
    expectClean()
  })

  it("is ended at its deadline together with all processes it started, including detached ones", async () => {
    const result = await run(command("echo begun; sleep 1000 & setsid sleep 1000 & wait", { timeoutMs: 300 }))
    expect(result).toMatchObject({ isOk: false, detail: "did not end in 0.3s", output: "begun\n" })
    expectClean()
  })

  it("leaves no process running after it has ended", async () => {
    const result = await run(command("sleep 1000 & setsid sleep 1000 & echo done"))
    expect(result).toMatchObject({ isOk: true, output: "done\n" })
    expectClean()
  })

  it("is ended by the abort signal within five seconds even if it ignores SIGTERM, and the next check does not start", async () => {
    const stopping = new AbortController()
    const checks = [command("trap '' TERM; setsid sleep 1000 & while :; do sleep 0.1; done"), command("touch begun")]
    const running = checker.run(checks, undefined, stopping.signal)
    await until(() => left().some((line) => line.startsWith("sleep 1000")), { what: "the command to have begun" })
    const at = Date.now()
    stopping.abort()
    expect((await running).map(({ isOk, detail }) => [isOk, detail])).toEqual([
      [false, "stopped"],
      [false, "stopped"],
    ])
    expect(Date.now() - at).toBeLessThan(5_000)
    expect(existsSync(join(root, "begun"))).toBe(false)
    expectClean()
  })

  it("keeps the end of a long output, and says that the beginning is missing", async () => {
    const { output } = (await run(command("seq 1 300000"))) as { output: string }
    expect(output).toHaveLength(8_000)
    expect(output).toMatch(/^\[the beginning is left out\]\n/)
    expect(output).toMatch(/\n299999\n300000\n$/)
    const short = (await run(command("seq 1 1000"))) as { output: string }
    expect(short.output).toMatch(/^1\n2\n3\n/)
  })

  it("may write invalid text and colours", async () => {
    expect(await run(command("printf 'a\\377b\\033[31mred\\033[0m €'"))).toMatchObject({ output: "a\ufffdbred €" })
    const { output } = (await run(command("yes € | head -c 900001"))) as { output: string }
    expect(output.slice(0, -2)).not.toContain("\ufffd")
  })

  it("starts after the check before it has ended", async () => {
    const results = await checker.run([command("sleep 0.2; touch first"), command("test -e first")], undefined, never)
    expect(results.map((result) => result.isOk)).toEqual([true, true])
  })
})

describe("the script of a command check", () => {
  it.each([
    ["./test.sh"],
    ["sh test.sh"],
    ["CI=1 sh -e test.sh --all"],
    ["CI=1 NODE_ENV=test sh test.sh"],
    ["cd . && sh ./test.sh"],
    ["true; 'test.sh' || ./'test.sh'"],
    ["timeout 60 ./test.sh"],
    ["bash -euo pipefail ./test.sh"],
    ["cd . && ./test.sh"],
    ["/bin/bash ./test.sh"],
    ["env CI=1 ./test.sh"],
    ['"$PWD"/test.sh'],
    ["node --import tsx test.sh"],
  ])("is not run, and fails, when the step itself changed it: %s", async (line) => {
    write("test.sh", "exit 1\n")
    chmodSync(join(root, "test.sh"), 0o755)
    const result = await checkAfter(() => write("test.sh", "touch ran; exit 0\n"), command(line))
    expect(result).toMatchObject({
      isOk: false,
      detail: expect.stringMatching(/test\.sh` was changed by the step itself/),
    })
    expect(existsSync(join(root, "ran"))).toBe(false)
    expect(await checkAfter(() => rmSync(join(root, "test.sh")), command(line))).toMatchObject({
      detail: expect.stringContaining("was changed by the step itself"),
    })
  })

  it("is protected also when its path contains a space", async () => {
    write("my tests/all tests.sh", "exit 1\n")
    const change = () => write("my tests/all tests.sh", "exit 0\n")
    for (const line of ['sh "my tests/all tests.sh"', "sh my\\ tests/all\\ tests.sh"]) {
      write("my tests/all tests.sh", "exit 1\n")
      expect(await checkAfter(change, command(line))).toMatchObject({
        isOk: false,
        detail: expect.stringContaining("changed"),
      })
    }
  })

  it("runs when it is unchanged, when the step had to write it, or when its earlier content is unknown", async () => {
    write("test.sh", "exit 0\n")
    expect(await checkAfter(() => write("other", ""), command("sh test.sh"))).toMatchObject({ isOk: true })
    expect(await checkAfter(() => write("new.sh", "exit 0"), command("sh new.sh"))).toMatchObject({ isOk: true })
    expect(await run(command("sh test.sh"))).toMatchObject({ isOk: true })
  })

  it("may be changed by the step when another check requires that, or its `files` names the file", async () => {
    write("test.sh", "exit 1\n")
    const checks = [command("sh ./test.sh"), file("test.sh", { changed: true })]
    const judged = await workOf(() => write("test.sh", "exit 0\n"), checks)
    expect((await checker.run(checks, judged, never)).map((result) => result.isOk)).toEqual([true, true])
    const line = command("sh test.sh")
    const change = (text: string) => () => write("test.sh", text)
    expect(await checkAfter(change("exit 0\n\n"), line, { owned: ["src/**", "./test.sh"] })).toMatchObject({
      isOk: true,
    })
    expect(await checkAfter(change("exit 0\n"), line, { owned: ["**"] })).toMatchObject({ isOk: false })
  })

  it("includes a file that the command only reads, unless the check protects nothing or other files", async () => {
    write("notes.md", "todo")
    write("other.md", "")
    const line = "grep -q done notes.md"
    const detail =
      "`notes.md` was changed by the step itself, so its result does not count: name it in `files` of the step whose task that is, or set `protect: []` on the check"
    expect(await checkAfter(() => write("notes.md", "done"), command(line))).toMatchObject({ isOk: false, detail })
    expect(await checkAfter(() => write("notes.md", "done."), command(line, { protect: [] }))).toMatchObject({
      isOk: true,
    })
    const other = command(line, { protect: ["other.md"] })
    expect(await checkAfter(() => write("notes.md", "done!"), other)).toMatchObject({ isOk: true })
    expect(await checkAfter(() => write("other.md", "x"), other)).toMatchObject({ isOk: false })
  })

  it("is judged over all steps of the run: one that an earlier step changed, or changed and put back", async () => {
    write("test.sh", "exit 1\n")
    const line = command("sh test.sh")
    const first = await workOf(() => write("test.sh", "exit 0\n"), [line], { own: [] })
    const second = await workOf(() => write("a.txt", "x"), [line], { run: first.run, step: "t" })
    const [result] = await checker.run([line], second, never)
    expect(result).toMatchObject({ isOk: false, detail: expect.stringContaining("`test.sh` was changed by step s, ") })
    write("test.sh", "exit 1\n")
    expect((await checker.run([line], second, never))[0]).toMatchObject({ isOk: false, detail: "exit code 1" })
  })

  it("may be what an earlier attempt of the step wrote, and what a person changed between two steps", async () => {
    const line = command("sh test.sh")
    const judged = await workOf(() => write("test.sh", "exit 1\n"), [line])
    await workOf(() => write("test.sh", "exit 0\n"), [line], { ...judged, attempt: 2 })
    expect((await checker.run([line], judged, never))[0]).toMatchObject({ isOk: true })
    const before = await workOf(() => write("b.txt", ""), [line])
    write("test.sh", "exit 0 # by a person\n")
    const after = await workOf(() => write("c.txt", ""), [line], { run: before.run, step: "t" })
    expect((await checker.run([line], after, never))[0]).toMatchObject({ isOk: true })
  })

  it.each(["git", "no git"])("can be protected by patterns, which also cover new files, with %s", async (kind) => {
    if (kind === "git") execFileSync("git", ["init", "-q"], { cwd: root })
    write("test/a.js", "1")
    const line = command("true", { protect: ["test/**"] })
    expect(await checkAfter(() => write("src.js", "1"), line)).toMatchObject({ isOk: true })
    expect(await checkAfter(() => write("test/a.js", "2"), line)).toMatchObject({ isOk: false })
    const judged = await workOf(() => write("test/conftest.py", "x"), [line])
    expect((await checker.run([line], judged, never))[0]).toMatchObject({
      detail: expect.stringContaining("`test/conftest.py` was changed by the step itself"),
    })
    await workOf(() => rmSync(join(root, "test/conftest.py")), [line], { ...judged, attempt: 2 })
    expect((await checker.run([line], judged, never))[0]).toMatchObject({ isOk: true })
  })

  it("of npm is the script that runs, not the dependencies, and no file may appear that npm would obey", async () => {
    const packageOf = (over: object) => JSON.stringify({ scripts: { test: "true" }, dependencies: { a: "1" }, ...over })
    const line = command("true npm test")
    const change = (over: object) => () => write("package.json", packageOf(over))
    change({})()
    expect(await checkAfter(change({ dependencies: { a: "2" }, version: "2.0.0" }), line)).toMatchObject({ isOk: true })
    expect(await checkAfter(change({ scripts: { test: "true", dev: "x" } }), line)).toMatchObject({ isOk: true })
    expect(await checkAfter(change({ scripts: { test: "true", pretest: "x" } }), line)).toMatchObject({ isOk: false })
    expect(await checkAfter(change({ jest: { testRegex: "none" } }), line)).toMatchObject({ isOk: false })
    expect(await checkAfter(() => write(".npmrc", "script-shell=/bin/true"), line)).toMatchObject({
      detail: expect.stringContaining("`.npmrc` was changed by the step itself"),
    })
  })
})

describe("a file check", () => {
  it("can require that the file exists, or does not exist", async () => {
    write("docs/a.md", "text")
    expect(await run(file("docs/a.md"))).toMatchObject({ name: "docs/a.md", isOk: true })
    expect(await run(file("docs", { exists: true }))).toMatchObject({ isOk: true })
    expect(await run(file("docs/b.md"))).toMatchObject({ isOk: false, detail: "does not exist" })
    expect(await run(file("docs/a.md/b", { exists: true }))).toMatchObject({ isOk: false, detail: "does not exist" })
    expect(await run(file("docs/b.md", { exists: false }))).toMatchObject({ isOk: true })
    expect(await run(file("docs/a.md", { exists: false }))).toMatchObject({ isOk: false, detail: "exists" })
  })

  it("can require that the file contains a text", async () => {
    write("a.md", "the verdict: pass")
    expect(await run(file("a.md", { contains: "verdict: pass" }))).toMatchObject({ isOk: true })
    expect(await run(file("a.md", { contains: "fail" }))).toMatchObject({ detail: "does not contain `fail`" })
    expect(await run(file("b.md", { contains: "fail" }))).toMatchObject({ detail: "does not exist" })
    mkdirSync(join(root, "folder"))
    expect(await run(file("folder", { contains: "x" }))).toMatchObject({ isOk: false, detail: "is not a file" })
  })

  it("can require that the file changed, was created or was deleted", async () => {
    write("a.md", "before")
    const changed = file("a.md", { changed: true })
    expect(await checkAfter(() => write("a.md", "after"), changed)).toMatchObject({ isOk: true })
    expect(await checkAfter(() => write("a.md", "after"), changed)).toMatchObject({
      isOk: false,
      detail: "was not changed",
    })
    expect(await checkAfter(() => rmSync(join(root, "a.md")), changed)).toMatchObject({ isOk: true })
    expect(await checkAfter(() => write("a.md", "new"), changed)).toMatchObject({ isOk: true })
    const same = file("a.md", { changed: false })
    expect(await checkAfter(() => write("b.md", ""), same)).toMatchObject({ isOk: true })
    expect(await checkAfter(() => write("a.md", "newer"), same)).toMatchObject({ isOk: false, detail: "was changed" })
  })

  it("fails when the earlier content of the file is unknown and it has to be changed", async () => {
    write("a.md", "text")
    expect(await run(file("a.md", { changed: true }))).toMatchObject({
      isOk: false,
      detail: "its content before the step is not known",
    })
  })

  it("never reads a file outside the project, whatever path leads there", async () => {
    writeFileSync(join(base, "secret"), "key")
    symlinkSync(join(base, "secret"), join(root, "link"))
    symlinkSync(base, join(root, "up"))
    mkdirSync(`${root}-2`)
    writeFileSync(join(`${root}-2`, "a"), "key")
    for (const path of ["../secret", join(base, "secret"), "link", "up/secret", "up/nothing", "../a project-2/a"]) {
      for (const check of [file(path), file(path, { contains: "key" }), file(path, { exists: false })])
        expect(await run(check)).toMatchObject({ isOk: false, detail: "is outside the project" })
      const changed = file(path, { changed: true })
      expect(await checkAfter(() => undefined, changed)).toMatchObject({ detail: "is outside the project" })
    }
  })

  it("follows a link that stays inside the project", async () => {
    write("real/a", "key")
    symlinkSync(join(root, "real"), join(root, "link"))
    expect(await run(file("link/a", { contains: "key" }))).toMatchObject({ isOk: true })
  })

  it("does not block on a pipe", async () => {
    expect(await run(command("mkfifo pipe"))).toMatchObject({ isOk: true })
    expect(await run(file("pipe", { contains: "x" }))).toMatchObject({ isOk: false, detail: "is not a file" })
    expect(await checkAfter(() => undefined, file("pipe", { changed: true }))).toMatchObject({ isOk: false })
  })

  it("reports an error of the file system", async () => {
    symlinkSync("loop", join(root, "loop"))
    expect(await run(file("loop"))).toMatchObject({
      isOk: false,
      detail: expect.stringMatching(/^could not be checked: /),
    })
    expect(await checkAfter(() => undefined, file("loop", { changed: true }))).toMatchObject({ isOk: false })
  })
})
