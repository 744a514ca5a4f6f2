import type { RunCreated, RunEvent } from "./events.ts"
import type { Hold, RunStatus, StepResult, StepStatus, StopCause, Warning } from "./model.ts"
import { emptyQueue, push, type Queue, shift } from "./queue.ts"
import { rowAt, rowsOf, type Table, tableOf, withRow } from "./table.ts"

/** One step of a run, as its events tell it. */
export interface StepState {
  readonly id: string
  readonly index: number
  readonly status: StepStatus
  /** Tries so far; 0 before the first. */
  readonly attempt: number
  /** Needs that have not succeeded yet. */
  readonly unmet: number
  readonly startedAt?: number
  readonly endedAt?: number
  readonly session?: string
  readonly requestedModel?: string | null
  readonly inputHash?: string
  readonly prompt?: string
  readonly context?: string
  readonly warnings?: readonly Warning[]
  /** What was said to its worker since the prompt, in order. */
  readonly messages?: readonly Message[]
  readonly hold?: Hold
  readonly result?: StepResult
}

/** Something said to a worker; the id makes it the same message when it is sent again. */
export interface Message {
  readonly id: string
  readonly text: string
}

/** A run: what `evolve` made of its events so far. Immutable; derived, never stored. */
export interface Run {
  readonly id: string
  readonly created: RunCreated
  readonly status: RunStatus
  readonly parent?: string
  readonly stopping?: StopCause
  readonly cause?: StopCause
  /** Set while a step is held: nothing more starts, and the run pauses when nothing runs. */
  readonly hold?: Hold
  readonly endedAt?: number
  readonly steps: Table<StepState>
  /** Steps (by index) whose needs are met, in the order they became so. */
  readonly ready: Queue<number>
  readonly running: number
  readonly succeeded: number
  readonly failed: number
  /** When work last began: the run deadline counts from here, so a night between crash and resume does not. */
  readonly activeSince: number
  readonly graph: Graph
}

/** The workflow's edges by step index, worked out once a run. */
interface Graph {
  readonly indexOf: ReadonlyMap<string, number>
  readonly dependents: readonly (readonly number[])[]
}

export function stepOf(run: Run, id: string): StepState | undefined {
  const index = run.graph.indexOf.get(id)
  return index === undefined ? undefined : rowAt(run.steps, index)
}

function create(event: RunCreated): Run {
  const steps = event.workflow.steps
  const indexOf = new Map(steps.map((step, index) => [step.id, index]))
  const dependents: number[][] = steps.map(() => [])
  let ready: Queue<number> = emptyQueue
  const rows = steps.map((step, index): StepState => {
    const needs = new Set(step.needs)
    for (const need of needs) dependents[indexOf.get(need) as number]?.push(index)
    if (needs.size === 0) ready = push(ready, index)
    return { id: step.id, index, status: "pending", attempt: 0, unmet: needs.size }
  })
  return {
    id: event.run,
    created: event,
    status: "running",
    ...(event.parent === undefined ? {} : { parent: event.parent }),
    steps: tableOf(rows),
    ready,
    running: 0,
    succeeded: 0,
    failed: 0,
    activeSince: event.at,
    graph: { indexOf, dependents },
  }
}

/** Dequeues `index`. Steps start in the order they became ready, so it is the head, or it is not queued at all. */
function dequeue(ready: Queue<number>, index: number): Queue<number> {
  const next = shift(ready)
  return next?.item === index ? next.rest : ready
}

function stepEnded(run: Run, step: StepState, result: StepResult, at: number): Run {
  const success = result.reason === "ok"
  const cancelled = result.reason === "aborted"
  const status = success ? "success" : cancelled ? "cancelled" : "failed"
  let steps = withRow(run.steps, step.index, { ...step, status, endedAt: at, result })
  let ready = run.ready
  if (success) {
    for (const index of run.graph.dependents[step.index] ?? []) {
      const dependent = rowAt(steps, index)
      steps = withRow(steps, index, { ...dependent, unmet: dependent.unmet - 1 })
      if (dependent.unmet === 1) ready = push(ready, index)
    }
  }
  return {
    ...run,
    steps,
    ready,
    running: run.running - 1,
    succeeded: run.succeeded + (success ? 1 : 0),
    failed: run.failed + (success || cancelled ? 0 : 1),
  }
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
      return { ...run, status: "interrupted" }
    case "run.paused":
      return { ...run, status: "paused", hold: event.hold }
    case "run.resumed":
      return resume(run, event)
    case "run.stopping":
      // Also of an interrupted run: whoever stops it drives it to its end.
      return { ...run, status: "running", stopping: event.cause }
    case "run.ended":
      return {
        ...run,
        status: event.status,
        endedAt: event.at,
        ...(event.cause === undefined ? {} : { cause: event.cause }),
      }
    case "step.started":
    case "step.opened":
    case "step.warned":
    case "step.steered":
    case "step.held":
    case "step.ended":
      return evolveStep(run, event)
  }
}

/** Steps that were held are running again: the same attempt goes on. */
function resume(run: Run, event: Extract<RunEvent, { type: "run.resumed" }>): Run {
  const { hold: _, ...rest } = run
  const held = rowsOf(run.steps).filter((step) => step.status === "waiting")
  let steps = run.steps
  for (const { hold: _hold, ...step } of held) steps = withRow(steps, step.index, { ...step, status: "running" })
  return {
    ...rest,
    status: "running",
    steps,
    running: run.running + held.length,
    activeSince: event.at,
    ...(event.parent === undefined ? {} : { parent: event.parent }),
  }
}

function evolveStep(run: Run, event: Extract<RunEvent, { step: string }>): Run {
  const step = stepOf(run, event.step)
  if (step === undefined) throw new Error(`journal of run ${run.id} names step ${event.step}, which it does not have`)
  if (event.type === "step.ended") return stepEnded(run, step, event.result, event.at)
  if (event.type === "step.started") {
    const started: StepState = { ...step, status: "running", attempt: event.attempt, startedAt: event.at }
    return {
      ...run,
      steps: withRow(run.steps, step.index, started),
      ready: dequeue(run.ready, step.index),
      running: run.running + 1,
    }
  }
  if (event.type === "step.held") {
    const held: StepState = { ...step, status: "waiting", hold: event.hold }
    return { ...run, steps: withRow(run.steps, step.index, held), running: run.running - 1, hold: event.hold }
  }
  return { ...run, steps: withRow(run.steps, step.index, changed(step, event)) }
}

/** A running step after an event that leaves it running. */
function changed(
  step: StepState,
  event: Extract<RunEvent, { type: "step.opened" | "step.warned" | "step.steered" }>,
): StepState {
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
