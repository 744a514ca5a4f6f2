import { emptyQueue, push, type Queue } from "../base/queue.ts"
import { rowAt, rowsOf, tableOf } from "../base/table.ts"
import { isGroup } from "../model/ancestry.ts"
import type { RunEvent } from "../model/events.ts"
import { dependencyGraphOf } from "../model/graph.ts"
import { type Run, type StepState, wentWell } from "../model/run.ts"
import { groupTraits, stepsInside } from "../model/step-types.ts"
import { lowest } from "../model/usage.ts"
import type { Step } from "../model/workflow.ts"
import { isAtWork } from "./group-parts.ts"
import { resetStep } from "./reset-step.ts"

/**
 * Resets the steps of a run that is resumed after its end or edited. What is reset inside a group
 * is decided when the group restarts (group-parts.ts).
 */

/** Reopens a run that has ended: every step that did not succeed, and its dependents, are reset. */
export function reopen(run: Run): Run {
  const kept = keptOf(run, () => true, false)
  return renew(run, kept)
}

/**
 * Applies an edited workflow to a run. A step is kept when neither it nor its profile has changed
 * and nothing that it needs is repeated. The order of the document does not matter, and an edited
 * prompt resets only that step and its dependents.
 */
export function edit(run: Run, event: Extract<RunEvent, { type: "run.edited" }>): Run {
  const { workflow, profiles, limits } = event
  const before = new Map(run.created.workflow.steps.map((step) => [step.id, step]))
  const same = (text: unknown, other: unknown) => JSON.stringify(text) === JSON.stringify(other)
  const isSameSpec = (step: Step | undefined) => {
    const old = before.get(step?.id ?? "")
    if (old === undefined || !same(step, old)) return false
    return profilesOf(old).every((name) => same(profiles[name], run.created.profiles[name]))
  }
  const created = { ...run.created, workflow, profiles, limits }
  const changed = { ...run, created, budget: lowest(workflow.settings.budget, limits.budget) }
  const isSame = (index: number) => isSameSpec(workflow.steps[index])
  const bare = withSpecs(changed, workflow.steps)
  const kept = keptOf(bare, isSame, true)
  const goesOn = (index: number) => kept.has(index) || mayGoOn(bare, kept, index, isSame)
  const roots = new Set(workflow.steps.filter((_, index) => goesOn(index)).map((step) => step.id))
  const parts = run.specs.slice(run.created.workflow.steps.length).filter((part) => roots.has(rootOf(run, part)))
  const edited = withSpecs(changed, [...workflow.steps, ...parts])
  return renew(edited, keptOf(edited, isSame, true))
}

/**
 * True when a group that did not succeed keeps its parts, because neither it nor anything it needs
 * has changed.
 */
function mayGoOn(run: Run, kept: ReadonlySet<number>, index: number, isSame: (index: number) => boolean): boolean {
  return isSame(index) && needsOf(run, index).every((need) => kept.has(need))
}

/** Returns every profile that performs or reviews a step or one of its parts. */
function profilesOf(step: Step): string[] {
  const { group, profile, opinions = [] } = step
  if (group === undefined) return [profile, ...opinions.map((opinion) => opinion.profile)]
  return [...groupTraits(group).profiles(group), ...stepsInside(step).flatMap(profilesOf)]
}

/** Returns the id of the workflow's step that a part belongs to. */
function rootOf(run: Run, part: Step): string {
  let at: Step | undefined = part
  while (at?.part) at = run.specs[run.graph.indexOf.get(at.part.of) ?? -1]
  return at?.id ?? ""
}

/** Returns the run with other steps. The state of a step is matched by its id. */
function withSpecs(run: Run, specs: readonly Step[]): Run {
  const rows = new Map(rowsOf(run.steps).map((row) => [row.id, row]))
  const graph = dependencyGraphOf(specs)
  const steps = specs.map(({ id }, index): StepState => {
    const row = rows.get(id)
    if (row === undefined) return { id, status: "pending", attempt: 0, unmet: 0, index }
    if (row.parts === undefined) return { ...row, index }
    const all = row.parts.all.flatMap((part) => graph.indexOf.get(rowAt(run.steps, part).id) ?? [])
    const { parts, ...rest } = row
    return { ...rest, index, ...(all.length > 0 ? { parts: { ...parts, all } } : {}) }
  })
  return { ...run, specs, graph, steps: tableOf(steps) }
}

/**
 * Returns the steps that are kept. With `isStrict`, a step that succeeded is reset when something
 * it needs is, and a step that is running or waiting is kept.
 */
function keptOf(run: Run, isSame: (index: number) => boolean, isStrict: boolean): ReadonlySet<number> {
  const { specs } = run
  const kept = new Set<number>()
  const isFine = (step: StepState) => {
    const { index, status } = step
    if (specs[index]?.part || status === "success") return true
    if (isStrict && (status === "running" || status === "waiting")) return true
    // A hook that did not match the last end may match the next one.
    return wentWell(step) && !specs[index]?.hook
  }
  // Needs may stand anywhere in the document, so this repeats until nothing is added.
  for (let size = -1; size !== kept.size; ) {
    size = kept.size
    for (const step of rowsOf(run.steps)) {
      const { index, status } = step
      const isPart = specs[index]?.part !== undefined
      if (!isFine(step) || (!isPart && !isSame(index))) continue
      const needsMatter = !isPart && (isStrict || status !== "success")
      if (!needsMatter || needsOf(run, index).every((need) => kept.has(need))) kept.add(index)
    }
  }
  return kept
}

function needsOf(run: Run, index: number): number[] {
  const needs = run.specs[index]?.needs ?? []
  return needs.flatMap((need) => run.graph.indexOf.get(need) ?? [])
}

/** Returns the run with all other steps reset, as if it had not ended. */
function renew(run: Run, kept: ReadonlySet<number>): Run {
  const { endedAt: _at, cause: _cause, stopping: _stopping, hold: _hold, closing: _closing, ...rest } = run
  let ready: Queue<number> = emptyQueue
  const rows = rowsOf(run.steps).map((step): StepState => {
    const { hook, part } = run.specs[step.index] ?? {}
    const hasEnded = run.endedAt !== undefined
    const isOpenPart = part !== undefined && (step.status === "pending" || (hasEnded && step.status === "waiting"))
    if ((kept.has(step.index) && !isOpenPart) || (part && !isOpenPart)) return step
    const unmet = hook ? 1 : new Set(needsOf(run, step.index).filter((need) => !isOver(run, kept, need))).size
    const isOpen = !isOpenPart || rowAt(run.steps, run.graph.indexOf.get(part.of) ?? 0).status === "running"
    if (unmet === 0 && isOpen) ready = push(ready, step.index)
    return resetStep(step, unmet)
  })
  const top = rows.filter((row) => kept.has(row.index) && !run.specs[row.index]?.part)
  // A group without parts is due as well: its run was interrupted before it was expanded.
  const isDue = ({ index, status, parts, isAnswered }: StepState) => {
    const isItsTurn = parts === undefined ? isGroup(run.specs[index] as Step) : parts.open === 0
    return status === "running" && !isAnswered && isItsTurn
  }
  return {
    ...rest,
    steps: tableOf(rows),
    ready,
    delayed: [],
    due: rows.filter(isDue).map(({ index }) => index),
    running: rows.filter((row) => isAtWork(run, row)).length,
    well: top.filter(wentWell).length,
  }
}

/** True when no step waits for this one any more. */
function isOver(run: Run, kept: ReadonlySet<number>, index: number): boolean {
  const { status } = rowAt(run.steps, index)
  return kept.has(index) && status !== "running" && status !== "waiting" && status !== "pending"
}
