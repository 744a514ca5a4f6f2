import { Scalar } from "yaml"

const isSpace = (char: string | undefined) => char !== undefined && /\s/.test(char)

/**
 * The source offset of the character at index `target` of a scalar's value. Because of folding,
 * indentation and escapes the two texts differ only in white space and escapes, so both are walked
 * side by side, one visible character at a time. In a double-quoted text with escapes for white
 * space the line is exact and the column is a best guess.
 */
export function sourceOffset(source: string, node: Scalar, target: number): number {
  const value = String(node.value)
  const [start, end] = node.range ?? [0, 0]
  let at = firstCharacter(source, node, start)
  for (let index = 0; index <= target && at < end; index++) {
    if (isSpace(value[index])) continue
    while (at < end && spaceLength(source, at, node.type) > 0) at += spaceLength(source, at, node.type)
    if (index === target) break
    at += characterLength(source, at, node.type)
  }
  return at
}

function firstCharacter(source: string, node: Scalar, start: number): number {
  if (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED) return source.indexOf("\n", start) + 1
  return node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE ? start + 1 : start
}

/** Source length of the white-space character at `at`, escaped or not; 0 when there is none. */
function spaceLength(source: string, at: number, type: Scalar["type"]): number {
  if (isSpace(source[at])) return 1
  const isEscape = type === Scalar.QUOTE_DOUBLE && source[at] === "\\"
  return isEscape && /[\snrtfv_LP]/.test(source[at + 1] ?? "") ? 2 : 0
}

const HEX_ESCAPES: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 }

/** Source length of the visible character at `at`, with its escape. */
function characterLength(source: string, at: number, type: Scalar["type"]): number {
  if (type === Scalar.QUOTE_SINGLE && source.startsWith("''", at)) return 2
  if (type === Scalar.QUOTE_DOUBLE && source[at] === "\\") return HEX_ESCAPES[source[at + 1] ?? ""] ?? 2
  return 1
}
