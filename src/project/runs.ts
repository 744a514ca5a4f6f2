import type { RunStatus } from "../core/model/result.ts"
import type { RunHeader } from "../core/ports/ports.ts"
import type { RunView, StepView } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"

/** Finds the run or step that an incomplete name refers to. */

/** Maximum number of runs in which a step is searched. */
const RUNS_READ = 20

/**
 * The run whose id begins with `wanted`; without it the newest run that was not started by a
 * worker.
 */
export function runNamed(engine: Engine, wanted: string | undefined): RunView | undefined {
  if (wanted !== undefined) return engine.find(wanted)
  for (const { id } of engine.list()) {
    const view = engine.readable(id)
    if (view?.depth === 0) return view
  }
  return undefined
}

/**
 * The step with that name, or done by the worker with that name, in the newest run that has one; or
 * `RUN/STEP`.
 */
export function stepNamed(
  engine: Engine,
  wanted: string,
): { readonly run: RunView; readonly step: StepView } | undefined {
  const slash = wanted.indexOf("/")
  const own = slash < 1 ? undefined : engine.find(wanted.slice(0, slash))
  const named = own?.steps.find(({ id }) => id === wanted.slice(slash + 1))
  if (own && named) return { run: own, step: named }
  const session = engine.kept(wanted)?.session
  const isMeant = (run: RunView, step: StepView) =>
    run.ask === null ? step.id === wanted || (session !== undefined && step.session === session) : run.ask === wanted
  for (const { id } of engine.list().slice(0, RUNS_READ)) {
    const run = engine.readable(id)
    const step = run?.steps.find((other) => isMeant(run, other))
    if (run && step) return { run, step }
  }
  return undefined
}

/** Which runs are wanted. Every part that is given must match. */
export interface RunFilter {
  readonly workflow?: string | undefined
  readonly state?: RunStatus | undefined
  /** Runs that were started at this time (milliseconds since 1970) or later. */
  readonly since?: number | undefined
}

/** One page of runs, newest first. A run whose journal cannot be read has no view. */
export interface RunPage {
  readonly runs: readonly { readonly header: RunHeader; readonly view: RunView | undefined }[]
  /** Whether there are older runs after this page. */
  readonly isMore: boolean
}

/**
 * Returns a page (from 1) of at most `limit` runs. A state is only known once a run was read, so
 * with a state, runs are read until the page is full.
 */
export function pageOfRuns(
  engine: Engine,
  { workflow, state, since }: RunFilter,
  { limit, page }: { readonly limit: number; readonly page: number },
): RunPage {
  const headers = engine
    .list()
    .filter((header) => (workflow ?? header.workflow) === header.workflow && header.createdAt >= (since ?? 0))
  const read = (header: RunHeader) => ({ header, view: engine.readable(header.id) })
  const from = limit * (page - 1)
  if (state === undefined)
    return { runs: headers.slice(from, from + limit).map(read), isMore: headers.length > from + limit }
  const found: ReturnType<typeof read>[] = []
  for (const header of headers) {
    const one = read(header)
    if (one.view?.status === state) found.push(one)
    if (found.length > from + limit) break
  }
  return { runs: found.slice(from, from + limit), isMore: found.length > from + limit }
}
