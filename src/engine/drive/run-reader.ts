import { evolve } from "../../core/fold/evolve.ts"
import type { Usage } from "../../core/model/events.ts"
import { type Run, stepOf } from "../../core/model/run.ts"
import type { DelegatedRun, Store } from "../../core/ports/ports.ts"
import { type RunView, type StepView, sumOf, viewRun, withDelegated } from "../../core/view/view.ts"

/** Reads the state of runs: from memory if this process drives them, otherwise from the journal. */
export class RunReader {
  readonly #store: Store
  readonly #known: (run: string) => Run | undefined

  /** `known` returns the last state of a run that this process drives or has driven. */
  constructor(store: Store, known: (run: string) => Run | undefined) {
    this.#store = store
    this.#known = known
  }

  /** Folds the run from the journal. */
  load(run: string): Run | undefined {
    return this.#store.read(run).reduce<Run | undefined>(evolve, undefined)
  }

  /** The current state of the run. A run that waits is read from the journal, because another
   *  process may have taken it over. */
  current(run: string): Run | undefined {
    const known = this.#known(run)
    const waits = known?.status === "paused" || known?.status === "interrupted"
    return waits ? this.load(run) : (known ?? this.load(run))
  }

  /**
   * The views of runs, including what their workers have delegated. The store is read once for all.
   */
  views(runs: readonly string[]): RunView[] {
    const delegated = this.#store.delegated()
    return runs.flatMap((run) => this.#viewAmong(run, delegated) ?? [])
  }

  view(run: string): RunView | undefined {
    return this.#viewAmong(run, this.#store.delegated())
  }

  /** The usage of the runs that were started from a session since a time (milliseconds since
   *  1970); undefined when there were none. */
  delegatedFrom(session: string, since: number): Usage | undefined {
    const delegated = this.#store.delegated()
    const runs = delegated.filter((run) => run.parent === session && run.createdAt >= since)
    const views = runs.flatMap(({ id }) => this.#viewAmong(id, delegated) ?? [])
    return views.length === 0 ? undefined : sumOf(views)
  }

  #viewAmong(run: string, delegated: readonly DelegatedRun[]): RunView | undefined {
    const state = this.current(run)
    const view = state && viewRun(state, this.#store.isClaimed(run))
    return state && view && this.#withDelegated(state, view, delegated)
  }

  /** Adds what the run's workers have delegated, at any depth. */
  #withDelegated(state: Run, view: RunView, delegated: readonly DelegatedRun[]): RunView {
    const children = new Map<string, RunView[]>()
    for (const run of delegated) {
      const step = view.steps.find((one) => startedFrom(run, one, stepOf(state, one.id)?.earlierSessions))
      const child = step && this.#viewAmong(run.id, delegated)
      if (step && child) children.set(step.id, [...(children.get(step.id) ?? []), child])
    }
    return withDelegated(view, children)
  }
}

/** Whether a run was started from a session of a step while the step ran: the session of a kept
 *  worker serves many steps. */
function startedFrom(run: DelegatedRun, step: StepView, earlier: readonly string[] = []): boolean {
  if ((run.parent !== step.session && !earlier.includes(run.parent)) || step.startedAt === null) return false
  return run.createdAt >= step.startedAt && run.createdAt <= (step.endedAt ?? run.createdAt)
}
