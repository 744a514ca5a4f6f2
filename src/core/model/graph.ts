import type { Step } from "./workflow.ts"

/** The edges between steps, by step index. */
export interface DependencyGraph {
  readonly indexOf: ReadonlyMap<string, number>
  readonly dependents: readonly (readonly number[])[]
}

/** Builds the edges of all steps. A need that names no step of the list adds no edge. */
export function dependencyGraphOf(steps: readonly Step[]): DependencyGraph {
  const indexOf = new Map(steps.map((step, index) => [step.id, index]))
  const dependents: number[][] = steps.map(() => [])
  for (const [index, step] of steps.entries()) {
    // A hook starts after all ordinary steps, no matter which of them its prompt reads.
    for (const need of step.hook ? [] : new Set(step.needs)) dependents[indexOf.get(need) as number]?.push(index)
  }
  return { indexOf, dependents }
}
