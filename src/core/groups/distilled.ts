import { enclosing, isGroup } from "../model/ancestry.ts"
import type { Run, StepState } from "../model/run.ts"
import { doneBy, groupTraits } from "../model/step-types.ts"
import type { Step } from "../model/workflow.ts"
import { membersOf } from "./members.ts"

/** Decides which steps are read `distilled`, and which answers of a group count then. */

/**
 * True when another step reads this step's answer distilled. The worker is then asked for a report,
 * or a profile distils the answer. Structured data is its own report.
 */
export function isReadDistilled(run: Run, spec: Step): boolean {
  if (spec.schema !== undefined || spec.part?.role === "proposer") return false
  const needed = neededDistilled(run.specs)
  if (needed.size === 0) return false
  return needed.has(spec.id) || enclosing(run, spec).some((one) => needed.has(one.spec.id))
}

/** A cache for each list of steps, because every step asks. */
const known = new WeakMap<readonly Step[], ReadonlySet<string>>()

/** Returns the ids of the steps that are needed by steps with the context `distilled`. */
function neededDistilled(specs: readonly Step[]): ReadonlySet<string> {
  const needed = known.get(specs) ?? new Set(specs.filter(readsDistilled).flatMap(({ needs }) => needs))
  known.set(specs, needed)
  return needed
}

/** True when the workflow's distiller runs after the step has answered. */
export function isDistilled(run: Run, spec: Step): boolean {
  if (run.created.workflow.distiller === undefined || doneBy(spec.type) === "checks" || isGroup(spec)) return false
  return isReadDistilled(run, spec)
}

/** Also true for a group with such a part, because its parts may not exist yet. */
function readsDistilled({ context, group }: Step): boolean {
  if (context === "distilled") return true
  return group !== undefined && groupTraits(group).steps(group).some(readsDistilled)
}

/**
 * Returns the steps that a step's answer comes from: the step itself, or the parts of a group that
 * count. Only steps that succeeded are returned.
 */
export function authorsOf(run: Run, row: StepState): StepState[] {
  if (row.status !== "success") return []
  if (row.parts === undefined) return [row]
  const members = membersOf(run, row)
  const isLast = run.specs[row.index]?.loop !== undefined
  // A judge's own answer is a verdict; the ensemble holds the answer.
  if (members.some(({ spec }) => spec.part?.role === "judge")) return [row]
  const counted = isLast ? members.slice(-1) : members
  return counted.flatMap((member) => authorsOf(run, member.row))
}
