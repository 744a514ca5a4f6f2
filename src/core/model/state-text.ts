import type { Hold } from "./result.ts"
import type { RunHold, Skip } from "./run.ts"

/**
 * The sentences for what the fold keeps as facts. The fold must not import this file: what a journal folds to must not
 * change with the wording.
 */

/** What holds a run, as a person reads it and as `run.paused` records it: a gate's hold names its step. */
export function describeHold({ step, ...hold }: RunHold): Hold {
  return step === undefined ? hold : { ...hold, detail: `${step}: ${hold.detail}` }
}

/** Why a step was skipped, in one sentence. */
export function describeSkip(skip: Skip): string {
  return "end" in skip ? `the run came to ${skip.end}` : skip.detail
}
