/** Returns the data that a model passed. Some models pass JSON as a string, which is parsed. */
export function dataOf(given: unknown): unknown {
  if (typeof given !== "string") return given
  try {
    return JSON.parse(given) as unknown
  } catch {
    // The string is not JSON, so it is the data itself.
    return given
  }
}

/**
 * Whether a number is an integer that a computer's number cannot hold exactly, by its source text:
 * 9007199254740993 would silently become 9007199254740992. A number in scientific notation is
 * meant to be approximate.
 */
export function isInexact(value: unknown, source: string): boolean {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return false
  return /^[+-]?(\d+|0[xob][\da-f]+)$/i.test(source.trim())
}

export const INEXACT_HINT = "at most 9007199254740991, or in quotes when it is text"
