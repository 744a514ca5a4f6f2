import { rowAt } from "../base/table.ts"
import { DEFAULTS } from "./defaults.ts"
import type { Run, StepState } from "./run.ts"
import { groupTraits, nestedIn } from "./step-types.ts"
import { lowest, NO_TOTAL_USAGE, plus, type TotalUsage } from "./usage.ts"
import type { Budget, Settings, Step, Workflow } from "./workflow.ts"

/** Queries about the groups that enclose a step. All are pure functions of a run. */

export interface Enclosing {
  readonly spec: Step
  readonly row: StepState
}

/** Returns the groups that enclose a step, innermost first. */
export function enclosing(run: Run, spec: Step): Enclosing[] {
  const around: Enclosing[] = []
  for (let of = spec.part?.of; of !== undefined; ) {
    const index = run.graph.indexOf.get(of)
    const group = index === undefined ? undefined : run.specs[index]
    if (index === undefined || group === undefined) break
    around.push({ spec: group, row: rowAt(run.steps, index) })
    of = group.part?.of
  }
  return around
}

/**
 * Returns the nested workflow whose steps are this step's parts. A loop has none: its parts are
 * rounds, and the nested workflow belongs to each round.
 */
function nestedOf(spec: Step): Workflow | undefined {
  return spec.loop === undefined ? nestedIn(spec) : undefined
}

/**
 * Returns the nested workflow a step belongs to, or undefined when the step belongs to the run's
 * own workflow.
 */
export function scopeAround(run: Run, spec: Step): Enclosing | undefined {
  return enclosing(run, spec).find((one) => nestedOf(one.spec) !== undefined)
}

/** Returns the settings that apply to a step: those of its nested workflow, or else the run's. */
export function settingsOf(run: Run, spec: Step): Settings {
  const around = scopeAround(run, spec)
  return (around && nestedOf(around.spec)?.settings) ?? run.created.workflow.settings
}

/** True when an enclosing group decides what the step's failure means. */
export function isTolerated(run: Run, spec: Step): boolean {
  if (spec.part?.isTolerated) return true
  return enclosing(run, spec).some((one) => one.spec.part?.isTolerated || one.spec.onFailure === "skip")
}

/** True when the group encloses the step, at any depth. */
export function isInside(run: Run, spec: Step, group: string): boolean {
  return enclosing(run, spec).some((one) => one.spec.id === group)
}

/**
 * Returns the deadline of a whole group in milliseconds from its start, or undefined when only the
 * deadlines of its parts limit it.
 */
function groupTimeoutMs(spec: Step): number | undefined {
  const nested = nestedOf(spec)?.settings.timeoutMs
  // A chain of workers needs one deadline even when the workflow sets none.
  const hasOwn = spec.group && groupTraits(spec.group).hasOwnDeadline && spec.loop === undefined
  const chain = hasOwn ? DEFAULTS.stepTimeoutMs : undefined
  const times = [spec.timeoutMs ?? chain, nested].filter((time) => time !== undefined)
  return times.length === 0 ? undefined : Math.min(...times)
}

/**
 * Returns the earliest deadline of the groups that enclose a step (milliseconds since 1970), or
 * undefined when there is none. Resuming a run restarts the clocks of its groups.
 */
export function deadlineAround(run: Run, spec: Step): number | undefined {
  const ends = enclosing(run, spec).flatMap((one) => {
    const time = groupTimeoutMs(one.spec)
    const began = Math.max(one.row.tryStartedAt ?? 0, run.activeSince)
    return time === undefined ? [] : [began + time]
  })
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/**
 * Returns the budget of a step: the lower of its own and its nested workflow's, or undefined when
 * neither is set.
 */
export function budgetOf(step: Step): Budget | undefined {
  const { budget } = step
  const inner = nestedIn(step)?.settings.budget
  return budget === undefined || inner === undefined ? (budget ?? inner) : lowest(budget, inner)
}

/** Sums the usage and the tries of a step so far, including those of its parts. */
export function takenBy(run: Run, row: StepState): TotalUsage & { readonly tries: number } {
  const own =
    row.result === undefined ? (row.earlier ?? NO_TOTAL_USAGE) : plus(row.earlier ?? NO_TOTAL_USAGE, row.result)
  if (row.parts === undefined) return { ...own, tries: row.attempt }
  return row.parts.all
    .map((index) => takenBy(run, rowAt(run.steps, index)))
    .reduce((sum, one) => ({ ...plus(sum, one), tries: sum.tries + one.tries }), { ...own, tries: 0 })
}

/** True when a step consists of parts: it has a group type or it is a loop. */
export function isGroup({ group, loop }: Step): boolean {
  return group !== undefined || loop !== undefined
}
