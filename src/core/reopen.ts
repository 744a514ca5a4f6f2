import { emptyQueue, push, type Queue } from "./queue.ts"
import type { Run, StepState } from "./run.ts"
import { rowsOf, tableOf } from "./table.ts"

/** A run that has ended, with everything that did not go well, and what came of it, to be done anew. */
export function reopen(run: Run): Run {
  const { endedAt: _at, cause: _cause, stopping: _stopping, hold: _hold, closing: _closing, ...rest } = run
  const specs = run.created.workflow.steps
  const kept = new Set<number>()
  const rows = rowsOf(run.steps)
  const needsOf = (index: number) => (specs[index]?.needs ?? []).map((need) => run.graph.indexOf.get(need) as number)
  // Needs stand anywhere in the document: until nothing is added.
  for (let size = -1; size !== kept.size; ) {
    size = kept.size
    for (const { index, status, skipped } of rows) {
      // Hooks that were not for that end may be for the next.
      if (specs[index]?.hook && status !== "success") continue
      const isFine = status === "success" || (status === "skipped" && skipped?.cause !== "needs")
      if (isFine && (status === "success" || needsOf(index).every((need) => kept.has(need)))) kept.add(index)
    }
  }
  let ready: Queue<number> = emptyQueue
  const anew = rows.map((step): StepState => {
    if (kept.has(step.index)) return step
    const { hook } = specs[step.index] ?? {}
    const unmet = hook ? 1 : new Set(needsOf(step.index).filter((need) => !kept.has(need))).size
    if (unmet === 0) ready = push(ready, step.index)
    const { broken: _b, retryAt: _r, skipped: _s, gate: _g, hold: _h, isAnswered: _a, endedAt: _e, ...row } = step
    return { ...row, status: "pending", unmet }
  })
  return { ...rest, steps: tableOf(anew), ready, delayed: [], running: 0, well: kept.size }
}
