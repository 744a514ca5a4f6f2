/**
 * Texts that come from a folder, a worker, a model or a server, as a screen may show them. Control
 * characters could change the screen or the clipboard, and characters that reorder or hide text
 * could show something else than is there ("Trojan Source", CVE-2021-42574).
 */

/**
 * Control characters except tab and line feed; line and paragraph separators; the characters that
 * override or isolate the direction of text; invisible tags.
 */
const UNPRINTABLE = /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ufeff\u{e0000}-\u{e007f}]/gu

/** Returns the text with every such character replaced by a visible one of width 1. */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll("\r\n", "\n").replaceAll(UNPRINTABLE, visible)
}

/** Returns the text on one line with single spaces, cut to at most `most` characters. */
export function oneLine(text: string, most: number): string {
  const line = printable(text).replaceAll(/\s+/g, " ").trim()
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

/** Control pictures (U+2400 and following) show the control characters; � stands for the others. */
function visible(character: string): string {
  const code = character.charCodeAt(0)
  if (code === 0x7f) return "\u2421"
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd"
}

/** Returns JSON text in which these characters are escapes, so that it means the same. */
export function printableJson(json: string): string {
  return json.replaceAll(UNPRINTABLE, (character) =>
    Array.from({ length: character.length }, (_, at) => escapeOf(character.charCodeAt(at))).join(""),
  )
}

function escapeOf(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`
}

/** Whether a text shows nothing: it has only spaces, controls and characters without a width. */
export function isBlank(text: string): boolean {
  return /^[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(text)
}
