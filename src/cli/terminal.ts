import { printable } from "../core/base/printable.ts"

/**
 * The only place that writes to the terminal. Much of what a command shows was written by a worker,
 * a model or a folder, so nothing reaches the terminal but text and the colours of Baton itself.
 */

/** What `style.ts` makes: one colour or style, or the end of it. Nothing here hides or moves text. */
const COLOUR = new RegExp(`(${String.fromCharCode(27)}\\[(?:0|1|2|22|3[1-79]|90)m)`)

/** Writes a result to stdout. */
export function out(text: string): void {
  process.stdout.write(shown(text, process.stdout))
}

/** Writes a message or progress to stderr. */
export function err(text: string): void {
  process.stderr.write(shown(text, process.stderr))
}

/** Returns a text as it is written to a stream. */
export function shown(text: string, stream: { readonly isTTY?: boolean }): string {
  if (stream.isTTY !== true) return printable(text)
  return text
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 ? part : printable(part)))
    .join("")
}
