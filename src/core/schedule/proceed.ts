import { rowAt, rowsOf } from "../base/table.ts"
import { isAtWork } from "../fold/group-parts.ts"
import { deadlineAround, isGroup } from "../model/ancestry.ts"
import { formatProblems } from "../model/problem.ts"
import type { StepResult } from "../model/result.ts"
import { nextReady, type Run, type StepState } from "../model/run.ts"
import { describeHold } from "../model/state-text.ts"
import { doneBy } from "../model/step-types.ts"
import { NO_USAGE } from "../model/usage.ts"
import type { Step } from "../model/workflow.ts"
import type { Expressions } from "../ports/expressions.ts"
import { overlapOf } from "../rights/file-patterns.ts"
import { advanceGroups, endGroups } from "./advance-groups.ts"
import { effectsGate, gateOf, overBudget, overOwnBudget } from "./after-attempt.ts"
import { fail, isStopping } from "./conclude.ts"
import { messageAfter } from "./feedback.ts"
import { type Decision, specOf, stepsThat, type Transaction } from "./transaction.ts"

/**
 * Starts every step that may start. Ends or pauses the run when nothing is running and nothing can
 * start.
 */
export function proceed(tx: Transaction, now: number): Decision {
  const { workflow, limits } = tx.run.created
  const cap = Math.min(workflow.settings.maxParallel, limits.maxWorkers)
  for (;;) {
    advanceGroups(tx, now)
    const { run } = tx
    if (isStopping(run) || run.hold || run.running >= cap) break
    const delayed = run.delayed.map((index) => rowAt(run.steps, index))
    const retry = delayed.find((step) => (step.retryAt ?? 0) <= now && ownsAlone(tx, step))
    const next = retry ?? nextReady(run, (step) => ownsAlone(tx, step))
    if (!next) break
    const hold = overBudget(run, now)
    if (hold) tx.add({ type: "run.pausing", at: now, hold })
    else if (retry) tryToStart(tx, retry, now)
    else consider(tx, next, now)
  }
  const { run } = tx
  const isOpen = !isStopping(run) && !run.hold
  const retries = isOpen ? run.delayed.map((index) => rowAt(run.steps, index).retryAt ?? now) : []
  // A due group waits until the project has been looked at.
  if (run.running === 0 && retries.length === 0 && !(isOpen && run.due.length > 0)) leave(tx, now)
  // Gates are searched only in a held run, because every gate holds its run.
  const gates = run.hold && !isStopping(run) ? stepsThat(run, "waiting") : []
  const ends = gates.flatMap((step) => step.gate?.expiresAt ?? [])
  // A retry that is already due waits for a free place. It starts when another step ends.
  const wakes = [...retries.filter((at) => at > now), ...ends]
  if (wakes.length > 0) tx.effects.push({ type: "wake", at: Math.min(...wakes) })
  return tx.decision()
}

/**
 * True when no running step owns a file that this step also owns. Proposers and judges write
 * nothing, so they own nothing.
 */
function ownsAlone({ run, expressions }: Transaction, step: StepState): boolean {
  const mine = ownedBy(run, step, expressions)
  if (mine.length === 0) return true
  const atWork = rowsOf(run.steps).filter((other) => other.index !== step.index && isAtWork(run, other))
  return atWork.every((other) => overlapOf(mine, ownedBy(run, other, expressions)) === undefined)
}

function ownedBy(run: Run, { index }: StepState, expressions: Expressions): readonly string[] {
  const spec = run.specs[index] as Step
  const { files = [], part, group, type } = spec
  const isWriter =
    part?.role !== "proposer" && part?.role !== "judge" && doneBy(type) === "worker" && group === undefined
  if (!isWriter) return []
  return files.map((pattern) => {
    const filled = pattern.includes("${") ? expressions.text(run, spec, pattern) : { ok: true as const, value: pattern }
    // A pattern that cannot be filled in could match anything.
    return filled.ok ? filled.value : "**"
  })
}

/** Starts or skips a step whose needs have all ended. */
function consider(tx: Transaction, step: StepState, now: number): void {
  const spec = specOf(tx.run, step)
  const skip = (cause: "condition" | "needs", detail: string) =>
    tx.add({ type: "step.skipped", at: now, step: step.id, cause, detail })
  if (spec.condition === undefined && step.broken !== undefined) {
    skip("needs", `needs ${step.broken}, which did not succeed`)
    return
  }
  if (spec.effects === "external" && step.attempt > 0) {
    tx.add({ type: "gate.opened", at: now, step: step.id, ...effectsGate(tx.run, now) })
    return
  }
  const verdict = spec.condition === undefined ? undefined : tx.expressions.holds(tx.run, spec, spec.condition)
  if (verdict?.ok && !verdict.value) skip("condition", "its condition is false")
  else if (verdict && !verdict.ok) fail(tx, step, `its condition: ${formatProblems(verdict.problems)}`, now)
  else if (doneBy(spec.type) === "person") ask(tx, step, spec, now)
  else tryToStart(tx, step, now)
}

/** Starts a step, or fails it when its time or its budget is used up. */
function tryToStart(tx: Transaction, step: StepState, now: number): void {
  const spec = specOf(tx.run, step)
  const deadline = deadlineAround(tx.run, spec)
  const spent = overOwnBudget(tx.run, spec, step, now)
  if (deadline !== undefined && deadline <= now) fail(tx, step, `${spec.part?.of} has used up its time`, now, "timeout")
  else if (spent !== undefined) fail(tx, step, spent, now, "over-budget")
  else start(tx, step, now)
}

export function start(tx: Transaction, step: StepState, now: number, said?: string): void {
  const attempt = step.attempt + 1
  const text = said ?? messageAfter(step)
  const session = step.result?.session ?? step.session
  const goOn = text === undefined ? undefined : { text, ...(session === undefined ? {} : { session }) }
  const { id } = step
  const spec = specOf(tx.run, step)
  tx.add({ type: "step.started", at: now, step: id, attempt, ...(goOn ? { goOn } : {}) })
  if (isGroup(spec)) return
  if (doneBy(spec.type) === "checks") {
    const result: StepResult = { reason: "ok", output: "", ...NO_USAGE }
    tx.add({ type: "step.answered", at: now, step: id, attempt, result })
    tx.effects.push({ type: "check", step: id, attempt })
  } else tx.effects.push({ type: "start", step: id, attempt, resumed: false })
}

/** Opens the gate of a step that asks a person. */
function ask(tx: Transaction, step: StepState, spec: Step, now: number): void {
  const text = tx.expressions.text(tx.run, spec, spec.prompt)
  if (!text.ok) {
    fail(tx, step, formatProblems(text.problems), now)
    return
  }
  tx.add({ type: "step.started", at: now, step: step.id, attempt: step.attempt + 1 })
  tx.add({ type: "gate.opened", at: now, step: step.id, ...gateOf(tx.run, spec, "gate", text.value, now) })
}

/** Pauses or ends a run in which nothing is running and nothing can start. */
function leave(tx: Transaction, now: number): void {
  const { run } = tx
  if (run.hold && !isStopping(run)) {
    if (run.status !== "paused") tx.add({ type: "run.paused", at: now, hold: describeHold(run.hold) })
  } else if (hasHooks(run) && run.closing === undefined && run.stopping !== "abort" && run.stopping !== "deadline") {
    endGroups(tx, now)
    tx.add({ type: "run.closing", at: now, status: endOf(run) === "success" ? "success" : "failed" })
    proceed(tx, now)
  } else end(tx, now)
}

function hasHooks(run: Run): boolean {
  return run.created.workflow.steps.some((step) => step.hook)
}

/** Returns the outcome of the run. While its hooks have still to run, they are not counted. */
function endOf({ stopping: cause, well, closing, created }: Run): "success" | "failed" | "cancelled" {
  if (cause === "abort") return "cancelled"
  const { steps } = created.workflow
  const all = closing === undefined ? steps.filter((step) => !step.hook).length : steps.length
  return cause || closing === "failed" || well < all ? "failed" : "success"
}

export function end(tx: Transaction, now: number): void {
  endGroups(tx, now)
  const { stopping: cause } = tx.run
  tx.add({ type: "run.ended", at: now, status: endOf(tx.run), ...(cause === undefined ? {} : { cause }) })
}
