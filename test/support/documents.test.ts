import { expect, it } from "vitest"
import { factsNamedIn, filesNamedIn, foreignCitations, namesSaidToBeIn, shortNames } from "./documents.ts"

/** Tests how test/docs.test.ts reads documents and comments. */

it.each([
  ["`Kind` in `src/core/a.ts`", ["Kind"]],
  ["`start`\nof `src/core/a.ts`", ["start"]],
  ["`nextOf` (`src/core/a.ts`) says what follows", ["nextOf"]],
  ["`src/core/a.ts` `#start`: makes the task", ["#start"]],
  ["`src/core/a.ts` `event` and `hear` listen", ["event", "hear"]],
  ["`src/core/a.ts`: `start` begins, as `b` of it does", []],
  ["`src/core/a.ts`, `loop.ts`", []],
  ["`Kind` is in the folder `src/core`", []],
])("names said to be in a file are found in: %s", (text, names) => {
  expect(namesSaidToBeIn(text)).toEqual(names.map((name) => ({ name, file: "src/core/a.ts" })))
})

it("a file named without its folder is looked up in the folders of its section", () => {
  const text = "# One\n`src/core/a.ts`, `loop.ts`\n## Two\nAll in `src/spec`: `dialects/read.ts` and `src/tui/b.tsx`\n"
  expect(shortNames(text)).toEqual([
    { name: "loop.ts", folders: ["src/core"] },
    { name: "dialects/read.ts", folders: ["src/spec", "src/tui"] },
  ])
})

it.each([
  ["see docs/architecture.md, `core/a.ts` and (b.tsx)", ["docs/architecture.md", "core/a.ts", "b.tsx"]],
  ["\n * Set by bin/baton.mjs.\n ", ["bin/baton.mjs"]],
  ["(`grep -q done notes.md`) and `bun run test.ts`", []],
  ["schema/*.schema.json, src/**/*.ts", []],
])("the files named by the comment «%s» are found", (comment, files) => {
  expect(filesNamedIn(comment)).toEqual(files)
})

it("a citation of a document outside the repository is found", () => {
  const mark = String.fromCodePoint(0xa7)
  expect(foreignCitations(`asks again for ever (host ${"notes"} ${mark}8)`)).toEqual(["host notes", `${mark}8`])
  expect(foreignCitations("notes of the host")).toEqual([])
})

it("facts of the contract with OpenCode are found by their numbers", () => {
  expect(factsNamedIn("(contract C7), as contract C1, C2 and C30 say; C4")).toEqual(["C7", "C1", "C2", "C30"])
})
