import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fencedBlocks } from "../../../src/core/base/fences.ts"

describe("blocks between fences", () => {
  it("are those with the mark, up to the same fence; other fences are text", () => {
    const text =
      "a\n```json x1\n{\n```ts\n~~~\n```\nb\r\n  ~~~~ JSON \t x1 \r\n[]\r\n~~~~\r\n```json\n1\n```\n```json x1"
    const found = fencedBlocks(text, "json x1", false)
    expect(found.map(({ start, end, body }) => [text.slice(start, end), body])).toEqual([
      ["```json x1\n{\n```ts\n~~~\n```", "{\n```ts\n~~~\n"],
      ["  ~~~~ JSON \t x1 \r\n[]\r\n~~~~", "[]\r\n"],
    ])
    expect(fencedBlocks("```json x1 y\n```\n````json x1\n```\n", "json x1", false)).toEqual([])
  })

  it("are all found when several have the same fence", () => {
    const text = ["one", "two", "three"].map((word) => `\`\`\`json\n${word}\n\`\`\`\n`).join("")
    expect(fencedBlocks(text, "json", false).map(({ body }) => body)).toEqual(["one\n", "two\n", "three\n"])
  })

  it("reach to the end of the text when nothing closes them, if they may", () => {
    const text = "say\n```handoff\n{}\n"
    expect(fencedBlocks(text, "handoff", true)).toEqual([{ start: 4, end: 18, body: "{}\n", isClosed: false }])
    expect(fencedBlocks(text, "handoff", false)).toEqual([])
  })

  it("are found as a regular expression with backtracking finds them", () => {
    const piece = fc.constantFrom("```", "~~~", "````", "json", "JSON", " ", "\t", "x1", "\n", "\r\n", "a", "`", "{}")
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.boolean(), (pieces, mayBeOpen) => {
        const text = pieces.join("")
        const end = mayBeOpen ? "(?:^[ \\t]*\\1[ \\t]*$|(?![\\s\\S]))" : "^[ \\t]*\\1[ \\t]*$"
        const block = new RegExp(`^[ \\t]*(\`{3,}|~{3,})[ \\t]*json[ \\t]+x1[ \\t]*\\r?\\n([\\s\\S]*?)${end}`, "gim")
        const expected = [...text.matchAll(block)].map((match) => [match.index, match[2]])
        expect(fencedBlocks(text, "json x1", mayBeOpen).map(({ start, body }) => [start, body])).toEqual(expected)
      }),
      { numRuns: 5_000 },
    )
  })

  it("take no longer for each of many fences that nothing closes", () => {
    // A search that looks for an end from each of them would take hours.
    expect(fencedBlocks("```json\n".repeat(300_000), "json", false)).toEqual([])
    expect(fencedBlocks("```json\n".repeat(300_000), "json", true)).toHaveLength(1)
  })
})
