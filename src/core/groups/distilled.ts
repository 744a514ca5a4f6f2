import { enclosing, isGroup } from "../model/ancestry.ts"
import type { Run, StepState } from "../model/run.ts"
import { doneBy, groupTraits } from "../model/step-types.ts"
import type { Step } from "../model/workflow.ts"
import { membersOf } from "./members.ts"

/** Which steps are read distilled, and what of a group is. */

/** Whether a step's answer is read distilled by some other: it is asked to report, or a profile is in its place. Data is
 *  its own report. */
export function isReadDistilled(run: Run, spec: Step): boolean {
  if (spec.schema !== undefined || spec.part?.role === "proposer") return false
  const needed = neededDistilled(run.specs)
  if (needed.size === 0) return false
  return needed.has(spec.id) || enclosing(run, spec).some((one) => needed.has(one.spec.id))
}

/** Worked out once for the steps a run has: every step asks. */
const known = new WeakMap<readonly Step[], ReadonlySet<string>>()

/** Ids of what those need that read distilled. */
function neededDistilled(specs: readonly Step[]): ReadonlySet<string> {
  const needed = known.get(specs) ?? new Set(specs.filter(readsDistilled).flatMap(({ needs }) => needs))
  known.set(specs, needed)
  return needed
}

/** Whether the workflow's distiller has its turn after a step has answered. */
export function isDistilled(run: Run, spec: Step): boolean {
  if (run.created.workflow.distiller === undefined || doneBy(spec.type) === "checks" || isGroup(spec)) return false
  return isReadDistilled(run, spec)
}

/** Also a group some part of which does: its parts may not be there yet. */
function readsDistilled({ context, group }: Step): boolean {
  if (context === "distilled") return true
  return group !== undefined && groupTraits(group).steps(group).some(readsDistilled)
}

/** The steps whose answers a step's is made of: itself, or of a group the parts that count. Only those that succeeded. */
export function authorsOf(run: Run, row: StepState): StepState[] {
  if (row.status !== "success") return []
  if (row.parts === undefined) return [row]
  const members = membersOf(run, row)
  const isLast = run.specs[row.index]?.loop !== undefined
  // What a judge says is a verdict; the answer is the ensemble's.
  if (members.some(({ spec }) => spec.part?.role === "judge")) return [row]
  const counted = isLast ? members.slice(-1) : members
  return counted.flatMap((member) => authorsOf(run, member.row))
}
