import type { StepStatus } from "../model/result.ts"

/** How far a run or a group has come. Only a step that succeeded is done. */

type Steps = readonly { readonly status: StepStatus }[]

function count(steps: Steps, status: StepStatus): number {
  return steps.filter((step) => step.status === status).length
}

/** The share of the steps that are done, from 0 to 1. */
export function shareDone(steps: Steps): number {
  return steps.length === 0 ? 0 : count(steps, "success") / steps.length
}

/** Example: `1/3`. */
export function fractionDone(steps: Steps): string {
  return `${count(steps, "success")}/${steps.length}`
}

/** Example: `1/3 done, 1 failed, 1 cancelled`: what is done, and what ended in another way. */
export function progressWords(steps: Steps): string {
  return [`${fractionDone(steps)} done`, ...otherEnds(steps)].join(", ")
}

/** Example: `2 done, 1 failed`. Empty when no step has ended. */
export function endWords(steps: Steps): string {
  const done = count(steps, "success")
  return [...(done > 0 ? [`${done} done`] : []), ...otherEnds(steps)].join(", ")
}

function otherEnds(steps: Steps): string[] {
  return (["failed", "skipped", "cancelled"] as const).flatMap((status) => {
    const many = count(steps, status)
    return many === 0 ? [] : [`${many} ${status}`]
  })
}
