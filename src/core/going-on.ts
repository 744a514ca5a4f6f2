import { type Decision, type Draft, specOf, stepsThat } from "./draft.ts"
import type { Took } from "./events.ts"
import type { Step, StepResult } from "./model.ts"
import { effectsGate, gateOf, messageAfter, overBudget } from "./outcome.ts"
import { formatProblems } from "./problem.ts"
import { nextReady, type Run, type StepState, stepOf } from "./run.ts"
import { rowAt } from "./table.ts"

/** Starts what may start, and ends or pauses the run when nothing runs and nothing can start. */
export function proceed(draft: Draft, now: number): Decision {
  const { workflow, limits } = draft.run.created
  const cap = Math.min(workflow.settings.maxParallel, limits.maxWorkers)
  while (!isStopping(draft.run) && !draft.run.hold && draft.run.running < cap) {
    const { run } = draft
    const retry = run.delayed.map((index) => rowAt(run.steps, index)).find((step) => (step.retryAt ?? 0) <= now)
    const next = retry ?? nextReady(run)
    if (!next) break
    const hold = overBudget(run)
    if (hold) draft.add({ type: "run.pausing", at: now, hold })
    else if (retry) start(draft, retry, now)
    else consider(draft, next, now)
  }
  const { run } = draft
  const retries = isStopping(run) || run.hold ? [] : run.delayed.map((index) => rowAt(run.steps, index).retryAt ?? now)
  if (run.running === 0 && retries.length === 0) leave(draft, now)
  // Looked for only where there can be one: a gate holds its run.
  const gates = run.hold && !isStopping(run) ? stepsThat(run, "waiting") : []
  const ends = gates.flatMap((step) => step.gate?.expiresAt ?? [])
  // One that is due waits for a place: whoever ends brings it on.
  const wakes = [...retries.filter((at) => at > now), ...ends]
  if (wakes.length > 0) draft.effects.push({ type: "wake", at: Math.min(...wakes) })
  return draft.decision()
}

/** Everything the step needs has ended: it starts, or is skipped. */
function consider(draft: Draft, step: StepState, now: number): void {
  const spec = specOf(draft.run, step)
  const skip = (cause: "condition" | "needs", detail: string) =>
    draft.add({ type: "step.skipped", at: now, step: step.id, cause, detail })
  if (spec.condition === undefined && step.broken !== undefined) {
    skip("needs", `needs ${step.broken}, which did not succeed`)
    return
  }
  if (spec.effects === "external" && step.attempt > 0) {
    draft.add({ type: "gate.opened", at: now, step: step.id, ...effectsGate(draft.run, now) })
    return
  }
  const verdict = spec.condition === undefined ? undefined : draft.words.holds(draft.run, spec, spec.condition)
  if (verdict?.ok && !verdict.value) skip("condition", "its condition does not hold")
  else if (verdict && !verdict.ok) fail(draft, step, `its condition: ${formatProblems(verdict.problems)}`, now)
  else if (spec.type === "gate") ask(draft, step, spec, now)
  else start(draft, step, now)
}

export function start(draft: Draft, step: StepState, now: number, said?: string): void {
  const attempt = step.attempt + 1
  const text = said ?? messageAfter(step)
  const session = step.result?.session ?? step.session
  const goOn = text === undefined ? undefined : { text, ...(session === undefined ? {} : { session }) }
  draft.add({ type: "step.started", at: now, step: step.id, attempt, ...(goOn ? { goOn } : {}) })
  draft.effects.push({ type: "start", step: step.id, attempt, resumed: false })
}

/** A step that fails before it has a worker. */
function fail(draft: Draft, step: StepState, detail: string, now: number): void {
  const attempt = step.attempt + 1
  draft.add({ type: "step.started", at: now, step: step.id, attempt })
  const result: StepResult = { reason: "error", output: "", detail, tokens: { input: 0, output: 0 }, cost: 0 }
  conclude(draft, step.id, result, now)
}

/** A step that is a question to a person. */
function ask(draft: Draft, step: StepState, spec: Step, now: number): void {
  const text = draft.words.prompt(draft.run, spec)
  if (!text.ok) {
    fail(draft, step, formatProblems(text.problems), now)
    return
  }
  draft.add({ type: "step.started", at: now, step: step.id, attempt: step.attempt + 1 })
  draft.add({ type: "gate.opened", at: now, step: step.id, ...gateOf(draft.run, spec, "gate", text.value, now) })
}

/** Nothing runs and nothing can start. */
function leave(draft: Draft, now: number): void {
  const { run } = draft
  if (run.hold && !isStopping(run)) {
    if (run.status !== "paused") draft.add({ type: "run.paused", at: now, hold: run.hold })
  } else if (hasHooks(run) && run.closing === undefined && run.stopping !== "abort" && run.stopping !== "deadline") {
    draft.add({ type: "run.closing", at: now, status: endOf(run) === "success" ? "success" : "failed" })
    proceed(draft, now)
  } else end(draft, now)
}

/** Whether nothing may start any more. A failure does not keep the hooks from running. */
export function isStopping(run: Run): boolean {
  return run.stopping !== undefined && !(run.closing !== undefined && run.stopping === "failure")
}

function hasHooks(run: Run): boolean {
  return run.created.workflow.steps.some((step) => step.hook)
}

/** How the run has gone; of one that has hooks still to run, without them. */
function endOf({ stopping: cause, well, steps, closing, created }: Run): "success" | "failed" | "cancelled" {
  if (cause === "abort") return "cancelled"
  const all = closing === undefined ? created.workflow.steps.filter((step) => !step.hook).length : steps.length
  return cause || closing === "failed" || well < all ? "failed" : "success"
}

export function end(draft: Draft, now: number): void {
  const { stopping: cause } = draft.run
  draft.add({ type: "run.ended", at: now, status: endOf(draft.run), ...(cause === undefined ? {} : { cause }) })
}

/** Writes down how a step ended for good, and what that means for the run. */
export function conclude(draft: Draft, id: string, result: StepResult, now: number, delegated?: Took): void {
  const attempt = stepOf(draft.run, id)?.attempt ?? 1
  draft.add({ type: "step.ended", at: now, step: id, attempt, result, ...(delegated ? { delegated } : {}) })
  const { run } = draft
  const status = stepOf(run, id)?.status
  const isBad = status === "failed" || status === "cancelled"
  const isStop = run.created.workflow.settings.onFailure === "stop"
  if (isBad && isStop && run.status !== "interrupted" && !run.stopping) {
    draft.add({ type: "run.stopping", at: now, cause: "failure" })
  }
}
