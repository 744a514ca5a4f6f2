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

/**
 * The session of the worker after (1) or before (-1) the one on the screen, round and round: those of the run this
 * session belongs to, and of what its workers started, in the order of the steps. From a session that is no worker's
 * it is the first that runs, else the first. Undefined: there is no other.
 */
export function nextWorker(
  session: string | undefined,
  by: 1 | -1,
  runs: readonly RunView[],
  workers: readonly WorkerView[],
): string | undefined {
  const family = familyOf(session, runs)
  const sessions = [...new Set(family.flatMap((run) => sessionsOf(run, runs)))]
  const kept = workers.flatMap((one) =>
    one.run === null && one.session !== null && one.kind !== "server" ? [one.session] : [],
  )
  const all = sessions.length > 0 ? sessions : [...new Set(kept)]
  const at = session === undefined ? -1 : all.indexOf(session)
  if (at >= 0) return all.length < 2 ? undefined : all[(at + by + all.length) % all.length]
  const isRunning = (id: string) =>
    family.some((run) => run.steps.some((step) => step.session === id && step.status === "running"))
  return all.find(isRunning) ?? (by === 1 ? all[0] : all.at(-1))
}

/** The runs of the person's session that this one belongs to; else the one that runs, else the newest. */
function familyOf(session: string | undefined, runs: readonly RunView[]): readonly RunView[] {
  const top = rootOf(session, runs)
  const own = runs.filter((run) => run.parent === top && top !== undefined)
  const others = runs.filter(({ depth }) => depth === 0)
  return own.length > 0
    ? own.toReversed()
    : [others.find(({ status }) => status === "running") ?? others[0]].filter((run) => run !== undefined)
}

/** The session at the top: the one the run was started from whose worker, or whose worker's worker, this one is. */
function rootOf(session: string | undefined, runs: readonly RunView[]): string | undefined {
  let top = session
  for (const _ of runs) {
    const run = runs.find((one) => one.steps.some((step) => top !== undefined && step.session === top))
    if (run === undefined || run.parent === null) break
    top = run.parent
  }
  return top
}

/** Sessions of a run's workers that can be opened, each followed by those of what it started. */
function sessionsOf(run: RunView, runs: readonly RunView[]): string[] {
  return run.steps.flatMap((step) => {
    const started = (step.delegated?.runs ?? []).flatMap((id) => runs.find((one) => one.id === id) ?? [])
    return [...(canOpen(step) ? [step.session] : []), ...started.flatMap((child) => sessionsOf(child, runs))]
  })
}

/** The session that the worker of this session was started from; undefined: it is no worker's. */
export function parentOf(
  session: string | undefined,
  runs: readonly RunView[],
  workers: readonly WorkerView[],
): string | null | undefined {
  if (session === undefined) return undefined
  const run = runs.find((one) => one.steps.some((step) => step.session === session))
  return run?.parent ?? workers.find((worker) => worker.session === session)?.parent
}
