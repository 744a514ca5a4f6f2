import type { Result } from "../core/model/problem.ts"
import { readText } from "./read.ts"

/** Returns the text of a document that a person wrote, or why it cannot be read as a problem. */
export function documentText(file: string): Result<string> {
  try {
    return { ok: true, value: readText(file) }
  } catch (error) {
    const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`
    return { ok: false, problems: [{ file, line: 0, column: 0, message }] }
  }
}
