/** Splits a line as a shell does. */

export interface ShellToken {
  readonly text: string
  /** Index of the word's first character in the line. */
  readonly at: number
}

/** The words of a line: quotes group, and a backslash takes the next character literally. */
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

/** Matches a text that is quoted as a whole by one closed pair of quotes. */
const QUOTED = /^(?:"(?:[^"\\]|\\.)*"|'[^']*')$/

/** The text from the first of these words to the end of the line, as typed, because a quote in
 *  it may be an apostrophe. Only quotes around the whole text are removed. */
export function restOf(line: string, words: readonly ShellToken[]): string {
  const [first] = words
  if (first === undefined) return ""
  const typed = line.slice(first.at)
  return QUOTED.test(typed) ? first.text : typed
}
