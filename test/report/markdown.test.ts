import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { printable } from "../../src/core/base/printable.ts"
import { markdownOf } from "../../src/report/markdown.ts"

/** Every tag that an answer may have in the page, with its attributes. */
const ALLOWED =
  /^<(\/?(p|ul|ol|li|em|strong|s|code|pre|blockquote|table|thead|tbody|tr|th|td|hr|br|div|a)|p class="heading"|div class="prose"|ol start="\d+"|code class="language-[^"<>]*"|(th|td) style="text-align:(left|right|center)"|a href="(https?:|mailto:)[^"<>]*"( title="[^"<>]*")? rel="noopener noreferrer nofollow")>$/i

function foreignTags(text: string): string[] {
  const tags = markdownOf(text).markup.match(/<[^>]*>?/g) ?? []
  return tags.filter((tag) => !ALLOWED.test(tag))
}

describe("an answer as Markdown", () => {
  it("has lists, tables, code and links, and its headings are no headings of the page", () => {
    const text =
      "# Plan\n\n1. do `x`\n2. [see](https://example.com/a?b=1&c)\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```ts\na < b\n```"
    const { markup } = markdownOf(text)
    for (const part of [
      '<p class="heading">Plan</p>',
      "<li>do <code>x</code></li>",
      '<a href="https://example.com/a?b=1&amp;c" rel="noopener noreferrer nofollow">see</a>',
      '<td style="text-align:right">2</td>',
      '<code class="language-ts">a &lt; b',
    ])
      expect(markup).toContain(part)
    expect(foreignTags(text)).toEqual([])
  })

  it.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://example.com/pixel.png)",
    "![x][r]\n\n[r]: https://example.com/pixel.png",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "[x](data:text/html,<b>)",
    "[x](file:///etc/passwd)",
    "[x](//example.com)",
    "[x](#step-1)",
    "[x]()",
    '<https://example.com/"onmouseover=alert(1)>',
    "[x](https://example.com 'a\" onclick=alert(1) b=\"')",
    '```"><script>\nx\n```',
    "<div><style>*{display:none}</style></div>",
    "&lt;script&gt;&#60;script&#62;",
    "<!-- --><svg onload=alert(1)>",
  ])("makes nothing of %j that runs, loads or leads elsewhere", (text) => {
    expect(foreignTags(text)).toEqual([])
    expect(markdownOf(text).markup).not.toMatch(/<img|<script|href="(?!https:|mailto:)/i)
  })

  it("makes nothing else than these tags of any text, and keeps control characters out", () => {
    const pieces = fc.constantFrom(
      "<",
      ">",
      '"',
      "'",
      "`",
      "![",
      "](",
      ")",
      "[",
      "]",
      "\n",
      "\n\n",
      "    ",
      "# ",
      "| ",
      "&",
      "a",
      "javascript:",
      "https://x.y/",
      "<b ",
      "onload=",
      "\u202e",
      "\u001b",
      "\u0000",
    )
    fc.assert(
      fc.property(
        fc.array(fc.oneof(pieces, fc.string({ unit: "binary", maxLength: 6 })), { maxLength: 40 }),
        (parts) => {
          const text = parts.join("")
          expect(foreignTags(text)).toEqual([])
          expect(printable(markdownOf(text).markup)).toBe(markdownOf(text).markup)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it("shows an answer that is very long as plain text", () => {
    expect(markdownOf("*x* ".repeat(20_000)).markup).toMatch(/^<pre>\*x\* /)
  })
})
