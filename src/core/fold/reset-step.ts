import type { StepResult } from "../model/result.ts"
import type { StepState } from "../model/run.ts"
import { NO_TOTAL_USAGE, plus } from "../model/usage.ts"

/** Resets a step to pending, keeping only its usage and session. */
export function resetStep(step: StepState, unmet: number): StepState {
  const { broken: _b, retryAt: _r, skipped: _s, gate: _g, hold: _h, isAnswered: _a, endedAt: _e, ...open } = step
  const { result, earlier, lastFailure: _l, ...row } = open
  const took = result === undefined ? earlier : plus(earlier ?? NO_TOTAL_USAGE, result)
  const lastFailure = result === undefined ? step.lastFailure : failureOf(result)
  const session = result?.session ?? step.session
  return {
    ...row,
    status: "pending",
    unmet,
    ...(step.attempt > 0 ? { isReset: true } : {}),
    ...(took === undefined ? {} : { earlier: took }),
    ...(lastFailure === undefined ? {} : { lastFailure }),
    ...(session === undefined ? {} : { session }),
  }
}

function failureOf({ reason, detail }: StepResult): StepState["lastFailure"] {
  if (reason === "ok") return undefined
  return { reason, ...(detail === undefined ? {} : { detail }) }
}
