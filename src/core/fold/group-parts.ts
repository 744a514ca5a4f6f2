import { push } from "../base/queue.ts"
import { appended, rowAt, withRow } from "../base/table.ts"
import { isGroup } from "../model/ancestry.ts"
import type { RunEvent } from "../model/events.ts"
import { type DependencyGraph, dependencyGraphOf } from "../model/graph.ts"
import { type Parts, type Run, type StepState, wentWell } from "../model/run.ts"
import { groupTraits } from "../model/step-types.ts"
import type { Step } from "../model/workflow.ts"
import { resetStep } from "./reset-step.ts"

/**
 * True when a step counts towards the limit of parallel steps: it is running, and if it is a group,
 * its own checks are running.
 */
export function isAtWork(run: Run, step: StepState): boolean {
  return step.status === "running" && (step.isAnswered === true || !isGroup(run.specs[step.index] as Step))
}

const NONE: Parts = { all: [], open: 0, stages: 0 }

export function without(list: readonly number[], index: number): readonly number[] {
  return list.includes(index) ? list.filter((other) => other !== index) : list
}

/**
 * Starts a group. On its first start it is due at once. On a restart, its parts that did not
 * succeed are reset and all others are kept (G2). `isRefused`: its earlier result was rejected.
 */
export function begun(run: Run, index: number, isRefused: boolean): Run {
  const row = rowAt(run.steps, index)
  const parts = row.parts ?? NONE
  const redo = new Set(toRedo(run, run.specs[index] as Step, parts))
  const say = row.goOn === undefined ? {} : { say: row.goOn.text }
  let { steps, ready } = run
  for (const at of redo) {
    const part = { ...rowAt(steps, at), ...say }
    const needs = (run.specs[at] as Step).needs.flatMap((need) => run.graph.indexOf.get(need) ?? [])
    const unmet = new Set(needs.filter((need) => redo.has(need))).size
    if (unmet === 0) ready = push(ready, at)
    steps = withRow(steps, at, resetStep(part, unmet))
  }
  const isLoop = run.specs[index]?.loop !== undefined
  const { look: _, ...rest } = parts
  const before = beforeOf(run, run.specs[index] as Step, parts) - (isLoop ? redo.size : 0)
  const now: Parts = { ...rest, open: redo.size, before, ...(isRefused ? { refused: before } : {}) }
  steps = withRow(steps, index, { ...row, parts: now })
  return { ...run, steps, ready, due: redo.size === 0 ? [...without(run.due, index), index] : without(run.due, index) }
}

/** Returns the parts that are reset when their group restarts. */
function toRedo(run: Run, spec: Step, parts: Parts): readonly number[] {
  const roleOf = (index: number) => run.specs[index]?.part?.role
  const isBad = (index: number) => !wentWell(rowAt(run.steps, index))
  if (spec.loop) return parts.all.slice(-1).filter(isBad)
  const quorum = spec.group && groupTraits(spec.group).quorum(spec.group)
  if (quorum === undefined) return parts.all.filter(isBad)
  const silent = parts.all.filter((index) => roleOf(index) === "proposer" && isBad(index))
  const answered = parts.all.filter((index) => roleOf(index) === "proposer").length - silent.length
  return answered < quorum ? silent : []
}

/**
 * Returns the number of rounds or judges that no longer count: a restarted loop gets all its rounds
 * again, and a restarted ensemble all its judges.
 */
function beforeOf(run: Run, spec: Step, { all }: Parts): number {
  if (spec.loop) return all.length
  return all.filter((index) => run.specs[index]?.part?.role === "judge").length
}

/** Adds parts to a group. Those without needs are ready. */
export function expanded(run: Run, event: Extract<RunEvent, { type: "step.expanded" }>): Run {
  const index = run.graph.indexOf.get(event.step)
  if (index === undefined) throw new Error(`journal of run ${run.id} expands ${event.step}, which it does not have`)
  const group = rowAt(run.steps, index)
  const first = run.specs.length
  let { ready } = run
  const rows = event.steps.map((step, at): StepState => {
    const unmet = new Set(step.needs).size
    if (unmet === 0) ready = push(ready, first + at)
    return { id: step.id, index: first + at, status: "pending", attempt: 0, unmet }
  })
  const old = group.parts ?? NONE
  const parts: Parts = {
    ...old,
    all: [...old.all, ...rows.map((row) => row.index)],
    open: old.open + rows.length,
    stages: old.stages + 1,
    ...(event.inputs === undefined ? {} : { inputs: event.inputs }),
    ...(event.seed === undefined ? {} : { seed: event.seed }),
  }
  return {
    ...run,
    specs: [...run.specs, ...event.steps],
    steps: appended(withRow(run.steps, index, { ...group, parts }), rows),
    graph: extended(run.graph, event.steps, first),
    ready,
    due: rows.length === 0 ? run.due : without(run.due, index),
  }
}

/** Adds edges for new parts. Parts need only each other, so the existing edges stay as they are. */
function extended(graph: DependencyGraph, steps: readonly Step[], first: number): DependencyGraph {
  const own = dependencyGraphOf(steps)
  const indexOf = new Map(graph.indexOf)
  for (const [id, at] of own.indexOf) indexOf.set(id, first + at)
  return { indexOf, dependents: [...graph.dependents, ...own.dependents.map((list) => list.map((at) => first + at))] }
}

/** Counts a part of the group as over. The group is due when it was the last one. */
export function partOver(run: Run, group: StepState, parts: Parts): Run {
  const open = parts.open - 1
  const steps = withRow(run.steps, group.index, { ...group, parts: { ...parts, open } })
  const isDue = open === 0 && group.status === "running" && !run.due.includes(group.index)
  return { ...run, steps, due: isDue ? [...run.due, group.index] : run.due }
}

/** Records the fingerprint of the project after a round. */
export function looked(run: Run, step: StepState, event: Extract<RunEvent, { type: "step.looked" }>): Run {
  const { parts = NONE } = step
  const { fingerprint } = event
  const same = parts.look?.fingerprint === fingerprint ? parts.look.same + 1 : 0
  const look = { fingerprint, same, round: parts.stages }
  return { ...run, steps: withRow(run.steps, step.index, { ...step, parts: { ...parts, look } }) }
}

/**
 * Makes a stagnant loop due again: the count of unchanged rounds restarts, and the next rounds get
 * the person's message.
 */
export function turnAgain(run: Run, step: StepState, message: string | undefined): Run {
  const { parts, isAnswered } = step
  if (parts === undefined || parts.open > 0 || isAnswered) return run
  const look = parts.look && { ...parts.look, same: 0 }
  const goOn = message === undefined ? {} : { goOn: { text: message } }
  const steps = withRow(run.steps, step.index, { ...step, ...goOn, parts: { ...parts, ...(look ? { look } : {}) } })
  return { ...run, steps, due: [...without(run.due, step.index), step.index] }
}
