/** What is handed from a worker to the session it was started from: capped, with a pointer to the full text. */

/** What a step leaves to those that read it distilled, a sentence or a few words each. */
export interface Handoff {
  readonly decisions: readonly string[]
  /** What must be kept to. */
  readonly constraints: readonly string[]
  readonly risks: readonly string[]
  /** Files, and what of them. */
  readonly changed: readonly string[]
  readonly why: readonly string[]
  /** What would surprise whoever goes on. */
  readonly gotchas: readonly string[]
}

/** Characters of an answer that go into another session. */
export const HANDOFF_CHARS = 4_000

/** Whether `capAnswer` would cut it. */
export function isLong(answer: string): boolean {
  return answer.trim().length > HANDOFF_CHARS
}

/** The beginning of a worker's answer, at most `HANDOFF_CHARS`; a cut says so, and where the full text is: for a person
 *  the command that shows it, for a model the file it is in, where there is one. */
export function capAnswer(answer: string, name: string, file?: string): string {
  const text = answer.trim()
  if (text.length <= HANDOFF_CHARS) return text
  const shown = text.slice(0, HANDOFF_CHARS)
  // Half a character at the end would be none.
  const whole = /[\uD800-\uDBFF]$/.test(shown) ? shown.slice(0, -1) : shown
  return `${whole}\n\n[cut after ${whole.length} of ${text.length} characters; the full text: /trace ${name}${file === undefined ? "" : `, or the file ${file}`}]`
}

/** The handoff as the main session's model reads it. */
export function handoffText(name: string, answer: string, file?: string): string {
  return `Handoff from the worker ${name}:\n\n${capAnswer(answer, name, file)}`
}
