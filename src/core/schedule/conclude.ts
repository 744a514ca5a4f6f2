import { isGroup, isInside, isTolerated, scopeAround, settingsOf } from "../model/ancestry.ts"
import type { Usage } from "../model/events.ts"
import type { Reason, StepResult, Warning } from "../model/result.ts"
import { type Run, type StepState, stepOf, wentWell } from "../model/run.ts"
import { groupTraits, isSavedPerItem } from "../model/step-types.ts"
import { NO_USAGE } from "../model/usage.ts"
import type { Check, Opinion, Step } from "../model/workflow.ts"
import { gateOf, retryAt, warningsOf } from "./after-attempt.ts"
import { specOf, stepsThat, type Transaction } from "./transaction.ts"

/**
 * Ends an attempt with a retry, a gate, or a final result, and applies the consequences to the run.
 */

/** True when no new step may start. A failure does not keep the hooks from running. */
export function isStopping(run: Run): boolean {
  return run.stopping !== undefined && !(run.closing !== undefined && run.stopping === "failure")
}

/** True when everything is being stopped. */
export function isAborting(run: Run): boolean {
  return run.stopping === "abort" || run.stopping === "deadline"
}

/** The detail of an answer that arrived too late to be checked. */
export const UNCHECKED = "the run was stopped before its answer was checked"

/**
 * True when an answer needs further work before it counts: checks, reviewers, a schema or an output
 * file. Groups leave to their parts what the parts do themselves.
 */
export function hasFollowUp(spec: Step): boolean {
  const { checks, opinions, schema, output } = followUpOf(spec)
  return checks.length > 0 || opinions.length > 0 || schema !== undefined || output !== undefined
}

export interface FollowUp extends Pick<Step, "schema" | "output"> {
  readonly checks: readonly Check[]
  readonly opinions: readonly Opinion[]
}

/** Returns the checks, reviewers, schema and output file that apply to the step itself. */
export function followUpOf(spec: Step): FollowUp {
  const { checks = [], opinions = [], schema, output } = spec
  const own = { checks, opinions, ...(schema ? { schema } : {}), ...(output === undefined ? {} : { output }) }
  const ofGroup = { checks: [], opinions: [], ...(output === undefined ? {} : { output }) }
  if (spec.loop) return ofGroup
  if (spec.group === undefined) return own
  // The schema applies to the parts. For an ensemble, it applies to the judge's answer.
  if (!groupTraits(spec.group).isCheckedInParts) return { ...ofGroup, checks, opinions }
  // An output path that contains the item belongs to the part.
  return isSavedPerItem(spec) ? { checks: [], opinions: [] } : ofGroup
}

/** Decides what follows an attempt once its checks are done: a retry, a gate, or its end. */
export function weigh(tx: Transaction, step: StepState, result: StepResult, now: number, took?: Usage): void {
  const { run } = tx
  const { id, attempt } = step
  warn(tx, step, warningsOf(run, step, result), now)
  const spec = specOf(run, step)
  const next = isStopping(run) || isGroup(spec) ? undefined : retryAt(run, spec, step, result, now)
  const tried = stepOf(tx.run, id) as StepState
  const gate =
    next === undefined && !isStopping(run) ? gateOf(tx.run, spec, { step: tried, result }, undefined, now) : undefined
  const delegated = took ? { delegated: took } : {}
  if (next !== undefined)
    tx.add({ type: "step.ended", at: now, step: id, attempt, result, retryAt: next, ...delegated })
  else if (gate) {
    tx.add({ type: "step.answered", at: now, step: id, attempt, result, ...delegated })
    tx.add({ type: "gate.opened", at: now, step: id, ...gate })
  } else conclude(tx, id, result, now, took)
}

export function warn(tx: Transaction, { id, attempt }: StepState, warnings: readonly Warning[], now: number): void {
  for (const warning of warnings) tx.add({ type: "step.warned", at: now, step: id, attempt, warning })
}

/** Fails a step that has not got a worker yet. */
export function fail(tx: Transaction, step: StepState, detail: string, now: number, reason: Reason = "error"): void {
  const attempt = step.attempt + 1
  tx.add({ type: "step.started", at: now, step: step.id, attempt })
  const result: StepResult = { reason, output: "", detail, ...NO_USAGE }
  conclude(tx, step.id, result, now)
}

/** Records the final result of a step and applies its consequences to the run. */
export function conclude(tx: Transaction, id: string, result: StepResult, now: number, delegated?: Usage): void {
  const attempt = stepOf(tx.run, id)?.attempt ?? 1
  tx.add({ type: "step.ended", at: now, step: id, attempt, result, ...(delegated ? { delegated } : {}) })
  const { run } = tx
  const step = stepOf(run, id) as StepState
  const spec = specOf(run, step)
  if (wentWell(step) || run.status === "interrupted" || run.stopping || isTolerated(run, spec)) return
  if (settingsOf(run, spec).onFailure !== "stop") return
  const nested = scopeAround(run, spec)
  if (nested) stopWithin(tx, nested.spec.id, id, now)
  else tx.add({ type: "run.stopping", at: now, cause: "failure" })
}

/** Skips the steps of a nested workflow that have not started. Its running steps continue. */
function stopWithin(tx: Transaction, group: string, failed: string, now: number): void {
  const name = specOf(tx.run, stepOf(tx.run, failed) as StepState).part?.name ?? failed
  const detail = `${name} did not succeed`
  for (const { id, attempt } of stepsThat(tx.run, "pending")) {
    const step = stepOf(tx.run, id) as StepState
    if (step.status !== "pending" || attempt > 0 || !isInside(tx.run, specOf(tx.run, step), group)) continue
    tx.add({ type: "step.skipped", at: now, step: id, cause: "needs", detail })
  }
}
