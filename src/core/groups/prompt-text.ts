import { doneBy, groupTraits, stepsInside } from "../model/step-types.ts"
import type { Step } from "../model/workflow.ts"

/** Escapes a text so that a template does not change it. */
export function plain(text: string): string {
  return text.replaceAll("${", () => "$${")
}

/**
 * Appends a person's message to the prompts of the step, or of those steps inside it that start
 * first.
 */
export function told(step: Step, words: string | undefined): Step {
  if (words === undefined) return step
  const { group } = step
  const first = (steps: readonly Step[]) => steps.map((one) => (one.needs.length === 0 ? told(one, words) : one))
  if (group !== undefined && stepsInside(step).length > 0) {
    return { ...step, group: groupTraits(group).withSteps(group, first) }
  }
  const doer = doneBy(step.type)
  return doer === "checks" || doer === "person" ? step : { ...step, prompt: `${step.prompt}\n\n${plain(words)}` }
}
