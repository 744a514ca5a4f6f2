/** Columns that OpenCode gives the text of a toast in a terminal of any usual width (contract C72). */
const COLUMNS = 54
/** Columns of the terminal that the text of a toast never gets: its frame and the margin around it. */
const FRAME = 12

/** A command of Baton up to the next `·`, or a leader key with the key after it. */
const UNIT = /\/(?:workflow|trace|workers|inbox|handback)(?: [^\s·]+)*|ctrl\+\S \S+/g
/** Stands for the spaces inside a unit while the text is split into words. */
const GLUE = "\u0000"

/**
 * Breaks the text of a toast into lines for a terminal of this width. OpenCode would break after the
 * slash of a command, which ends a word for it. A command stays on one line if it fits.
 */
export function toastLines(text: string, terminal = Number.POSITIVE_INFINITY): string {
  const columns = Math.min(COLUMNS, terminal - FRAME)
  const lines = text.split("\n").flatMap((line) => {
    const glued = line.replaceAll(GLUE, " ").replace(UNIT, (unit) => unit.replaceAll(" ", GLUE))
    const words = glued.split(" ").flatMap((word) => (lengthOf(word) > columns ? word.split(GLUE) : [word]))
    return fill(words, columns)
  })
  // A separator says nothing at the start of a line.
  return lines
    .map((line) => line.replace(/^· /, ""))
    .join("\n")
    .replaceAll(GLUE, " ")
}

function fill(words: readonly string[], columns: number): string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && lengthOf(last) + 1 + lengthOf(word) <= columns)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

function lengthOf(text: string): number {
  return [...text].length
}
