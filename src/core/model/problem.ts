/**
 * One error in a document that the user wrote: where it is, what is wrong, and what to do about it.
 * `line` and `column` count from 1. Both are 0 when the problem has no position in the text, for
 * example when the file is missing.
 */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  /** The way to fix it, as an instruction or a question: "did you mean `profiles`?". */
  readonly hint?: string
}

/** A value, or every problem that prevented it. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * Formats a problem as `file:line:column: message — hint`, which editors and terminals turn into a
 * link.
 */
export function formatProblem(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file
  return `${place}: ${problem.message}${problem.hint ? ` — ${problem.hint}` : ""}`
}

/**
 * Formats problems in reading order, one per line. Paths inside `folder` are shown relative to it.
 */
export function formatProblems(problems: readonly Problem[], folder?: string): string {
  const text = [...problems]
    .sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column)
    .map(formatProblem)
    .join("\n")
  return folder === undefined ? text : text.replaceAll(`${folder}/`, "")
}
