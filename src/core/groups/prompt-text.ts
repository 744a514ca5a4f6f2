import type { Step } from "../model/workflow.ts"

/** Text that means nothing to a template. */
export function plain(text: string): string {
  return text.replaceAll("${", () => "$${")
}

/** The step with a person's words in the prompts of whoever begins it. */
export function told(step: Step, words: string | undefined): Step {
  if (words === undefined) return step
  const { group } = step
  const first = (steps: readonly Step[]) => steps.map((one) => (one.needs.length === 0 ? told(one, words) : one))
  if (group?.type === "parallel") return { ...step, group: { ...group, steps: first(group.steps) } }
  if (group?.type === "workflow") {
    return { ...step, group: { ...group, workflow: { ...group.workflow, steps: first(group.workflow.steps) } } }
  }
  return step.type === "check" || step.type === "gate" ? step : { ...step, prompt: `${step.prompt}\n\n${plain(words)}` }
}
