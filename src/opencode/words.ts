/** A line as a shell would take it apart. */

export interface Word {
  readonly text: string
  /** Where the word begins in the line. */
  readonly at: number
}

/** Words as a shell would see them: quotes group, a backslash takes the next character as it is. */
export function wordsOf(line: string): Word[] {
  const words: Word[] = []
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

/** The text from the first of these words to the end of the line, as typed; a single word without its quotes. */
export function restOf(line: string, words: readonly Word[]): string {
  const [first, ...more] = words
  if (first === undefined) return ""
  return more.length === 0 ? first.text : line.slice(first.at)
}
