import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isBlank, oneLine, printable, printableJson } from "../../../src/core/base/printable.ts"

describe("a text from outside, as it is shown", () => {
  it.each([
    ["an escape that writes the clipboard", "\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"],
    ["an escape that sets the title", "\x1b]0;root\x1b\\", "␛]0;root␛\\"],
    ["an escape that clears the screen", "a\x1b[2Jb", "a␛[2Jb"],
    ["a colour", "\x1b[31mred", "␛[31mred"],
    ["an eight-bit escape", "\u009b2J", "\ufffd2J"],
    ["a carriage return that overwrites the line", "failed\rok", "failed␍ok"],
    ["backspaces and a delete", "a\b\x7f", "a␈␡"],
    ["a zero byte", "a\0b", "a␀b"],
    ["an override of the direction", "a\u202eb\u2066c", "a\ufffdb\ufffdc"],
    ["a separator of lines", "a\u2028b", "a\ufffdb"],
    ["invisible tags", "a\u{e0041}b", "a\ufffdb"],
    ["half of a surrogate pair", "a\ud800b", "a\ufffdb"],
    ["the line ends of Windows", "a\r\nb", "a\nb"],
  ])("has no %s", (_, text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  it.each(["plain", "tab\tand\nline", "العربية \u200f(x)", "👩‍👩‍👧 é ﬁ", "naïve – “quotes”", ""])(
    "keeps %j",
    (text) => {
      expect(printable(text)).toBe(text)
    },
  )

  it("has no control or bidirectional character, whatever it is, and is shown the same when shown again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = printable(text)
        expect(shown).not.toMatch(/[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/u)
        expect(printable(shown)).toBe(shown)
      }),
    )
  })
})

it("JSON on a terminal has an escape for each such character", () => {
  expect(printableJson(JSON.stringify("a\u202eb\u{e0041}\u009b"))).toBe('"a\\u202eb\\udb40\\udc41\\u009b"')
})

it("JSON on a terminal has the same meaning, and no such character in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const json = printableJson(JSON.stringify({ [text]: text }))
      expect(json).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
      expect(JSON.parse(json)).toEqual({ [text]: text })
    }),
  )
})

describe("a text that shows nothing", () => {
  it.each(["", "  \n\t", "\u200b", "\u2060\ufeff", "\u00ad\u034f", "\u3164", "\u2800", "\u{e0041}", "\x00\x07"])(
    "is blank: %j",
    (text) => expect(isBlank(text)).toBe(true),
  )
  it.each([".", "0", "\u200bx", "👍"])("is not blank: %j", (text) => expect(isBlank(text)).toBe(false))
})

it.each([
  ["one\n  two ", 20, "one two"],
  ["a\x1bb", 3, "a␛b"],
  ["abcdef", 4, "abc…"],
  ["abcd", 4, "abcd"],
])("%j on one line of at most %i characters is %j", (text, most, line) => {
  expect(oneLine(text, most)).toBe(line)
})
