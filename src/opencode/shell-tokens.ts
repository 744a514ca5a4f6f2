/** A line as a shell would take it apart. */

export interface ShellToken {
  readonly text: string
  /** Where the word begins in the line. */
  readonly at: number
}

/** Words as a shell would see them: quotes group, a backslash takes the next character as it is. */
export function shellTokensOf(line: string): ShellToken[] {
  const words: ShellToken[] = []
  const pattern = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"?|'[^']*'?|\\$)+/g
  for (const match of line.matchAll(pattern)) {
    const text = match[0].replace(
      /\\(.)|"((?:[^"\\]|\\.)*)"?|'([^']*)'?/g,
      (_, escaped?: string, double?: string, single?: string) =>
        escaped ?? double?.replace(/\\(.)/g, "$1") ?? single ?? "",
    )
    words.push({ text, at: match.index })
  }
  return words
}

/** A text that is in quotes as a whole: one pair, closed at its end. */
const QUOTED = /^(?:"(?:[^"\\]|\\.)*"|'[^']*')$/

/**
 * The text from the first of these words to the end of the line, as typed: a quote in it may be an apostrophe. Only the
 * quotes around the whole of it are taken off.
 */
export function restOf(line: string, words: readonly ShellToken[]): string {
  const [first] = words
  if (first === undefined) return ""
  const typed = line.slice(first.at)
  return QUOTED.test(typed) ? first.text : typed
}
