import { rowAt, rowsOf } from "../base/table.ts"
import { membersOf, summary } from "../groups/members.ts"
import { nextOf } from "../groups/next-of.ts"
import { isGroup } from "../model/ancestry.ts"
import { gateTimeoutOf } from "../model/defaults.ts"
import type { StepResult } from "../model/result.ts"
import { type StepState, stepOf } from "../model/run.ts"
import { NO_USAGE } from "../model/usage.ts"
import { conclude, hasFollowUp, isAborting, isStopping, UNCHECKED, warn, weigh } from "./conclude.ts"
import { specOf, type Transaction } from "./transaction.ts"

/**
 * Advances every group that is due as far as possible: to more parts, to its end, or to a look at
 * the project that must come first.
 */
export function advanceGroups(tx: Transaction, now: number): void {
  const waiting = new Set<number>()
  for (;;) {
    const index = tx.run.due.find((due) => !waiting.has(due))
    if (index === undefined) return
    if (!advance(tx, rowAt(tx.run.steps, index), now)) waiting.add(index)
  }
}

/** Advances one group. Returns false when it has to wait. */
function advance(tx: Transaction, step: StepState, now: number): boolean {
  const { run } = tx
  const { id, attempt } = step
  const spec = specOf(run, step)
  const next = nextOf(run, spec, step, tx.expressions)
  if (next.type === "result") {
    warn(tx, step, next.warnings ?? [], now)
    end(tx, stepOf(tx.run, id) as StepState, next.result, now)
    return true
  }
  if (isStopping(run)) return false
  if (next.type === "steps") {
    const { steps, inputs, seed } = next
    const facts = { ...(inputs ? { inputs } : {}), ...(seed === undefined ? {} : { seed }) }
    tx.add({ type: "step.expanded", at: now, step: id, steps, ...facts })
    return true
  }
  if (next.type === "look") {
    tx.effects.push({ type: "look", step: id, attempt })
    return false
  }
  const { settings } = run.created.workflow
  const expiresAt = now + gateTimeoutOf(settings)
  const otherwise = "abort"
  tx.add({ type: "gate.opened", at: now, step: id, why: "stagnant", detail: next.detail, expiresAt, otherwise })
  // A person decides how the loop continues.
  return false
}

function end(tx: Transaction, step: StepState, result: StepResult, now: number): void {
  const { id, attempt } = step
  if (result.reason !== "ok" || !hasFollowUp(specOf(tx.run, step))) weigh(tx, step, result, now)
  else if (isAborting(tx.run)) weigh(tx, step, { ...result, reason: "aborted", detail: UNCHECKED }, now)
  else {
    tx.add({ type: "step.answered", at: now, step: id, attempt, result })
    tx.effects.push({ type: "check", step: id, attempt })
  }
}

/** Ends the groups that can never finish because the run is over, innermost first. */
export function endGroups(tx: Transaction, now: number): void {
  const open = rowsOf(tx.run.steps).filter((row) => row.status === "running" && isGroup(specOf(tx.run, row)))
  for (const { index } of open.reverse()) {
    const row = rowAt(tx.run.steps, index)
    const members = membersOf(tx.run, row)
    const bad = members.filter(({ isWell }) => !isWell)
    const detail = bad.length > 0 ? summary(bad, members.length) : "the run ended before it was done"
    conclude(tx, row.id, { ...NO_USAGE, reason: isAborting(tx.run) ? "aborted" : "error", output: "", detail }, now)
  }
}
