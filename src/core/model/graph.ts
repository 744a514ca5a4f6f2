import type { Step } from "./workflow.ts"

/** The edges between steps, by step index. */
export interface DependencyGraph {
  readonly indexOf: ReadonlyMap<string, number>
  readonly dependents: readonly (readonly number[])[]
}

/**
 * Returns the needs that decide when a step starts. A hook starts after all ordinary steps, no
 * matter which of them its prompt reads, so only the hooks among its needs count.
 */
export function orderingNeedsOf(step: Step, specOf: (id: string) => Step | undefined): readonly string[] {
  return step.hook ? step.needs.filter((need) => specOf(need)?.hook) : step.needs
}

/** Builds the edges of all steps. A need that names no step of the list adds no edge. */
export function dependencyGraphOf(steps: readonly Step[]): DependencyGraph {
  const indexOf = new Map(steps.map((step, index) => [step.id, index]))
  const dependents: number[][] = steps.map(() => [])
  for (const [index, step] of steps.entries()) {
    for (const need of new Set(orderingNeedsOf(step, (id) => steps[indexOf.get(id) ?? -1])))
      dependents[indexOf.get(need) as number]?.push(index)
  }
  return { indexOf, dependents }
}
