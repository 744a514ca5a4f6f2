import { rowAt, rowsOf } from "../base/table.ts"
import { membersOf, summary } from "../groups/members.ts"
import { nextOf } from "../groups/next-of.ts"
import { isGroup } from "../model/ancestry.ts"
import { gateTimeoutOf } from "../model/defaults.ts"
import type { StepResult } from "../model/result.ts"
import { type StepState, stepOf } from "../model/run.ts"
import { NO_USAGE } from "../model/usage.ts"
import { conclude, hasAfterwork, isCut, isStopping, UNCHECKED, warn, weigh } from "./conclude.ts"
import { type Draft, specOf } from "./draft.ts"

/** Takes every group whose turn it is as far as it goes now: to more parts, to its end, or to a look that must come first. */
export function advanceGroups(draft: Draft, now: number): void {
  const waiting = new Set<number>()
  for (;;) {
    const index = draft.run.due.find((due) => !waiting.has(due))
    if (index === undefined) return
    if (!advance(draft, rowAt(draft.run.steps, index), now)) waiting.add(index)
  }
}

/** False: it waits. */
function advance(draft: Draft, step: StepState, now: number): boolean {
  const { run } = draft
  const { id, attempt } = step
  const spec = specOf(run, step)
  const next = nextOf(run, spec, step, draft.words)
  if (next.type === "result") {
    warn(draft, step, next.warnings ?? [], now)
    end(draft, stepOf(draft.run, id) as StepState, next.result, now)
    return true
  }
  if (isStopping(run)) return false
  if (next.type === "steps") {
    const { steps, inputs, seed } = next
    const facts = { ...(inputs ? { inputs } : {}), ...(seed === undefined ? {} : { seed }) }
    draft.add({ type: "step.expanded", at: now, step: id, steps, ...facts })
    return true
  }
  if (next.type === "look") {
    draft.effects.push({ type: "look", step: id, attempt })
    return false
  }
  const { settings } = run.created.workflow
  const expiresAt = now + gateTimeoutOf(settings)
  const otherwise = "abort"
  draft.add({ type: "gate.opened", at: now, step: id, why: "stagnant", detail: next.detail, expiresAt, otherwise })
  // It is the turn of whoever decides.
  return false
}

function end(draft: Draft, step: StepState, result: StepResult, now: number): void {
  const { id, attempt } = step
  if (result.reason !== "ok" || !hasAfterwork(specOf(draft.run, step))) weigh(draft, step, result, now)
  else if (isCut(draft.run)) weigh(draft, step, { ...result, reason: "aborted", detail: UNCHECKED }, now)
  else {
    draft.add({ type: "step.answered", at: now, step: id, attempt, result })
    draft.effects.push({ type: "check", step: id, attempt })
  }
}

/** Groups that can never be done, because the run is over: the innermost first. */
export function endGroups(draft: Draft, now: number): void {
  const open = rowsOf(draft.run.steps).filter((row) => row.status === "running" && isGroup(specOf(draft.run, row)))
  for (const { index } of open.reverse()) {
    const row = rowAt(draft.run.steps, index)
    const members = membersOf(draft.run, row)
    const bad = members.filter(({ isWell }) => !isWell)
    const detail = bad.length > 0 ? summary(bad, members.length) : "the run ended before it was done"
    conclude(draft, row.id, { ...NO_USAGE, reason: isCut(draft.run) ? "aborted" : "error", output: "", detail }, now)
  }
}
