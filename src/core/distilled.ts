import type { Step } from "./model.ts"

/** Whether a step's answer is read distilled by some other: it is asked to report, or a profile is in its place. Data is
 *  its own report. `steps`: all there are so far. */
export function isReadDistilled(steps: readonly Step[], { id, part, schema }: Step): boolean {
  if (schema !== undefined) return false
  return steps.some(
    (step) => readsDistilled(step) && (step.needs.includes(id) || (part && step.needs.includes(part.of))),
  )
}

/** A step, or one that it will be done by: these may read what it needs. */
function readsDistilled({ context, group }: Step): boolean {
  return context === "distilled" || (group?.type === "parallel" && group.steps.some(readsDistilled))
}
