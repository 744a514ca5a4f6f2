import MarkdownIt from "markdown-it"
import { printable } from "../core/base/printable.ts"
import { type Html, html } from "./html.ts"

/**
 * Renders an answer that a model wrote as Markdown. Its raw HTML is shown as text, a picture is shown
 * as its description, and a link leads to the web, to a mail address or to nothing.
 */

/** A longer answer is shown as plain text. */
const MOST_CHARACTERS = 64 * 1024

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false })
markdown.disable("image")
markdown.validateLink = (url) => /^(https?:|mailto:)/i.test(url.trim())
// The page has headings of its own: those of an answer are below them.
for (const rule of ["heading_open", "heading_close"] as const)
  markdown.renderer.rules[rule] = (tokens, at) => (tokens[at]?.nesting === 1 ? '<p class="heading">' : "</p>\n")
markdown.renderer.rules.link_open = (tokens, at, options, _, renderer) => {
  // A link to nothing, such as `[x]()`, has no address.
  if (!tokens[at]?.attrGet("href")) return "<a>"
  tokens[at].attrSet("rel", "noopener noreferrer nofollow")
  return renderer.renderToken(tokens, at, options)
}

/** Returns an answer as markup that is safe to insert into a page. */
export function markdownOf(text: string): Html {
  if (text.length > MOST_CHARACTERS) return html`<pre>${printable(text)}</pre>`
  return { markup: `<div class="prose">${markdown.render(printable(text))}</div>` }
}
