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
    const view = engine.view(id)
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
    const run = engine.view(id)
    const step = run?.steps.find((other) => isMeant(run, other))
    if (run && step) return { run, step }
  }
  return undefined
}
