import { expect, it } from "vitest"
import { authorNotes } from "../../../src/core/view/author-notes.ts"

it("the version and the metadata of a workflow are shown as texts of one line, in the order written", () => {
  const metadata = { tags: ["a", "b"], owner: { team: "x" }, text: "one\n  two", count: 3 }
  expect(authorNotes({ version: "1.2", metadata })).toEqual([
    ["version", "1.2"],
    ["tags", "a, b"],
    ["owner", '{"team":"x"}'],
    ["text", "one two"],
    ["count", "3"],
  ])
  expect(authorNotes({})).toEqual([])
})

it("of long and of many notes only the beginning is shown", () => {
  const metadata = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`n${at}`, "x".repeat(300)]))
  const notes = authorNotes({ metadata })
  expect(notes).toHaveLength(20)
  expect(notes[0]?.[1]).toBe(`${"x".repeat(199)}…`)
})
