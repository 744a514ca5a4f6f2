import type { Step, Workflow } from "./model.ts"

/** Whether a step's answer is read distilled by some other: it is asked to report, or a profile is in its place. Data is
 *  its own report. */
export function isReadDistilled({ steps }: Pick<Workflow, "steps">, { id, part, schema }: Step): boolean {
  if (schema !== undefined) return false
  return steps.some(
    (step) => step.context === "distilled" && (step.needs.includes(id) || (part && step.needs.includes(part.of))),
  )
}
