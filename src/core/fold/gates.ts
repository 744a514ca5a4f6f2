import { emptyQueue, push, type Queue } from "../base/queue.ts"
import { rowsOf, withRow } from "../base/table.ts"
import type { RunEvent } from "../model/events.ts"
import { type Run, type RunHold, type Skip, type StepState, stepOf } from "../model/run.ts"
import type { Step } from "../model/workflow.ts"
import { isAtWork, turnAgain, without } from "./group-parts.ts"

/** The rules of `evolve` for gates and for the end of a run's steps. */

export function gateOpened(run: Run, step: StepState, event: Extract<RunEvent, { type: "gate.opened" }>): Run {
  const { type: _type, at: openedAt, step: _step, ...gate } = event
  // A step that asks a person has no worker: what it asks them is its prompt.
  const asked = gate.why === "gate" ? { prompt: gate.detail } : {}
  const waiting: StepState = { ...step, ...asked, status: "waiting", gate: { ...gate, openedAt } }
  const steps = withRow(run.steps, step.index, waiting)
  const running = run.running - (isAtWork(run, step) ? 1 : 0)
  // Only a person ends a person's pause, so it outlives the gate.
  const hold = run.hold?.cause === "person" ? run.hold : gateHold(waiting)
  return { ...run, steps, running, due: without(run.due, step.index), hold }
}

export function gateHold({ id, gate }: StepState): RunHold {
  return { cause: "gate", step: id, detail: gate?.detail ?? "", ...(gate ? { until: gate.expiresAt } : {}) }
}

/**
 * Makes the hooks for this end ready, or lets them wait for those that they need, and skips the
 * others. Steps that still wait lose their gate or hold, because nobody decides it any more.
 */
export function close(run: Run, { status, at }: Extract<RunEvent, { type: "run.closing" }>): Run {
  let { steps, well } = run
  const ofThisEnd = (hook: Step["hook"]) =>
    hook === "complete" || hook === (status === "success" ? "success" : "failure")
  const waitsFor = (need: string) => {
    const row = stepOf(run, need)
    return row?.status === "pending" && ofThisEnd(run.specs[row.index]?.hook)
  }
  // Steps that a failure kept from starting do not start now either.
  let ready: Queue<number> = emptyQueue
  for (const row of rowsOf(steps)) {
    const { hook } = run.specs[row.index] ?? {}
    if (row.status === "waiting") {
      const { gate: _g, hold: _h, ...left } = row
      steps = withRow(steps, row.index, left)
    }
    if (hook === undefined || row.status !== "pending") continue
    if (ofThisEnd(hook)) {
      const unmet = new Set(run.specs[row.index]?.needs.filter(waitsFor)).size
      steps = withRow(steps, row.index, { ...row, unmet })
      if (unmet === 0) ready = push(ready, row.index)
      continue
    }
    const skipped: Skip = { cause: "condition", end: status }
    steps = withRow(steps, row.index, { ...row, status: "skipped", skipped, endedAt: at })
    well++
  }
  const { hold, ...rest } = run
  const isStill = hold?.cause === "person" || hold?.cause === "budget"
  return { ...rest, ...(isStill ? { hold } : {}), closing: status, steps, ready, delayed: [], well }
}

/** Sets the step running until the next event records the consequence of the decision. */
export function gateDecided(
  run: Run,
  { gate: _, ...step }: StepState,
  { at, message }: Extract<RunEvent, { type: "gate.decided" }>,
): Run {
  const decided: StepState = { ...step, status: "running" }
  const steps = withRow(run.steps, step.index, decided)
  const { hold, ...rest } = run
  const next = hold?.cause === "gate" ? holdAfter(rowsOf(steps)) : hold
  return turnAgain(
    {
      ...rest,
      ...(next ? { hold: next } : {}),
      ...(run.status === "paused" ? { status: "running" as const, activeSince: at } : {}),
      steps,
      running: run.running + (isAtWork(run, decided) ? 1 : 0),
    },
    decided,
    message,
  )
}

/**
 * Returns what holds a run after one of its gates was decided: the next gate, or the hold of a
 * provider.
 */
function holdAfter(rows: readonly StepState[]): RunHold | undefined {
  const waiting = rows.filter((row) => row.status === "waiting")
  const gate = waiting.find((row) => row.gate)
  return gate ? gateHold(gate) : waiting[0]?.hold
}
