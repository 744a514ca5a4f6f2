import type { RunEvent } from "./events.ts"
import { messageAfter } from "./outcome.ts"
import { emptyQueue, push, type Queue } from "./queue.ts"
import type { Graph, Run, StepState } from "./run.ts"
import { lowest, NOTHING, plus } from "./spent.ts"
import { rowAt, rowsOf, tableOf } from "./table.ts"

/** Runs that are taken up anew. */

/** A run that has ended, with everything that did not go well, and what came of it, to be done anew. */
export function reopen(run: Run): Run {
  const kept = keptOf(run, () => true, false)
  return renew(run, kept)
}

/**
 * A run over a changed workflow. A step stays as it is when neither it nor its profile has changed, and nothing it needs is
 * done again: the order of the document means nothing, and an edited prompt costs that step and its dependents.
 */
export function edit(run: Run, event: Extract<RunEvent, { type: "run.edited" }>, graph: Graph): Run {
  const { workflow, profiles, limits } = event
  const before = new Map(run.created.workflow.steps.map((step) => [step.id, step]))
  const rows = new Map(rowsOf(run.steps).map((row) => [row.id, row]))
  const same = (text: unknown, other: unknown) => JSON.stringify(text) === JSON.stringify(other)
  const isSame = (index: number) => {
    const step = workflow.steps[index]
    const old = before.get(step?.id ?? "")
    return old !== undefined && same(step, old) && same(profiles[old.profile], run.created.profiles[old.profile])
  }
  const steps = workflow.steps.map(
    ({ id }, index): StepState => ({ ...(rows.get(id) ?? { id, status: "pending", attempt: 0, unmet: 0 }), index }),
  )
  const edited = {
    ...run,
    created: { ...run.created, workflow, profiles, limits },
    graph,
    steps: tableOf(steps),
    budget: lowest(workflow.settings.budget, limits.budget),
  }
  return renew(edited, keptOf(edited, isSame, true))
}

/**
 * The steps that stay as they are. `isStrict`: also what succeeded is done again when something it needs is, and what is
 * being worked on stays.
 */
function keptOf(run: Run, isSame: (index: number) => boolean, isStrict: boolean): ReadonlySet<number> {
  const specs = run.created.workflow.steps
  const kept = new Set<number>()
  const isFine = ({ index, status, skipped }: StepState) => {
    if (status === "success") return true
    if (isStrict && (status === "running" || status === "waiting")) return true
    // Hooks that were not for that end may be for the next.
    return status === "skipped" && skipped?.cause !== "needs" && !specs[index]?.hook
  }
  // Needs stand anywhere in the document: until nothing is added.
  for (let size = -1; size !== kept.size; ) {
    size = kept.size
    for (const step of rowsOf(run.steps)) {
      const { index, status } = step
      const needsMatter = isStrict || status !== "success"
      if (!isFine(step) || !isSame(index)) continue
      if (!needsMatter || needsOf(run, index).every((need) => kept.has(need))) kept.add(index)
    }
  }
  return kept
}

function needsOf(run: Run, index: number): number[] {
  const needs = run.created.workflow.steps[index]?.needs ?? []
  return needs.flatMap((need) => run.graph.indexOf.get(need) ?? [])
}

/** The run with all other steps to be done anew, as if it had not ended. */
function renew(run: Run, kept: ReadonlySet<number>): Run {
  const { endedAt: _at, cause: _cause, stopping: _stopping, hold: _hold, closing: _closing, ...rest } = run
  let ready: Queue<number> = emptyQueue
  const rows = rowsOf(run.steps).map((step): StepState => {
    if (kept.has(step.index)) return step
    const { hook } = run.created.workflow.steps[step.index] ?? {}
    const unmet = hook ? 1 : new Set(needsOf(run, step.index).filter((need) => !isOver(run, kept, need))).size
    if (unmet === 0) ready = push(ready, step.index)
    return anew(step, unmet)
  })
  const keptRows = rows.filter((row) => kept.has(row.index))
  const isWell = ({ status }: StepState) => status === "success" || status === "skipped"
  return {
    ...rest,
    steps: tableOf(rows),
    ready,
    delayed: [],
    running: keptRows.filter((row) => row.status === "running").length,
    well: keptRows.filter(isWell).length,
  }
}

/** Whether nothing waits for this step any more. */
function isOver(run: Run, kept: ReadonlySet<number>, index: number): boolean {
  const { status } = rowAt(run.steps, index)
  return kept.has(index) && status !== "running" && status !== "waiting"
}

/** A step to be done anew: of what was there only what it took, and where. */
function anew(step: StepState, unmet: number): StepState {
  const { broken: _b, retryAt: _r, skipped: _s, gate: _g, hold: _h, isAnswered: _a, endedAt: _e, ...open } = step
  const { result, earlier, ...row } = open
  const took = result === undefined ? earlier : plus(earlier ?? NOTHING, result)
  const say = messageAfter(step)
  const session = result?.session ?? step.session
  return {
    ...row,
    status: "pending",
    unmet,
    ...(step.attempt > 0 ? { isAnew: true } : {}),
    ...(took === undefined ? {} : { earlier: took }),
    ...(say === undefined ? {} : { say }),
    ...(session === undefined ? {} : { session }),
  }
}
