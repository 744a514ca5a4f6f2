import { printable } from "../core/base/printable.ts"

/**
 * Builds HTML. All values are escaped unless they were built here, so a page cannot be made to run
 * foreign markup.
 */

/** Markup that is safe to insert into a page. */
export interface Html {
  readonly markup: string
}

type HtmlValue = Html | string | number | null | undefined | readonly (Html | string)[]

/**
 * Template tag that escapes every value except Html. Lists are concatenated, and null becomes an
 * empty string.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { markup: strings.reduce((all, text, at) => `${all}${markupOf(values[at - 1])}${text}`) }
}

function markupOf(value: HtmlValue): string {
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

/** Escapes a text for an element or an attribute, and shows what would not be printable. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (char) => ENTITIES[char] as string)
}

/** Concatenates all, with `between` as the separator. */
export function joined(all: readonly Html[], between: string): Html {
  return { markup: all.map(({ markup }) => markup).join(escapeHtml(between)) }
}
