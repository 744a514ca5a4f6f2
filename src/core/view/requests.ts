import { rowsOf } from "../base/table.ts"
import { DEFAULT_KIND } from "../model/kinds.ts"
import type { Run } from "../model/run.ts"
import type { PendingRequestView } from "./view.ts"

/**
 * Returns what the workers of a run wait for, as the journal has it: for a process that does not
 * drive the run. The journal has a question as one text, without its options.
 */
export function requestsOf(run: Run): PendingRequestView[] {
  const { ask, workflow, depth = 0, profiles } = run.created
  return rowsOf(run.steps).flatMap(({ id: step, index, status, session, requests = [] }) => {
    const profile = run.specs[index]?.profile ?? ""
    const open =
      status === "running" && session !== undefined
        ? requests.filter(({ isOver, isDoubtful }) => !isOver && !isDoubtful)
        : []
    return open.map(({ id, kind, title, details, askedAt }) => ({
      id,
      kind,
      worker: ask ?? step,
      profile,
      workerKind: profiles[profile]?.kind ?? DEFAULT_KIND,
      workflow: ask === undefined ? workflow.name : null,
      run: run.id,
      depth: depth + 1,
      session: session ?? "",
      title,
      details,
      questions: kind === "question" ? [{ text: title, options: [], isMultiple: false }] : [],
      askedAt,
      expiresAt: null,
    }))
  })
}
