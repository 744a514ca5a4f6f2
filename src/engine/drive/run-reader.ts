import { evolve } from "../../core/fold/evolve.ts"
import type { Usage } from "../../core/model/events.ts"
import { type Run, stepOf } from "../../core/model/run.ts"
import type { DelegatedRun, Store } from "../../core/ports/ports.ts"
import { type RunView, type StepView, sumOf, viewRun, withDelegated } from "../../core/view/view.ts"

/** What is known of runs: of those driven here at once, of the others from the journal. */
export class RunReader {
  readonly #store: Store
  readonly #known: (run: string) => Run | undefined

  /** `known` gives a run this process drives or has driven, as it left it. */
  constructor(store: Store, known: (run: string) => Run | undefined) {
    this.#store = store
    this.#known = known
  }

  /** The run as the journal has it. */
  load(run: string): Run | undefined {
    return this.#store.read(run).reduce<Run | undefined>(evolve, undefined)
  }

  /** The run as it is. One that waits may have been taken on by another process: only the journal knows. */
  current(run: string): Run | undefined {
    const known = this.#known(run)
    const waits = known?.status === "paused" || known?.status === "interrupted"
    return waits ? this.load(run) : (known ?? this.load(run))
  }

  /** The runs, with what their workers have delegated: one reading of the store serves all. */
  views(runs: readonly string[]): RunView[] {
    const delegated = this.#store.delegated()
    return runs.flatMap((run) => this.#viewAmong(run, delegated) ?? [])
  }

  view(run: string): RunView | undefined {
    return this.#viewAmong(run, this.#store.delegated())
  }

  /** What runs took that were started from a session since a time; undefined: there were none. */
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

  /** Adds what the run's workers have delegated, as deep as it goes. */
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

/** Whether a run was started from a session of a step while the step ran: a kept session serves many steps. */
function startedFrom(run: DelegatedRun, step: StepView, earlier: readonly string[] = []): boolean {
  if ((run.parent !== step.session && !earlier.includes(run.parent)) || step.startedAt === null) return false
  return run.createdAt >= step.startedAt && run.createdAt <= (step.endedAt ?? run.createdAt)
}
