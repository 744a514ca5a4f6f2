/** Blocks between fences in a text that a model wrote, found in linear time whatever the text is. */

export interface FencedBlock {
  /** Offset of the line with the opening fence. */
  readonly start: number
  /** Offset behind the closing fence, or of the end of the text when there is none. */
  readonly end: number
  readonly body: string
  readonly isClosed: boolean
}

/**
 * Returns the blocks whose opening fence is followed by `mark` and nothing else; its words may be
 * separated by any spaces, in capitals or not. A block ends at the first line that is the same fence.
 * Fences with another mark are ordinary text. With `mayBeOpen`, a block that nothing closes reaches to
 * the end of the text; otherwise it is none.
 */
export function fencedBlocks(text: string, mark: string, mayBeOpen: boolean): FencedBlock[] {
  const lines = linesOf(text)
  const wanted = mark.toLowerCase().split(" ")
  const closers = closersIn(lines)
  const blocks: FencedBlock[] = []
  for (let at = 0; at < lines.length; at++) {
    const { start, line, next } = lines[at] as Line
    const fence = openingOf(line, wanted)
    // A fence on the last line has nothing after it.
    if (fence === undefined || next > text.length) continue
    const closer = firstAfter(closers.get(fence) ?? [], at)
    const closing = closer === undefined ? undefined : (lines[closer] as Line)
    if (closing === undefined && !mayBeOpen) continue
    const end = closing === undefined ? text.length : closing.start + closing.line.length
    blocks.push({ start, end, body: text.slice(next, closing?.start ?? end), isClosed: closing !== undefined })
    at = closer ?? lines.length
  }
  return blocks
}

interface Line {
  readonly start: number
  /** Without its line end. */
  readonly line: string
  /** Offset of the next line; behind the text for a last line without a line end. */
  readonly next: number
}

function linesOf(text: string): Line[] {
  let start = 0
  return text.split("\n").map((whole) => {
    const found = { start, line: whole.replace(/\r$/, ""), next: start + whole.length + 1 }
    start = found.next
    return found
  })
}

const OPENING = /^[ \t]*(`{3,}|~{3,})[ \t]*(\S.*)$/
const CLOSING = /^[ \t]*(`{3,}|~{3,})[ \t]*$/

function openingOf(line: string, wanted: readonly string[]): string | undefined {
  const [, fence, mark = ""] = OPENING.exec(line) ?? []
  const words = mark
    .toLowerCase()
    .trim()
    .split(/[ \t]+/)
  return words.length === wanted.length && words.every((word, at) => word === wanted[at]) ? fence : undefined
}

/** By fence: the numbers of the lines that are nothing else. */
function closersIn(lines: readonly Line[]): ReadonlyMap<string, readonly number[]> {
  const closers = new Map<string, number[]>()
  for (const [at, { line }] of lines.entries()) {
    const fence = CLOSING.exec(line)?.[1]
    if (fence === undefined) continue
    const known = closers.get(fence)
    if (known) known.push(at)
    else closers.set(fence, [at])
  }
  return closers
}

/** The first number in an ascending list that is greater than `at`. */
function firstAfter(ascending: readonly number[], at: number): number | undefined {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle] as number) > at) high = middle
    else low = middle + 1
  }
  return ascending[low]
}
