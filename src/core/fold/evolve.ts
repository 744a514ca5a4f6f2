import { emptyQueue, push, type Queue, shift } from "../base/queue.ts"
import { rowAt, rowsOf, tableOf, withRow } from "../base/table.ts"
import { isGroup } from "../model/ancestry.ts"
import { RUN_FORMAT, type RunCreated, type RunEvent, type Usage } from "../model/events.ts"
import { dependencyGraphOf } from "../model/graph.ts"
import type { StepResult, StepStatus } from "../model/result.ts"
import { type Run, type StepRequest, type StepState, spentBy, stepOf, wentWell } from "../model/run.ts"
import { lowest, NO_TOTAL_USAGE, plus } from "../model/usage.ts"
import type { Step } from "../model/workflow.ts"
import { close, gateDecided, gateHold, gateOpened } from "./gates.ts"
import { begun, expanded, isAtWork, looked, partOver, without } from "./group-parts.ts"
import { edit, reopen } from "./reopen.ts"

function create(event: RunCreated): Run {
  let ready: Queue<number> = emptyQueue
  const rows = event.workflow.steps.map((step, index): StepState => {
    const unmet = step.hook ? 1 : new Set(step.needs).size
    if (unmet === 0) ready = push(ready, index)
    return { id: step.id, index, status: "pending", attempt: 0, unmet }
  })
  return {
    id: event.run,
    created: event,
    status: "running",
    ...(event.parent === undefined ? {} : { parent: event.parent }),
    steps: tableOf(rows),
    specs: event.workflow.steps,
    due: [],
    ready,
    delayed: [],
    running: 0,
    tries: 0,
    well: 0,
    spent: NO_TOTAL_USAGE,
    delegated: NO_TOTAL_USAGE,
    budget: lowest(event.workflow.settings.budget, event.limits.budget),
    activeSince: event.at,
    workedMs: 0,
    graph: dependencyGraphOf(event.workflow.steps),
  }
}

/**
 * Removes `index` from the ready queue. Steps start in the queue's order, so it is the head. In
 * journals of earlier versions, steps that have already left the pending state may precede it.
 */
function dequeue(run: Run, index: number): Queue<number> {
  for (let next = shift(run.ready); next; next = shift(next.rest)) {
    if (next.item === index) return next.rest
    if (rowAt(run.steps, next.item).status === "pending") break
  }
  return run.ready
}

function stepEnded(run: Run, step: StepState, event: Extract<RunEvent, { type: "step.ended" }>): Run {
  const { result, at, retryAt } = event
  const { isAnswered: _, ...rest } = step
  const freed = isAtWork(run, step) ? 1 : 0
  const ended: StepState = { ...rest, endedAt: at, result }
  // The usage of an answer was counted when the answer arrived.
  const isCounted = step.isAnswered === true
  const spent = isCounted ? run.spent : plus(run.spent, result)
  const delegated = isCounted ? run.delegated : plus(run.delegated, event.delegated)
  if (retryAt !== undefined) {
    const waiting: StepState = { ...ended, status: "pending", retryAt }
    return {
      ...run,
      steps: withRow(run.steps, step.index, waiting),
      delayed: [...run.delayed, step.index],
      running: run.running - freed,
      spent,
      delegated,
    }
  }
  const status = endStatus(run, step, result)
  const row = { ...ended, status }
  const steps = withRow(run.steps, step.index, row)
  const after = { ...run, steps, running: run.running - freed, due: without(run.due, step.index), spent, delegated }
  return settle(after, step, wentWell(row))
}

function endStatus(run: Run, step: StepState, { reason }: StepResult): StepStatus {
  if (reason === "ok") return "success"
  if (reason === "aborted") return "cancelled"
  return run.specs[step.index]?.onFailure === "skip" ? "skipped" : "failed"
}

/** Decrements the unmet count of every dependent. */
function settle(run: Run, { index, id }: StepState, isWell: boolean): Run {
  const { part } = run.specs[index] as Step
  const group = part === undefined ? undefined : stepOf(run, part.of)
  if (group?.parts && part) return settleAmong(partOver(run, group, group.parts), { index, id }, isWell, 0)
  return settleAmong(run, { index, id }, isWell, 1)
}

function settleAmong(run: Run, { index, id }: Pick<StepState, "index" | "id">, isWell: boolean, counts: 0 | 1): Run {
  let { steps, ready } = run
  for (const at of run.graph.dependents[index] ?? []) {
    const dependent = rowAt(steps, at)
    const broken = dependent.broken ?? (isWell ? undefined : id)
    const next = { ...dependent, unmet: dependent.unmet - 1, ...(broken === undefined ? {} : { broken }) }
    steps = withRow(steps, at, next)
    if (next.unmet === 0) ready = push(ready, at)
  }
  return { ...run, steps, ready, well: run.well + (isWell ? counts : 0) }
}

/** Stops the clock of a run that is no longer active. */
function stopped(run: Run, at: number): Run {
  if (run.status !== "running") return run
  return { ...run, workedMs: run.workedMs + Math.max(0, at - run.activeSince), activeSince: at }
}

/** The journal's events by their type. */
type EventOf = { readonly [E in RunEvent as E["type"]]: E }
type FoldRules = { readonly [T in Exclude<RunEvent["type"], "run.created">]: (run: Run, event: EventOf[T]) => Run }

/**
 * The rule by which each event changes a run. `tsc` reports an event type that has no rule here.
 */
const RULES: FoldRules = {
  "run.interrupted": (run, { at }) => ({ ...stopped(run, at), status: "interrupted" }),
  "run.pausing": (run, { hold }) => ({ ...run, hold }),
  "run.paused": (run, { at, hold }) => ({ ...stopped(run, at), status: "paused", hold }),
  "run.edited": edit,
  "run.closing": close,
  "budget.raised": (run, { budget }) => ({ ...run, budget: { ...run.budget, ...budget } }),
  "run.resumed": resume,
  // This also applies to an interrupted run: the process that stops it drives it to its end.
  "run.stopping": (run, { cause }) => ({ ...run, status: "running", stopping: cause }),
  "run.ended": (run, { at, status, cause }) => ({
    ...stopped(run, at),
    status,
    endedAt: at,
    ...(cause === undefined ? {} : { cause }),
  }),
  "run.format": checkFormat,
  "run.seen": (run, { commit, dirty }) => ({ ...run, seen: { commit, dirty } }),
  "run.changed": (run) => run,
  "run.unseen": (run) => run,
  "step.expanded": expanded,
  "step.started": onStep(stepStarted),
  "step.opened": onStep(stepOpened),
  "step.checkpointed": onStep(stepCheckpointed),
  "step.warned": onStep((run, step, { warning }) =>
    withStep(run, { ...step, warnings: [...(step.warnings ?? []), warning] }),
  ),
  "step.steered": onStep(stepSteered),
  "step.asked": onStep((run, step, { id, kind, title, details, at, again }) => {
    const earlier = (step.requests ?? []).filter((one) => !again || one.id !== id)
    return withStep(run, { ...step, requests: [...earlier, { id, kind, title, details, askedAt: at }] })
  }),
  "step.replied": onStep((run, step, { id }) => {
    const { requests = [] } = step
    return withStep(run, { ...step, requests: requests.map((one) => (one.id === id ? { ...one, isOver: true } : one)) })
  }),
  "step.held": onStep((run, step, { hold }) => ({
    ...withStep(run, { ...step, status: "waiting", hold }),
    running: run.running - 1,
    hold,
  })),
  "step.skipped": onStep(stepSkipped),
  "step.answered": onStep(stepAnswered),
  "step.checked": onStep(stepChecked),
  "step.looked": onStep(looked),
  "step.ended": onStep(stepEnded),
  "gate.opened": onStep(gateOpened),
  "gate.decided": onStep(gateDecided),
}

/** Builds the rule of an event that concerns one step. */
function onStep<E extends { readonly step: string }>(rule: (run: Run, step: StepState, event: E) => Run) {
  return (run: Run, event: E): Run => {
    const step = stepOf(run, event.step)
    if (step === undefined) throw new Error(`journal of run ${run.id} names step ${event.step}, which it does not have`)
    return rule(run, step, event)
  }
}

/**
 * Applies one more event to a run. Pure, deterministic, and total over journals that this or an
 * earlier version wrote: the same events always yield the same run. Throws only on a journal of a
 * newer version, or one that no version could have written.
 */
export function evolve(run: Run | undefined, event: RunEvent): Run {
  if (event.type === "run.created") return create(event)
  if (run === undefined) throw new Error(`journal begins with ${event.type}, not run.created`)
  return apply(run, event.type, event)
}

function apply<T extends keyof FoldRules>(run: Run, type: T, event: EventOf[T]): Run {
  if (!Object.hasOwn(RULES, type))
    throw new UnreadableRun(
      `the journal of run ${run.id} has the event \`${type}\`, which this version does not know: update opencode-baton`,
    )
  return RULES[type](run, event)
}

/** A run that a newer version of Baton wrote. Its meaning is not guessed. */
export class UnreadableRun extends Error {}

function checkFormat(run: Run, { format }: EventOf["run.format"]): Run {
  if (format <= RUN_FORMAT) return run
  throw new UnreadableRun(
    `run ${run.id} was written by a newer version of Baton (format ${format}, this one reads up to ${RUN_FORMAT}): update opencode-baton`,
  )
}

function withStep(run: Run, step: StepState): Run {
  return { ...run, steps: withRow(run.steps, step.index, step) }
}

/**
 * Sets held steps running again, in the same attempt. In a run that had ended, the steps that did
 * not succeed are reset; those that succeeded are always kept (G2).
 */
function resume(ended: Run, event: Extract<RunEvent, { type: "run.resumed" }>): Run {
  const run = ended.endedAt === undefined ? ended : reopen(ended)
  const { hold: _, ...rest } = run
  const held = rowsOf(run.steps).filter((step) => step.status === "waiting" && step.hold)
  let steps = run.steps
  for (const { hold: _hold, ...step } of held) steps = withRow(steps, step.index, { ...step, status: "running" })
  for (const step of event.isLive ? [] : rowsOf(steps)) {
    if (step.requests === undefined) continue
    const requests = step.requests.map((one): StepRequest => (one.isOver ? one : { ...one, isDoubtful: true }))
    steps = withRow(steps, step.index, { ...step, requests })
  }
  const said = event.say === undefined ? undefined : run.graph.indexOf.get(event.say.step)
  if (event.say && said !== undefined) steps = withRow(steps, said, { ...rowAt(steps, said), say: event.say.text })
  // An open gate stays open, because only a person decides it.
  const gate = rowsOf(steps).find((step) => step.gate)
  return {
    ...rest,
    ...(gate ? { hold: gateHold(gate) } : {}),
    status: "running",
    steps,
    running: run.running + held.length,
    activeSince: event.isLive ? run.activeSince : event.at,
    ...(event.parent === undefined ? {} : { parent: event.parent }),
  }
}

function stepStarted(run: Run, step: StepState, event: EventOf["step.started"]): Run {
  const next = {
    ...withStep(run, started(step, event)),
    ready: dequeue(run, step.index),
    delayed: run.delayed.filter((index) => index !== step.index),
  }
  // Stopped before its result was judged: not a rejection.
  const isRefused = step.result !== undefined || event.goOn !== undefined
  if (isGroup(run.specs[step.index] as Step)) return begun(next, step.index, isRefused)
  const running = run.running + (step.status === "running" ? 0 : 1)
  return { ...next, running, tries: run.tries + 1 }
}

function stepAnswered(run: Run, step: StepState, event: EventOf["step.answered"]): Run {
  const answered = withStep(run, { ...step, result: event.result, isAnswered: true })
  if (step.isAnswered) return answered
  return {
    ...answered,
    running: run.running + (isAtWork(run, step) ? 0 : 1),
    due: without(run.due, step.index),
    spent: plus(run.spent, event.result),
    delegated: plus(run.delegated, event.delegated),
  }
}

function stepSkipped(run: Run, step: StepState, { at, cause, detail }: EventOf["step.skipped"]): Run {
  const { isAnswered: _, ...rest } = step
  const row: StepState = { ...rest, status: "skipped", skipped: { cause, detail }, endedAt: at }
  const after = {
    ...withStep(run, row),
    ready: dequeue(run, step.index),
    running: run.running - (isAtWork(run, step) ? 1 : 0),
    due: without(run.due, step.index),
  }
  return settle(after, step, wentWell(row))
}

/**
 * Starts a try of a step. Of the earlier tries it keeps their usage, sessions, warnings and parts.
 */
function started(step: StepState, event: Extract<RunEvent, { type: "step.started" }>): StepState {
  const { attempt, at, goOn } = event
  const { id, index, unmet, broken, warnings, schemaFailures, parts } = step
  const earlier = spentBy(step)
  const session = step.result?.session ?? step.session
  const earlierSessions = [...new Set([...(step.earlierSessions ?? []), ...(session === undefined ? [] : [session])])]
  return {
    id,
    index,
    unmet,
    status: "running",
    attempt,
    startedAt: step.startedAt ?? at,
    tryStartedAt: at,
    ...(broken === undefined ? {} : { broken }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(earlier === undefined ? {} : { earlier }),
    ...(goOn === undefined ? {} : { goOn }),
    ...(schemaFailures === undefined ? {} : { schemaFailures }),
    ...(parts === undefined ? {} : { parts }),
    ...(earlierSessions.length === 0 ? {} : { earlierSessions }),
  }
}

/** Moves a step to a new session. Of the old one it keeps only what the worker wrote down. */
function stepCheckpointed(run: Run, step: StepState, { text, took }: EventOf["step.checkpointed"]): Run {
  const { session: _s, prompt: _p, inputHash: _i, context: _c, messages: _m, ...rest } = step
  const count = (step.checkpoint?.count ?? 0) + 1
  return paid(run, { ...rest, checkpoint: { count, text } }, took)
}

function stepChecked(run: Run, step: StepState, event: EventOf["step.checked"]): Run {
  const { checks, saved, schemaError, took } = event
  const schemaFailures = (step.schemaFailures ?? 0) + (schemaError === undefined ? 0 : 1)
  const checked = {
    ...step,
    checks,
    ...(saved === undefined ? {} : { saved }),
    ...(schemaFailures === 0 ? {} : { schemaFailures }),
  }
  return paid(run, checked, took)
}

/** Adds the usage of a step that was incurred before its result is recorded. */
function paid(run: Run, step: StepState, took: Usage | undefined): Run {
  if (took === undefined) return withStep(run, step)
  const row = { ...step, earlier: plus(step.earlier ?? NO_TOTAL_USAGE, took) }
  return { ...withStep(run, row), spent: plus(run.spent, took) }
}

function stepSteered(run: Run, step: StepState, { action, id, text, at }: EventOf["step.steered"]): Run {
  if (action !== "message" || id === undefined || text === undefined) return run
  const { messages = [] } = step
  const sent = messages.find((message) => message.id === id)
  return withStep(run, { ...step, messages: [...messages, { id, text, at: sent?.at ?? at }] })
}

function stepOpened(run: Run, step: StepState, event: EventOf["step.opened"]): Run {
  const { session, model, inputHash, prompt, context } = event
  return withStep(run, {
    ...step,
    session,
    requestedModel: model,
    inputHash,
    prompt,
    ...(context === undefined ? {} : { context }),
  })
}
