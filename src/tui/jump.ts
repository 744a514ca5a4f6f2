import { type RunView, stepInFocus, type WorkerView } from "../core/view.ts"
import { belongsTo, canOpen } from "./view-model.ts"

/** Where the jump key leads: into a step's session, back out of one, or nowhere because no step has a session. */
export type Jump =
  | { readonly type: "open"; readonly session: string }
  | { readonly type: "back"; readonly parent: string | null }
  | { readonly type: "nowhere" }

/**
 * Decides a jump from the session on the screen. `runs` are newest first. On a worker's session it is the way back;
 * elsewhere it opens the step in focus of a running run (this screen's before others), else of this screen's last run,
 * else of the last run that has a session to open.
 */
export function jumpFrom(
  session: string | undefined,
  runs: readonly RunView[],
  workers: readonly WorkerView[] = [],
): Jump {
  const own = runs.find((run) => session !== undefined && run.steps.some((step) => step.session === session))
  if (own !== undefined) return { type: "back", parent: own.parent }
  const worker = workers.find((one) => session !== undefined && one.session === session)
  if (worker !== undefined) return { type: "back", parent: worker.parent }
  const candidates = runs.flatMap((run) => {
    const step = stepInFocus(run)
    return step !== undefined && canOpen(step) ? [{ run, session: step.session }] : []
  })
  const live = candidates.filter(({ run }) => run.status === "running")
  const here = ({ run }: { run: RunView }) => belongsTo(run, session)
  const target = live.find(here) ?? live[0] ?? candidates.find(here) ?? candidates[0]
  return target === undefined ? { type: "nowhere" } : { type: "open", session: target.session }
}
