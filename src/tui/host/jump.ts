import { traitsOf } from "../../core/model/kinds.ts"
import { type RunView, stepInFocus, type WorkerView } from "../../core/view/view.ts"
import { belongsTo, canOpen } from "../state/view-model.ts"

/**
 * Target of the jump key: a step's session, back from one, or nowhere because no step has a
 * session.
 */
export type Jump =
  | { readonly type: "open"; readonly session: string }
  | { readonly type: "back"; readonly parent: string | null }
  | { readonly type: "nowhere" }

/**
 * Decides where to jump from the session on the screen; `runs` are newest first. From a worker's
 * session it goes back. From elsewhere it opens the focused step of a running run (this screen's
 * runs first), otherwise of this screen's last run, otherwise of the last run that has a session to
 * open.
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

/**
 * Session of the worker after (1) or before (-1) the one on the screen, in a circular order. The
 * candidates are the workers of the run that the session belongs to, and of the runs those started,
 * in the order of the steps. From a session without a worker it is the first running one, otherwise
 * the first or last. Undefined when no other worker has a session to open.
 */
export function nextWorker(
  session: string | undefined,
  by: 1 | -1,
  runs: readonly RunView[],
  workers: readonly WorkerView[],
): string | undefined {
  const run = runAround(session, runs)
  const sessions = run === undefined ? [] : [...new Set(sessionsOf(run, runs))]
  const kept = workers.flatMap(({ run: task, session: id, kind }) =>
    task === null && id !== null && traitsOf(kind).canOpenHere ? [id] : [],
  )
  const all = sessions.length > 0 ? sessions : [...new Set(kept)]
  const at = session === undefined ? -1 : all.indexOf(session)
  if (at >= 0) return all.length < 2 ? undefined : all[(at + by + all.length) % all.length]
  const busy = run?.steps.find((step) => step.status === "running" && canOpen(step))?.session
  return busy ?? (by === 1 ? all[0] : all.at(-1)) ?? undefined
}

/**
 * The top run that a worker's session belongs to, at any depth. For a person's session it is the
 * one that runs, otherwise its newest; without one it is any running run, otherwise the newest.
 */
function runAround(session: string | undefined, runs: readonly RunView[]): RunView | undefined {
  let run: RunView | undefined
  let at = session
  for (const _ of runs) {
    const above = runs.find((one) => at !== undefined && one.steps.some((step) => step.session === at))
    if (above === undefined) break
    run = above
    at = above.parent ?? undefined
  }
  if (run !== undefined) return run
  const tops = runs.filter(({ depth }) => depth === 0)
  const own = tops.filter(({ parent }) => parent !== null && parent === session)
  const isRunning = ({ status }: RunView) => status === "running"
  return own.find(isRunning) ?? own[0] ?? tops.find(isRunning) ?? tops[0]
}

/**
 * Sessions of a run's workers that can be opened, each followed by the sessions of the runs it
 * started.
 */
function sessionsOf(run: RunView, runs: readonly RunView[]): string[] {
  return run.steps.flatMap((step) => {
    const started = (step.delegated?.runs ?? []).flatMap((id) => runs.find((one) => one.id === id) ?? [])
    return [...(canOpen(step) ? [step.session] : []), ...started.flatMap((child) => sessionsOf(child, runs))]
  })
}

/**
 * The session that the worker of this session was started from; undefined when no worker has this
 * session.
 */
export function parentOf(
  session: string | undefined,
  runs: readonly RunView[],
  workers: readonly WorkerView[],
): string | null | undefined {
  if (session === undefined) return undefined
  const run = runs.find((one) => one.steps.some((step) => step.session === session))
  return run?.parent ?? workers.find((worker) => worker.session === session)?.parent
}
