import { rowAt } from "../base/table.ts"
import { DEFAULTS } from "./defaults.ts"
import type { Run, StepState } from "./run.ts"
import { groupTraits, nestedIn } from "./step-types.ts"
import { lowest, NO_TOTAL_USAGE, plus, type TotalUsage } from "./usage.ts"
import type { Budget, Settings, Step, Workflow } from "./workflow.ts"

/** What a step owes to the groups it is a part of: all pure questions to a run. */

export interface Enclosing {
  readonly spec: Step
  readonly row: StepState
}

/** The groups around a step, the nearest first. */
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

/** The workflow whose steps are parts of this one: of a loop they are its rounds' parts. */
function nestedOf(spec: Step): Workflow | undefined {
  return spec.loop === undefined ? nestedIn(spec) : undefined
}

/** The nested workflow a step belongs to; undefined: the run's own. */
export function scopeAround(run: Run, spec: Step): Enclosing | undefined {
  return enclosing(run, spec).find((one) => nestedOf(one.spec) !== undefined)
}

/** The settings that count for a step: those of the nested workflow it belongs to, else the run's. */
export function settingsOf(run: Run, spec: Step): Settings {
  const around = scopeAround(run, spec)
  return (around && nestedOf(around.spec)?.settings) ?? run.created.workflow.settings
}

/** Whether the failure of a step is for a group around it to judge. */
export function isTolerated(run: Run, spec: Step): boolean {
  if (spec.part?.isTolerated) return true
  return enclosing(run, spec).some((one) => one.spec.part?.isTolerated || one.spec.onFailure === "skip")
}

/** Whether the step is inside of the group, however deep. */
export function isInside(run: Run, spec: Step, group: string): boolean {
  return enclosing(run, spec).some((one) => one.spec.id === group)
}

/** The whole of a group has this long from when it began; undefined: as long as its parts take. */
function groupTimeoutMs(spec: Step): number | undefined {
  const nested = nestedOf(spec)?.settings.timeoutMs
  // A chain of workers needs one deadline also when nobody wrote one.
  const hasOwn = spec.group && groupTraits(spec.group).hasOwnDeadline && spec.loop === undefined
  const chain = hasOwn ? DEFAULTS.stepTimeoutMs : undefined
  const times = [spec.timeoutMs ?? chain, nested].filter((time) => time !== undefined)
  return times.length === 0 ? undefined : Math.min(...times)
}

/** When the first of the groups around a step must be over (milliseconds since 1970); a run that is taken up again gives
 *  them their time anew. */
export function deadlineAround(run: Run, spec: Step): number | undefined {
  const ends = enclosing(run, spec).flatMap((one) => {
    const time = groupTimeoutMs(one.spec)
    const began = Math.max(one.row.tryStartedAt ?? 0, run.activeSince)
    return time === undefined ? [] : [began + time]
  })
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/** What a step may spend: its own budget, and of a nested workflow that workflow's; undefined: there is none. */
export function budgetOf(step: Step): Budget | undefined {
  const { budget } = step
  const inner = nestedIn(step)?.settings.budget
  return budget === undefined || inner === undefined ? (budget ?? inner) : lowest(budget, inner)
}

/** What a step has taken so far, its parts included, and how many tries that were. */
export function takenBy(run: Run, row: StepState): TotalUsage & { readonly tries: number } {
  const own =
    row.result === undefined ? (row.earlier ?? NO_TOTAL_USAGE) : plus(row.earlier ?? NO_TOTAL_USAGE, row.result)
  if (row.parts === undefined) return { ...own, tries: row.attempt }
  return row.parts.all
    .map((index) => takenBy(run, rowAt(run.steps, index)))
    .reduce((sum, one) => ({ ...plus(sum, one), tries: sum.tries + one.tries }), { ...own, tries: 0 })
}

/** What groups and their parts make of a run: parts of `evolve`. */

/** Whether a step is done by steps of its own. */
export function isGroup({ group, loop }: Step): boolean {
  return group !== undefined || loop !== undefined
}
