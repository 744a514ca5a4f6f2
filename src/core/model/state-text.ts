import type { Hold } from "./result.ts"
import type { RunHold, Skip } from "./run.ts"

/**
 * The texts for the facts that the fold keeps. The fold must not import this file, because the
 * wording must not change what a journal folds to.
 */

/**
 * Returns the hold of a run as a person reads it and as `run.paused` records it. The hold of a gate
 * names its step.
 */
export function describeHold({ step, ...hold }: RunHold): Hold {
  return step === undefined ? hold : { ...hold, detail: `${step}: ${hold.detail}` }
}

/** Returns in one sentence why a step was skipped. */
export function describeSkip(skip: Skip): string {
  return "end" in skip ? `the run ${skip.end === "success" ? "succeeded" : "failed"}` : skip.detail
}
