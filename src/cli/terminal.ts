import { printable } from "../core/base/printable.ts"
import { formsOf, SHORTEST_SECRET } from "../core/rights/secret-text.ts"

/**
 * The only place that writes to the process's streams. A worker, a model, a server or a folder wrote
 * much of what a command shows, so only text, and the control sequences that Baton itself made, is
 * written. Baton marks its own with a number that nobody else can know.
 */

export interface Terminal {
  readonly isTTY: boolean
  readonly columns: number | undefined
  readonly rows: number | undefined
  write(text: string): void
}

const MARK = crypto.getRandomValues(new Uint32Array(2)).join("")
const OWN = new RegExp(`\\x1b\\[${MARK};([0-9]*[A-Za-z])`)

/** Returns a control sequence, such as `31m` for red, that `shown` lets through. */
export function control(code: string): string {
  return `\x1b[${MARK};${code}`
}

/** Values of variables that orchestrator.json names, the longest first, and what is shown instead. */
let hidden: readonly (readonly [value: string, source: string])[] = []

/** Shows the variable instead of its value from now on. A value of a few letters is a word. */
export function hideVariable(name: string, value: string): void {
  if (value.length < SHORTEST_SECRET || !/[^a-z]/i.test(value) || hidden.some(([known]) => known === value)) return
  const source = `{env:${name}}`
  hidden = [...hidden, ...formsOf(value).map((form) => [form, source] as const)].sort(([a], [b]) => b.length - a.length)
}

/** Returns a text as it is written to a stream. */
export function shown(given: string): string {
  const text = hidden.reduce((out, [value, source]) => out.replaceAll(value, () => source), given)
  return text
    .split(OWN)
    .map((part, at) => (at % 2 === 1 ? `\x1b[${part}` : printable(part)))
    .join("")
}

export const stdout = terminalOf(() => process.stdout)
export const stderr = terminalOf(() => process.stderr)

/** Writes the content of a file to stdout: unchanged, unless a terminal shows it. */
export function writeContent(text: string): void {
  process.stdout.write(stdout.isTTY ? shown(text) : text)
}

function terminalOf(stream: () => NodeJS.WriteStream): Terminal {
  return {
    get isTTY() {
      return stream().isTTY === true
    },
    get columns() {
      return stream().columns
    },
    get rows() {
      return stream().rows
    },
    write(text) {
      stream().write(shown(text))
    },
  }
}
