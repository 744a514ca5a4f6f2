import { printable } from "../core/base/printable.ts"

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

/** Returns a text as it is written to a stream. */
export function shown(text: string): string {
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
