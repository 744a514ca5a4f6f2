import type { Step } from "./workflow.ts"

/** The edges between steps by their index. */
export interface DependencyGraph {
  readonly indexOf: ReadonlyMap<string, number>
  readonly dependents: readonly (readonly number[])[]
}

/** The edges of all steps, worked out at once. A need that no step has is none. */
export function dependencyGraphOf(steps: readonly Step[]): DependencyGraph {
  const indexOf = new Map(steps.map((step, index) => [step.id, index]))
  const dependents: number[][] = steps.map(() => [])
  for (const [index, step] of steps.entries()) {
    // A hook waits for the end of everything, whatever its prompt reads.
    for (const need of step.hook ? [] : new Set(step.needs)) dependents[indexOf.get(need) as number]?.push(index)
  }
  return { indexOf, dependents }
}
