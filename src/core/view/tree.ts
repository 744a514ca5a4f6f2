import { sumOf } from "../model/usage.ts"
import type { StepView } from "./view.ts"

/** The steps of a run as a tree: parts below their group. */

/** A step with its position in the tree. */
export interface Branch {
  readonly step: StepView
  /** The number of groups that enclose it. */
  readonly level: number
  /** Its usage, including all its parts at any depth. A step that never started has none. */
  readonly spent: Pick<StepView, "tokens" | "cost" | "knownUsd">
  /** Whether it has parts. */
  readonly isGroup: boolean
}

/** Returns every step below its group, otherwise in the order of the run. */
export function treeOf(steps: readonly StepView[]): Branch[] {
  const parts = partsByGroup(steps)
  const branchesOf = (step: StepView, level: number): [Branch, ...Branch[]] => {
    const own = (parts.get(step.id) ?? []).map((part) => branchesOf(part, level + 1))
    const took = own.flatMap(([part]) => (part.step.attempts > 0 ? [part.spent] : []))
    return [{ step, level, spent: sumOf([step, ...took]), isGroup: own.length > 0 }, ...own.flat()]
  }
  return (parts.get(null) ?? []).flatMap((step) => branchesOf(step, 0))
}

/** Returns the parts of each group in order. The key null holds the steps without a known group. */
export function partsByGroup(steps: readonly StepView[]): ReadonlyMap<string | null, readonly StepView[]> {
  const ids = new Set(steps.map(({ id }) => id))
  const parts = new Map<string | null, StepView[]>()
  for (const step of steps) {
    const group = step.group !== null && ids.has(step.group) ? step.group : null
    const among = parts.get(group)
    if (among) among.push(step)
    else parts.set(group, [step])
  }
  return parts
}
