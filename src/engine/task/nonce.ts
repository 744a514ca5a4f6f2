import type { Run } from "../../core/model/run.ts"

/** Enough that nobody guesses it, and short enough that a model repeats it without a mistake. */
const NONCE_CHARS = 12

/** Stands for the nonce where a prompt is compared with that of another attempt. */
const PLACEHOLDER = "NONCE"

/**
 * The nonce of the prompt with this key: the same whenever the attempt is resumed, another for each
 * prompt, and not to be known without the key of the run. Undefined in runs of earlier versions.
 */
export function nonceOf(hash: (text: string) => string, run: Run, key: string): string | undefined {
  const { nonceKey } = run.created
  return nonceKey === undefined ? undefined : hash(`${nonceKey}\n${key}`).slice(0, NONCE_CHARS)
}

/** The key of the prompt of an attempt, or of a question about its answer. */
export function promptKey(run: Run, step: string, attempt: number, question?: string): string {
  return [run.id, step, attempt, ...(question === undefined ? [] : [question])].join("/")
}

/** A prompt without what differs from attempt to attempt. */
export function withoutNonce(prompt: string, nonce: string | undefined): string {
  return nonce === undefined ? prompt : prompt.replaceAll(nonce, PLACEHOLDER)
}
