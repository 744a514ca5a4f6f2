import { rowAt } from "../base/table.ts"
import { type Run, type StepState, wentWell } from "../model/run.ts"
import { doneBy, groupTraits } from "../model/step-types.ts"
import type { GateAction } from "../model/workflow.ts"
import { specOf } from "./transaction.ts"

/**
 * Says where the words of a person's decision go. Words that would reach nobody are refused,
 * because the person who wrote them believes that somebody reads them.
 */

/**
 * Returns why the words of this decision would be lost, and what to do instead; undefined when
 * somebody reads them. The words of `skip` and `abort` are recorded as their reason.
 */
export function lostWords(run: Run, step: StepState, action: GateAction): string | undefined {
  const { id, gate, isReset } = step
  if (action === "skip" || action === "abort") return undefined
  const canTell = isHeard(run, step)
  if (action === "retry")
    return canTell ? undefined : `the next try of ${id} has no worker that could be told: retry it without words`
  const isRead = gate?.why === "gate" || gate?.why === "stagnant" || (gate?.why === "effects" && isReset)
  if (isRead) return undefined
  const what = gate?.why === "effects" ? `lets ${id} go on where it was` : `accepts the result of ${id} as it is`
  const way = canTell ? "use retry to tell its worker, or continue without words" : "continue without words"
  return `continue ${what}, and nobody would read the words: ${way}`
}

/** True when the next try of the step has a worker that is told the words. */
function isHeard(run: Run, step: StepState): boolean {
  const { loop, group, type } = specOf(run, step)
  if (group === undefined) return doneBy(type) === "worker"
  // The next round is told them, and so is the next judge of an ensemble.
  if (loop !== undefined || groupTraits(group).quorum(group) !== undefined) return true
  const parts = (step.parts?.all ?? []).map((index) => rowAt(run.steps, index))
  return parts.some((part) => !wentWell(part) && isHeard(run, part))
}
