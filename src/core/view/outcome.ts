import { isBlank } from "../base/printable.ts"
import { doerOf, type StepView } from "./view.ts"

/**
 * What a run leads to: the answers that no later answer builds upon, and the steps at which it
 * failed.
 */

/**
 * Returns the steps whose answers are the result of a run: those that workers answered and that no
 * other answered step needs, directly or through others. Hook steps are not part of the result; the
 * ids of `hooks` are theirs.
 */
export function resultSteps(steps: readonly StepView[], hooks: ReadonlySet<string>): StepView[] {
  const own = steps.filter(({ group, id }) => group === null && !hooks.has(id))
  const answered = own.filter((step) => isAnswered(step))
  const needed = new Set(answered.flatMap((step) => [...neededBy(step, own)]))
  return answered.filter(({ id }) => !needed.has(id))
}

function isAnswered(step: StepView): boolean {
  const doer = doerOf(step)
  return step.status === "success" && (doer === "worker" || doer === "parts") && !isBlank(step.output)
}

/** The ids of all steps that must end before this one begins. */
function neededBy(step: StepView, steps: readonly StepView[]): Set<string> {
  const byId = new Map(steps.map((one) => [one.id, one]))
  const found = new Set<string>()
  const queue = [...step.needs]
  for (const id of queue) {
    if (found.has(id)) continue
    found.add(id)
    queue.push(...(byId.get(id)?.needs ?? []))
  }
  return found
}

/** Returns the steps that failed by themselves, not only because a part of them did. */
export function failedSteps(steps: readonly StepView[]): StepView[] {
  const failed = steps.filter(({ status }) => status === "failed")
  const groups = new Set(failed.map(({ group }) => group))
  return failed.filter(({ id }) => !groups.has(id))
}
