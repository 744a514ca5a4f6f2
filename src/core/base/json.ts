/** What a model gave as data: some give JSON as a text. */
export function dataOf(given: unknown): unknown {
  if (typeof given !== "string") return given
  try {
    return JSON.parse(given) as unknown
  } catch {
    // It is a text, then.
    return given
  }
}
