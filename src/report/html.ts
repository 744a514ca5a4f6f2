/** Pieces of an HTML page. Whatever was not written here is escaped on its way in: a page cannot be made to run anything. */

/** Markup that is safe to stand in a page as it is. */
export interface Html {
  readonly markup: string
}

type Value = Html | string | number | null | undefined | readonly (Html | string)[]

/** Markup with every value escaped, but for those that are markup already; lists are joined, null is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { markup: strings.reduce((all, text, at) => `${all}${markupOf(values[at - 1])}${text}`) }
}

function markupOf(value: Value): string {
  if (value === null || value === undefined) return ""
  if (typeof value === "object") return "markup" in value ? value.markup : value.map(markupOf).join("")
  return escapeHtml(String(value))
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}

/** Text as it stands in an element or an attribute, without what no XML may hold. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string).replace(CONTROL, "\uFFFD")
}

/** Control characters, but for tab and line breaks; and those that turn the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\u202A-\u202E\u2066-\u2069]/g

/** Of `all`, with what stands between two of them. */
export function joined(all: readonly Html[], between: string): Html {
  return { markup: all.map(({ markup }) => markup).join(escapeHtml(between)) }
}
