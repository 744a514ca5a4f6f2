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
