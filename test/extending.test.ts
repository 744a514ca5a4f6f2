import { execFile } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type Addition,
  check,
  dialect,
  type Extension,
  incompleteKind,
  kind,
  stepType,
} from "./fixtures/extending/additions.ts"

/** Adds a kind, a step type, a check and a dialect to a copy of src/, each as its page in docs/ says. */

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const FIXTURES = join(ROOT, "test/fixtures/extending")
const PAGES: readonly Extension[] = [kind, stepType, check, dialect]
const all = ({ word, rest }: Extension) => [...word, ...rest]
/** The compiler, under a loaded machine. */
const SLOW_MS = 180_000

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A copy of src/ and of what the proof needs of test/, with the additions in it. */
function copyWith(additions: readonly Addition[]): string {
  const folder = mkdtempSync(join(tmpdir(), "baton-extended-"))
  folders.push(folder)
  for (const part of ["src", "test/support", "test/workers/session/support.ts", "package.json"])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
  const { compilerOptions } = JSON.parse(readFileSync(join(ROOT, "tsconfig.json"), "utf8")) as object & {
    compilerOptions: object
  }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src", "test/proof.ts"] }))
  for (const addition of additions) apply(folder, addition)
  return folder
}

function apply(folder: string, { file, at, text }: Addition): void {
  const path = join(folder, file)
  if (at === "new") {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: "wx" })
    return
  }
  const code = readFileSync(path, "utf8")
  const anchor = at === "top" ? "" : "after" in at ? at.after : at.before
  if (at !== "top" && code.split(anchor).length !== 2) throw new Error(`${file} must have once: ${anchor}`)
  const start = at === "top" ? 0 : code.indexOf(anchor) + ("after" in at ? anchor.length : 0)
  writeFileSync(path, code.slice(0, start) + text + code.slice(start))
}

/** The files in which the compiler finds errors, and what it says. */
async function compile(folder: string): Promise<{ readonly files: readonly string[]; readonly said: string }> {
  const tsc = join(ROOT, "node_modules/.bin/tsc")
  const said = await promisify(execFile)(tsc, ["-p", folder, "--pretty", "false"], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout ?? String(error),
  )
  return { files: [...new Set([...said.matchAll(/^(\S+)\(\d+,\d+\): error/gm)].map((match) => match[1] ?? ""))], said }
}

/** The files that a page says to touch: the first column of its first table. */
function filesOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8")
  return [...text.matchAll(/^\| `(src\/[^`]+)` \|/gm)].map((match) => match[1] as string)
}

/** The place of a new file as a page writes it. */
const asWritten = ({ file, at }: Addition) =>
  at === "new" ? file.replace(/(echo|relay|chores)(?=\.ts$|\/)/, "<name>") : file

describe.each(PAGES)("$page", (extension) => {
  it("names the files that are touched, and no other", () => {
    expect(filesOf(extension.page)).toEqual([...new Set(all(extension).map(asWritten))])
  })
})

describe("with everything that the pages say", () => {
  let folder: string
  beforeAll(() => {
    folder = copyWith(PAGES.flatMap(all))
    cpSync(join(FIXTURES, "proof.ts.txt"), join(folder, "test/proof.ts"))
  })

  it(
    "the compiler has nothing to say",
    async () => {
      expect((await compile(folder)).said).toBe("")
    },
    SLOW_MS,
  )

  describe("a program that uses it all", () => {
    let proof: Record<string, unknown>
    beforeAll(async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "test/proof.ts")], { cwd: folder })
      proof = JSON.parse(stdout) as typeof proof
    }, SLOW_MS)

    it("gives a profile of the new kind to its backend, and the configuration knows what it cannot do", () => {
      expect(proof.kind).toEqual({
        config: "echo",
        kept: expect.stringContaining("a worker of kind `echo` has no session to keep"),
        foreground: expect.stringContaining("a worker of kind `echo` cannot be in the foreground: it has no session"),
        ran: { status: "success", outputs: [["a", "do a"]] },
      })
    })

    it("reads, draws and runs a step of the new type", () => {
      expect(proof.stepType).toEqual({
        ran: {
          status: "success",
          outputs: [
            ["way", "b(go\n\nGo on from: a(go))"],
            ["way:1", "a(go)"],
            ["way:2", "b(go\n\nGo on from: a(go))"],
          ],
        },
        stray: expect.stringContaining("set `type: relay`, or leave it out"),
        drawn: [["relay of 2", 2]],
      })
    })

    it("reads the new check and runs it", () => {
      expect(proof.check).toEqual({
        results: [
          ["good.json", true, "is JSON"],
          ["bad.json", false, "is not JSON"],
          ["no.json", false, "is not there"],
        ],
        both: expect.stringContaining("`json` cannot be combined with `run`"),
      })
    })

    it("reads a document in the new dialect, and tells its mistakes where they are", () => {
      expect(proof.dialect).toEqual({
        steps: [
          ["chore-1", [], "sweep ${inputs.room}"],
          ["chore-2", ["chore-1"], "mop"],
        ],
        inputs: ["room"],
        broken: "w.yaml:3:5: item 2 of `chores` must be text, not `3`",
      })
    })
  })
})

describe("with nothing but the new word", () => {
  let red: Awaited<ReturnType<typeof compile>>
  beforeAll(async () => {
    red = await compile(copyWith([incompleteKind, ...stepType.word, ...check.word]))
  }, SLOW_MS)

  it("the compiler names every file that lacks something, and no other", () => {
    const expected = [incompleteKind, ...[kind, stepType, check].flatMap(({ rest }) => rest)]
    const touched = expected.filter(({ at }) => at !== "new").map(({ file }) => file)
    expect([...red.files].sort(), red.said).toEqual([...new Set(touched)].sort())
  })

  it.each([
    ["a trait of a kind", "src/core/model/kinds.ts", "canBeReassigned"],
    ["the backend of a kind", "src/compose.ts", "echo"],
    ["a row of a step type", "src/core/groups/next-of.ts", "relay"],
    ["a row of a check", "src/checks/checker.ts", "json"],
  ])("it says where %s is missing", (_, file, word) => {
    const lines = red.said.split("\n").filter((line) => line.startsWith(`${file}(`))
    expect(lines.join("\n")).toContain(word)
  })
})
