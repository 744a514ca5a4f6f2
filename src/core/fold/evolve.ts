import { emptyQueue, push, type Queue, shift } from "../base/queue.ts"
import { rowAt, rowsOf, tableOf, withRow } from "../base/table.ts"
import { isGroup } from "../model/ancestry.ts"
import type { RunCreated, RunEvent } from "../model/events.ts"
import { graphOf } from "../model/graph.ts"
import type { StepResult, StepStatus } from "../model/result.ts"
import { type Run, type StepState, spentBy, stepOf } from "../model/run.ts"
import { lowest, NOTHING, plus } from "../model/usage.ts"
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
    spent: NOTHING,
    delegated: NOTHING,
    budget: lowest(event.workflow.settings.budget, event.limits.budget),
    activeSince: event.at,
    workedMs: 0,
    graph: graphOf(event.workflow.steps),
  }
}

/**
 * The queue without `index`. Steps leave it in its order, so it is the head; before it may stand what left it another way
 * in journals of earlier versions.
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
  // What an answer took was counted when it came.
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
  const isWell = status === "success" || status === "skipped"
  const steps = withRow(run.steps, step.index, { ...ended, status })
  const after = { ...run, steps, running: run.running - freed, due: without(run.due, step.index), spent, delegated }
  return settle(after, step, isWell)
}

function endStatus(run: Run, step: StepState, { reason }: StepResult): StepStatus {
  if (reason === "ok") return "success"
  if (reason === "aborted") return "cancelled"
  return run.specs[step.index]?.onFailure === "skip" ? "skipped" : "failed"
}

/** A step is over: those that need it have one need less to wait for. */
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

/** Nobody works on it from here on. */
function stopped(run: Run, at: number): Run {
  if (run.status !== "running") return run
  return { ...run, workedMs: run.workedMs + Math.max(0, at - run.activeSince), activeSince: at }
}

/**
 * The run after one more event. Pure, total over journals this or an earlier version wrote, and deterministic: the
 * same events always make the same run. Throws only on a journal that no version could have written.
 */
export function evolve(run: Run | undefined, event: RunEvent): Run {
  if (event.type === "run.created") return create(event)
  if (run === undefined) throw new Error(`journal begins with ${event.type}, not run.created`)
  switch (event.type) {
    case "run.interrupted":
      return { ...stopped(run, event.at), status: "interrupted" }
    case "run.pausing":
      return { ...run, hold: event.hold }
    case "run.paused":
      return { ...stopped(run, event.at), status: "paused", hold: event.hold }
    case "run.edited":
      return edit(run, event)
    case "run.closing":
      return close(run, event)
    case "budget.raised":
      return { ...run, budget: { ...run.budget, ...event.budget } }
    case "run.resumed":
      return resume(run, event)
    case "run.stopping":
      // Also of an interrupted run: whoever stops it drives it to its end.
      return { ...run, status: "running", stopping: event.cause }
    case "run.ended":
      return {
        ...stopped(run, event.at),
        status: event.status,
        endedAt: event.at,
        ...(event.cause === undefined ? {} : { cause: event.cause }),
      }
    case "run.seen":
      return { ...run, seen: { commit: event.commit, dirty: event.dirty } }
    case "run.changed":
      return run
    case "step.expanded":
      return expanded(run, event)
    case "step.started":
    case "step.opened":
    case "step.checkpointed":
    case "step.warned":
    case "step.steered":
    case "step.held":
    case "step.skipped":
    case "step.answered":
    case "step.checked":
    case "step.looked":
    case "gate.opened":
    case "gate.decided":
    case "step.ended":
      return evolveStep(run, event)
  }
}

/**
 * Steps that were held are running again: the same attempt goes on. In a run that had ended, what did not go well is to be
 * done anew; what succeeded is kept whatever happens (G2).
 */
function resume(ended: Run, event: Extract<RunEvent, { type: "run.resumed" }>): Run {
  const run = ended.endedAt === undefined ? ended : reopen(ended)
  const { hold: _, ...rest } = run
  const held = rowsOf(run.steps).filter((step) => step.status === "waiting" && step.hold)
  let steps = run.steps
  for (const { hold: _hold, ...step } of held) steps = withRow(steps, step.index, { ...step, status: "running" })
  const said = event.say === undefined ? undefined : run.graph.indexOf.get(event.say.step)
  if (event.say && said !== undefined) steps = withRow(steps, said, { ...rowAt(steps, said), say: event.say.text })
  // A gate stays a person's to decide.
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

function evolveStep(run: Run, event: Exclude<Extract<RunEvent, { step: string }>, { type: "step.expanded" }>): Run {
  const step = stepOf(run, event.step)
  if (step === undefined) throw new Error(`journal of run ${run.id} names step ${event.step}, which it does not have`)
  if (event.type === "step.ended") return stepEnded(run, step, event)
  if (event.type === "step.answered") {
    const answered: StepState = { ...step, result: event.result, isAnswered: true }
    const steps = withRow(run.steps, step.index, answered)
    if (step.isAnswered) return { ...run, steps }
    const running = run.running + (isAtWork(run, step) ? 0 : 1)
    const due = without(run.due, step.index)
    return {
      ...run,
      steps,
      running,
      due,
      spent: plus(run.spent, event.result),
      delegated: plus(run.delegated, event.delegated),
    }
  }
  if (event.type === "gate.opened") return gateOpened(run, step, event)
  if (event.type === "gate.decided") return gateDecided(run, step, event)
  if (event.type === "step.looked") return looked(run, step, event)
  if (event.type === "step.started") {
    const next = {
      ...run,
      steps: withRow(run.steps, step.index, started(step, event)),
      ready: dequeue(run, step.index),
      delayed: run.delayed.filter((index) => index !== step.index),
    }
    // Stopped before anybody had looked at what it came to, it has nothing against it.
    const isRefused = step.result !== undefined || event.goOn !== undefined
    if (isGroup(run.specs[step.index] as Step)) return begun(next, step.index, isRefused)
    const running = run.running + (step.status === "running" ? 0 : 1)
    return { ...next, running, tries: run.tries + 1 }
  }
  if (event.type === "step.skipped") {
    const { cause, detail } = event
    const { isAnswered: _, ...rest } = step
    const skipped: StepState = { ...rest, status: "skipped", skipped: { cause, detail }, endedAt: event.at }
    const after = {
      ...run,
      steps: withRow(run.steps, step.index, skipped),
      ready: dequeue(run, step.index),
      running: run.running - (isAtWork(run, step) ? 1 : 0),
      due: without(run.due, step.index),
    }
    return settle(after, step, cause !== "needs")
  }
  if (event.type === "step.held") {
    const held: StepState = { ...step, status: "waiting", hold: event.hold }
    return { ...run, steps: withRow(run.steps, step.index, held), running: run.running - 1, hold: event.hold }
  }
  const row = event.type === "step.checkpointed" ? checkpointed(step, event) : changed(step, event)
  const took = "took" in event ? event.took : undefined
  if (took === undefined) return { ...run, steps: withRow(run.steps, step.index, row) }
  const paid = { ...row, earlier: plus(step.earlier ?? NOTHING, took) }
  return { ...run, steps: withRow(run.steps, step.index, paid), spent: plus(run.spent, took) }
}

/** A step at the beginning of a try: of the tries before it only what they took is left, and where. */
function started(step: StepState, event: Extract<RunEvent, { type: "step.started" }>): StepState {
  const { attempt, at, goOn } = event
  const { id, index, unmet, broken, warnings, misfits, parts } = step
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
    ...(misfits === undefined ? {} : { misfits }),
    ...(parts === undefined ? {} : { parts }),
    ...(earlierSessions.length === 0 ? {} : { earlierSessions }),
  }
}

/** A step whose worker goes on in a new session: of the old one only what it wrote down is left. */
function checkpointed(step: StepState, { text }: Extract<RunEvent, { type: "step.checkpointed" }>): StepState {
  const { session: _s, prompt: _p, inputHash: _i, context: _c, messages: _m, ...rest } = step
  const count = (step.checkpoint?.count ?? 0) + 1
  return { ...rest, checkpoint: { count, text } }
}

/** A running step after an event that leaves it running. */
function changed(
  step: StepState,
  event: Extract<RunEvent, { type: "step.opened" | "step.warned" | "step.steered" | "step.checked" }>,
): StepState {
  if (event.type === "step.checked") {
    const { checks, saved, schemaError } = event
    const misfits = (step.misfits ?? 0) + (schemaError === undefined ? 0 : 1)
    return { ...step, checks, ...(saved === undefined ? {} : { saved }), ...(misfits === 0 ? {} : { misfits }) }
  }
  if (event.type === "step.warned") return { ...step, warnings: [...(step.warnings ?? []), event.warning] }
  if (event.type === "step.steered") {
    const { action, id, text } = event
    if (action !== "message" || id === undefined || text === undefined) return step
    return { ...step, messages: [...(step.messages ?? []), { id, text }] }
  }
  return {
    ...step,
    session: event.session,
    requestedModel: event.model,
    inputHash: event.inputHash,
    prompt: event.prompt,
    ...(event.context === undefined ? {} : { context: event.context }),
  }
}
