/** Handoffs: what a worker passes on, capped, with a pointer to the full text. */

/**
 * The digest that a step leaves to the steps that read it `distilled`. Each entry is a sentence or
 * a few words.
 */
export interface Handoff {
  readonly decisions: readonly string[]
  /** What later steps must comply with. */
  readonly constraints: readonly string[]
  readonly risks: readonly string[]
  /** Changed files, each with what changed. */
  readonly changed: readonly string[]
  readonly why: readonly string[]
  /** What would surprise the next worker. */
  readonly gotchas: readonly string[]
}

/** The maximum number of characters of an answer that are copied into another session. */
export const HANDOFF_CHARS = 4_000

/** True when `capAnswer` would cut the answer. */
export function isLong(answer: string): boolean {
  return answer.trim().length > HANDOFF_CHARS
}

/**
 * Returns the beginning of a worker's answer, at most `HANDOFF_CHARS` characters. A cut answer
 * names the place of the full text: the command that shows it to a person, and the file that holds
 * it for a model, if there is one.
 */
export function capAnswer(answer: string, name: string, file?: string): string {
  const text = answer.trim()
  if (text.length <= HANDOFF_CHARS) return text
  const shown = text.slice(0, HANDOFF_CHARS)
  // Drop half of a surrogate pair at the end, because it is no valid character.
  const whole = /[\uD800-\uDBFF]$/.test(shown) ? shown.slice(0, -1) : shown
  return `${whole}\n\n[cut after ${whole.length} of ${text.length} characters; the full text: /trace ${name}${file === undefined ? "" : `, or the file ${file}`}]`
}

/** Returns the handoff as the model of the main session reads it. */
export function handoffText(name: string, answer: string, file?: string): string {
  return `Handoff from the worker ${name}:\n\n${capAnswer(answer, name, file)}`
}
