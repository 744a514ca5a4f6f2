import { isAtWork } from "../fold/group-parts.ts"
import { isDistilled } from "../groups/distilled.ts"
import { todosOf } from "../groups/loop.ts"
import { refusedRaise } from "../model/budget.ts"
import { type Command, RUN_FORMAT, type RunEvent, type Usage } from "../model/events.ts"
import { type CheckResult, failedChecks, type StepResult, type Warning } from "../model/result.ts"
import { type Run, type StepState, spendingOf, stepOf } from "../model/run.ts"
import { describeSkip } from "../model/state-text.ts"
import { doneBy } from "../model/step-types.ts"
import { NO_USAGE } from "../model/usage.ts"
import type { GateAction } from "../model/workflow.ts"
import type { Expressions } from "../ports/expressions.ts"
import { effectsGate } from "./after-attempt.ts"
import { conclude, hasFollowUp, isAborting, UNCHECKED, warn, weigh } from "./conclude.ts"
import { lostWords } from "./gate-words.ts"
import { end, proceed, start } from "./proceed.ts"
import { asked, replied } from "./requests.ts"
import { type Decision, refuse, specOf, stepsThat, Transaction } from "./transaction.ts"

/**
 * Schedules a run: one pure function of the run so far (undefined before `create`), a command, and
 * the time in milliseconds. It reads no clock and performs nothing itself. Invariants, kept by
 * property tests:
 *
 *   I1  a step starts only when every step it needs has ended, and has gone well unless its
 *       condition says otherwise; it never starts twice without a resume, a retry or a person's
 *       decision
 *   I2  at most min(max_parallel, max_workers) steps run at once
 *   I3  a run with nothing running, nothing startable and no pending retry ends or pauses in the
 *       same decision
 *   I4  an answer for an attempt that is not running changes nothing
 *   I5  while a hold exists nothing starts; once nothing runs, the run pauses, or ends when it is
 *       stopping
 *   I6  a step that succeeded never starts again
 */
export function decide(run: Run | undefined, command: Command, now: number, expressions: Expressions): Decision {
  if (command.type === "create") {
    const created: RunEvent = { type: "run.created", at: now, ids: "time", ...command.created }
    const format: RunEvent = { type: "run.format", at: now, format: RUN_FORMAT }
    return proceed(new Transaction(undefined, expressions).add(created).add(format), now)
  }
  if (run === undefined) return refuse(undefined, "there is no such run")
  const tx = new Transaction(run, expressions, "by" in command ? command : {})
  const isOver = run.endedAt !== undefined
  const over = () => refuse(run, `run ${run.id} has ended (${run.status})`)
  switch (command.type) {
    case "resume":
      return resume(tx, command, now)
    case "interrupt":
      return run.status === "running" ? interrupt(tx, command.by, now) : refuse(run, `run ${run.id} is not running`)
    case "abort":
      return isOver ? over() : stop(tx, "abort", now, command.by)
    case "deadline":
      return run.status === "running" ? stop(tx, "deadline", now) : refuse(run, `run ${run.id} is not running`)
    case "pause":
      return pause(tx, command.by, now)
    case "raise":
      return isOver ? over() : raise(tx, command, now)
    case "seen":
      return run.seen ? refuse(run, "it was seen before") : fact(tx, { ...command, type: "run.seen", at: now })
    case "changed":
      return isOver ? fact(tx, { ...command, type: "run.changed", at: now }) : refuse(run, "it has not ended yet")
    case "unseen":
      return fact(tx, { ...command, type: "run.unseen", at: now })
    case "decide":
      return decideGate(tx, command, now)
    case "tick":
      return isOver || run.status === "interrupted" ? refuse(run, `run ${run.id} is not running`) : tick(tx, now)
    default:
      return answer(tx, command, now)
  }
}

/** Records an event that has no consequences. */
function fact(tx: Transaction, event: RunEvent): Decision {
  return tx.add(event).decision()
}

// ── commands of a person ─────────────────────────────────────────────────────────────────────────

function resume(tx: Transaction, command: Extract<Command, { type: "resume" }>, now: number): Decision {
  const { run } = tx
  const { stopping, status } = run
  const { by, parent, edited, isLive } = command
  if (run.status === "success" && !edited) return refuse(run, `run ${run.id} has ended (success)`)
  // The live worker would keep working on a step that the edit resets.
  if (edited && isLive) return refuse(run, `run ${run.id} is running: pause it before you resume it with --edited`)
  if (edited) tx.add({ type: "run.edited", at: now, by, ...edited })
  const live = isLive ? { isLive } : {}
  tx.add({ type: "run.resumed", at: now, by, ...(parent === undefined ? {} : { parent }), ...live })
  if (run.endedAt !== undefined) return proceed(tx, now)
  if (stopping === "abort" || stopping === "deadline") return stopRunning(tx)
  // When the run is live, only the held steps restart: the others still have their workers.
  // Otherwise every running step restarts, including those that were held.
  for (const { id } of isLive ? heldOf(run) : atWork(tx.run)) again(tx, stepOf(tx.run, id) as StepState, now)
  // Resuming a paused run also decides its open gates with `continue`. When the run was not paused,
  // the person may not know about its gates.
  for (const step of status === "paused" ? stepsThat(tx.run, "waiting") : [])
    if (step.gate) settleGate(tx, step, { action: "continue", by }, now)
  return proceed(tx, now)
}

/** Returns the steps that a provider's outage holds. */
function heldOf(run: Run): StepState[] {
  return stepsThat(run, "waiting").filter((step) => step.hold)
}

/** A run that never stopped keeps its deadline clock. */
function liveOf({ status }: Run): { readonly isLive?: true } {
  return status === "running" ? { isLive: true } : {}
}

function atWork(run: Run): StepState[] {
  return stepsThat(run, "running").filter((step) => isAtWork(run, step))
}

/** Continues an interrupted step: with its checks when it has answered, or else with its worker. */
function again(tx: Transaction, step: StepState, now: number): void {
  const { id, attempt } = step
  const isPrompted = step.session !== undefined
  if (specOf(tx.run, step).effects === "external" && isPrompted && !step.isAnswered && !tx.run.stopping)
    tx.add({ type: "gate.opened", at: now, step: id, ...effectsGate(tx.run, now) })
  else if (step.isAnswered) tx.effects.push({ type: "check", step: id, attempt })
  else tx.effects.push({ type: "start", step: id, attempt, resumed: true })
}

function interrupt(tx: Transaction, by: string, now: number): Decision {
  return stopRunning(tx.add({ type: "run.interrupted", at: now, by }))
}

function stop(tx: Transaction, cause: "abort" | "deadline", now: number, by?: string): Decision {
  const { run } = tx
  const isStopping = run.stopping === "abort" || run.stopping === cause
  if (isStopping && cause === "deadline") return refuse(run, `run ${run.id} is already stopping`)
  // Repeating the command stops what a crash or an interrupt has left unfinished.
  if (!isStopping || run.status === "interrupted")
    tx.add({ type: "run.stopping", at: now, cause, ...(by === undefined ? {} : { by }) })
  if (run.running > 0) return stopRunning(tx)
  end(tx, now)
  return tx.decision()
}

function stopRunning(tx: Transaction): Decision {
  for (const step of atWork(tx.run)) {
    tx.effects.push({ type: "stop", step: step.id, attempt: step.attempt })
  }
  return tx.decision()
}

function pause(tx: Transaction, by: string, now: number): Decision {
  const { run } = tx
  if (run.status !== "running" || run.stopping) return refuse(run, `run ${run.id} is not running`)
  if (run.hold) return refuse(run, `run ${run.id} is pausing already`)
  tx.add({ type: "run.pausing", at: now, hold: { cause: "person", detail: `paused by ${by}` }, by })
  return proceed(tx, now)
}

function raise(tx: Transaction, command: Extract<Command, { type: "raise" }>, now: number): Decision {
  const { budget, by } = command
  const why = refusedRaise(tx.run.budget, budget, spendingOf(tx.run, now))
  if (why !== undefined) return refuse(tx.run, why)
  tx.add({ type: "budget.raised", at: now, budget, by })
  // This does not resume an interrupted run, because its running steps have no workers.
  if (tx.run.hold?.cause !== "budget" || tx.run.status === "interrupted") return tx.decision()
  tx.add({ type: "run.resumed", at: now, by, ...liveOf(tx.run) })
  return proceed(tx, now)
}

function decideGate(tx: Transaction, command: Extract<Command, { type: "decide" }>, now: number): Decision {
  const { run } = tx
  const step = stepOf(run, command.step)
  if (step === undefined) return refuse(run, `run ${run.id} has no step ${command.step}`)
  const lost = command.message === undefined ? undefined : lostWords(run, step, command.action)
  if (step.gate) {
    if (command.action === "retry" && doneBy(specOf(run, step).type) === "person")
      return refuse(run, `${step.id} has no worker`)
    if (lost !== undefined) return refuse(run, lost)
    const { parent, by } = command
    const isMoved = parent !== undefined && parent !== run.parent
    if (isMoved) tx.add({ type: "run.resumed", at: now, by, parent, ...liveOf(run) })
    settleGate(tx, stepOf(tx.run, step.id) as StepState, command, now)
    if (tx.run.stopping === "abort") return stopRest(tx, now)
    // That resume also set the held steps running.
    for (const { id } of isMoved ? heldOf(run) : []) again(tx, stepOf(tx.run, id) as StepState, now)
    return proceed(tx, now)
  }
  const { action, by, message, parent } = command
  const isAgain = action === "retry" && run.endedAt !== undefined && step.status !== "success"
  if (!isAgain) return refuse(run, `${step.id} is not waiting for a decision (it is ${step.status})`)
  if (lost !== undefined) return refuse(run, lost)
  const say = message === undefined ? {} : { say: { step: step.id, text: message } }
  tx.add({ type: "run.resumed", at: now, by, ...say, ...(parent ? { parent } : {}) })
  return isDoneWith(tx.run, step) ? refuse(run, doneWith(step)) : proceed(tx, now)
}

/** True when a skipped step stays skipped in the resumed run: it counts as done. */
function isDoneWith(run: Run, { id, skipped }: StepState): boolean {
  const now = stepOf(run, id)
  if (now?.status !== "skipped") return false
  // A part that was skipped because of a failed need is reset when its group restarts.
  return specOf(run, now).part === undefined || skipped?.cause !== "needs"
}

function doneWith({ id, skipped, result }: StepState): string {
  const failure = [result?.reason, result?.detail].filter((part) => part !== undefined).join(": ")
  const why = skipped ? describeSkip(skipped) : failure
  return `${id} was skipped (${why}) and counts as done: change it in the workflow, and resume the run with --edited`
}

type DecidedAction = Pick<Extract<Command, { type: "decide" }>, "action" | "by" | "message">

/** Applies a decision to the step at a gate. */
function settleGate(tx: Transaction, step: StepState, { action, by, message }: DecidedAction, now: number): void {
  const { id } = step
  const said = message === undefined ? {} : { message }
  const because = message === undefined ? "" : `: ${message}`
  tx.add({ type: "gate.decided", at: now, step: id, action, by, ...said })
  if (step.gate?.why === "effects") {
    settleEffects(tx, step, action, said, now)
    return
  }
  // The fold makes a stagnant loop due again, so that it runs another round.
  if (step.gate?.why === "stagnant" && (action === "continue" || action === "retry")) return
  const result = step.result ?? { reason: "ok" as const, output: message ?? "", ...NO_USAGE }
  switch (action) {
    case "continue":
      conclude(tx, id, result, now)
      break
    case "retry":
      tx.add({ type: "step.ended", at: now, step: id, attempt: step.attempt, result, retryAt: now })
      start(tx, stepOf(tx.run, id) as StepState, now, message)
      break
    case "skip":
      tx.add({ type: "step.skipped", at: now, step: id, cause: "person", detail: `skipped by ${by}${because}` })
      break
    case "abort":
      if (!isAborting(tx.run)) tx.add({ type: "run.stopping", at: now, cause: "abort", by })
      conclude(tx, id, step.result ?? { ...result, reason: "rejected", detail: `refused by ${by}${because}` }, now)
  }
}

/** Applies a decision to a step that may already have had external effects. */
function settleEffects(
  tx: Transaction,
  step: StepState,
  action: GateAction,
  said: { message?: string },
  now: number,
): void {
  const { id, attempt, isReset } = step
  const unknown = { reason: "aborted" as const, output: "", ...NO_USAGE, ...(isReset ? {} : { cost: null }) }
  // The step was running when its run stopped, so its session may already contain the answer.
  if (action === "continue" && !isReset) tx.effects.push({ type: "start", step: id, attempt, resumed: true })
  else if (action === "continue" || action === "retry") {
    if (!isReset) tx.add({ type: "step.ended", at: now, step: id, attempt, result: unknown, retryAt: now })
    start(tx, stepOf(tx.run, id) as StepState, now, said.message)
  } else if (action === "skip") {
    tx.add({ type: "step.skipped", at: now, step: id, cause: "person", detail: "not done again" })
  } else {
    if (!isAborting(tx.run)) tx.add({ type: "run.stopping", at: now, cause: "abort" })
    conclude(tx, id, unknown, now)
  }
}

function stopRest(tx: Transaction, now: number): Decision {
  if (tx.run.running > 0) return stopRunning(tx)
  end(tx, now)
  return tx.decision()
}

/**
 * Handles the passing of time: starts the retries that are due and decides the gates that have
 * expired.
 */
function tick(tx: Transaction, now: number): Decision {
  for (const step of stepsThat(tx.run, "waiting")) {
    if (!step.gate || step.gate.expiresAt > now) continue
    settleGate(tx, step, { action: step.gate.otherwise, by: "the gate's timeout" }, now)
    if (tx.run.stopping === "abort") return stopRest(tx, now)
  }
  return proceed(tx, now)
}

// ── reports of workers and checks ────────────────────────────────────────────────────────────────

type AttemptCommand = Extract<Command, { readonly attempt: number }>

function answer(tx: Transaction, command: AttemptCommand, now: number): Decision {
  const { run } = tx
  const step = stepOf(run, command.step)
  if (step?.status !== "running" || step.attempt !== command.attempt) {
    return refuse(run, `${command.step} attempt ${command.attempt} is not running`)
  }
  switch (command.type) {
    case "opened":
    case "checkpointed":
    case "warned": {
      const { type, ...facts } = command
      return tx.add({ type: `step.${type}`, at: now, ...facts } as RunEvent).decision()
    }
    case "steered": {
      if (run.status !== "running") return refuse(run, `run ${run.id} is not running`)
      const { type: _, step: id, attempt, ...steered } = command
      tx.add({ type: "step.steered", at: now, step: id, attempt, ...steered })
      const sent = stepOf(tx.run, id)?.messages?.find((message) => message.id === steered.id)
      tx.effects.push({ type: "steer", step: id, attempt, steered, at: sent?.at ?? now })
      return tx.decision()
    }
    case "held": {
      // A resume restarts this step anyway, like every step that an interrupt stopped.
      if (run.status === "interrupted") return refuse(run, `run ${run.id} is interrupted`)
      const { type: _, ...facts } = command
      return proceed(tx.add({ type: "step.held", at: now, ...facts }), now)
    }
    case "looked": {
      if (run.status === "interrupted") return refuse(run, `run ${run.id} is interrupted`)
      const { type: _, ...facts } = command
      const fingerprint = `${facts.fingerprint}${todosOf(run, step)}`
      return proceed(tx.add({ type: "step.looked", at: now, ...facts, fingerprint }), now)
    }
    case "asked":
      return asked(tx, step, command, now)
    case "replied":
      return replied(tx, step, command, now)
    case "checked":
      return checked(tx, step, command, now)
    case "ended":
      return ended(tx, step, command, now)
  }
}

function ended(tx: Transaction, step: StepState, command: Extract<Command, { type: "ended" }>, now: number): Decision {
  const { run } = tx
  const { result, delegated } = command
  // An interrupt stopped this attempt. It is not over, because a resume restarts it.
  if (run.status === "interrupted" && result.reason === "aborted") return refuse(run, `run ${run.id} is interrupted`)
  const { id, attempt } = step
  if (result.reason === "ok" && (hasFollowUp(specOf(run, step)) || isDistilled(run, specOf(run, step)))) {
    if (isAborting(run)) return weighed(tx, step, { ...result, reason: "aborted", detail: UNCHECKED }, now, delegated)
    tx.add({ type: "step.answered", at: now, step: id, attempt, result, ...(delegated ? { delegated } : {}) })
    if (run.status === "running") tx.effects.push({ type: "check", step: id, attempt })
    return tx.decision()
  }
  return weighed(tx, step, result, now, delegated)
}

function weighed(tx: Transaction, step: StepState, result: StepResult, now: number, took?: Usage): Decision {
  weigh(tx, step, result, now, took)
  return tx.run.status === "interrupted" ? tx.decision() : proceed(tx, now)
}

function checked(
  tx: Transaction,
  step: StepState,
  command: Extract<Command, { type: "checked" }>,
  now: number,
): Decision {
  const { run } = tx
  if (step.result === undefined || !step.isAnswered) return refuse(run, `${step.id} has not answered yet`)
  if (run.status === "interrupted") return refuse(run, `run ${run.id} is interrupted`)
  const { type: _, ...facts } = command
  tx.add({ type: "step.checked", at: now, ...facts })
  const { checks, schemaError, structured, handoff } = command
  const warnings = checks
    .filter((check) => !check.isOk && check.severity === "warning")
    .map(({ name, detail }): Warning => ({ kind: "check", text: `${name}: ${detail}` }))
  warn(tx, step, warnings, now)
  const next = stepOf(tx.run, step.id) as StepState
  if (schemaError !== undefined)
    return weighed(tx, next, { ...step.result, reason: "schema", detail: schemaError }, now)
  const isCheck = doneBy(specOf(run, step).type) === "checks"
  const answer = {
    ...step.result,
    ...(structured === undefined ? {} : { structured }),
    ...(handoff === undefined ? {} : { handoff }),
  }
  const result = isCheck ? { ...answer, output: outputOf(checks) } : answer
  const errors = failedChecks(checks)
  const detail = errors.map((check) => `${check.name}: ${check.detail}`).join("; ")
  return weighed(tx, next, errors.length === 0 ? result : { ...result, reason: "check-failed", detail }, now)
}

/** Returns the output of a step that consists only of checks. */
function outputOf(checks: readonly CheckResult[]): string {
  return checks.map(({ name, detail, output }) => `${name}: ${detail}\n${output}`.trim()).join("\n\n")
}
