import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { createProjectFiles } from "../../src/checks/project-files.ts"

let base: string
let root: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "baton-files-"))
  root = join(base, "project")
  mkdirSync(root)
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const write = (path: string, content: string | Uint8Array) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
}
const find = async (...patterns: string[]) => (await createProjectFiles(root).find(patterns)).map(({ path }) => path)

it("the project's files match the patterns, sorted and without duplicates, and leave out .git and node_modules unless a pattern names them", async () => {
  for (const path of ["src/b.ts", "src/a.ts", "src/deep/c.ts", "src/.env", "docs/x.md", "node_modules/p/i.ts"])
    write(path, path)
  write(".git/config", "x")
  write(".opencode/workflow-state/journal.db", "x")
  expect(await find("src/**/*.ts", "src/a.ts", "src/.*")).toEqual(["src/.env", "src/a.ts", "src/b.ts", "src/deep/c.ts"])
  expect(await find("**")).toEqual(["docs/x.md", "src/.env", "src/a.ts", "src/b.ts", "src/deep/c.ts"])
  expect(await find("node_modules/*/*.ts")).toEqual(["node_modules/p/i.ts"])
  expect(await find("src/none.ts", "none/**")).toEqual([])
  expect(await find()).toEqual([])
})

it("the project's files include text, and only name large or binary files", async () => {
  write("a.txt", "text ✓")
  write("b.bin", new Uint8Array([1, 0, 2]))
  write("c.bin", new Uint8Array([0xff, 0xfe, 0x41]))
  write("d.txt", "x".repeat(20_001))
  expect(await createProjectFiles(root).find(["*"])).toEqual([
    { path: "a.txt", bytes: 8, text: "text ✓" },
    { path: "b.bin", bytes: 3 },
    { path: "c.bin", bytes: 3 },
    { path: "d.txt", bytes: 20_001 },
  ])
})

it("the project's files do not include any outside the project, through a link or a pattern", async () => {
  writeFileSync(join(base, "secret.txt"), "theirs")
  symlinkSync(join(base, "secret.txt"), join(root, "link.txt"))
  symlinkSync(base, join(root, "folder"))
  write("own.txt", "ours")
  expect(await find("**", "folder/*", "../*.txt", `${base}/*.txt`)).toEqual(["own.txt"])
})

it("an answer is kept in its own file whatever the id of its step, and forgetting a run removes its answers", async () => {
  const files = createProjectFiles(root)
  const path = await files.keep("r1", "g:../x/1", "the answer")
  expect(path).toBe(files.pathOf("r1", "g:../x/1"))
  expect(readFileSync(join(root, path), "utf8")).toBe("the answer")
  expect(dirname(path)).toBe(".opencode/workflow-state/outputs/r1")
  await files.keep("r2", "a", "b")
  files.forget("r1")
  expect([existsSync(join(root, path)), existsSync(join(root, files.pathOf("r2", "a")))]).toEqual([false, true])
})
