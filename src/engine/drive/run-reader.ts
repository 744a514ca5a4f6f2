import { evolve } from "../../core/fold/evolve.ts"
import type { RunEvent, Usage } from "../../core/model/events.ts"
import { type Run, stepOf } from "../../core/model/run.ts"
import { sumOf } from "../../core/model/usage.ts"
import type { DelegatedRun, Store } from "../../core/ports/ports.ts"
import { requestsOf } from "../../core/view/requests.ts"
import {
  type ChildView,
  type PendingRequestView,
  type RunningUsage,
  type RunView,
  type StepView,
  viewRun,
  withDelegated,
  withRunning,
} from "../../core/view/view.ts"

/** So many runs are kept as they were read last. More than are followed, so that a look at all of
 *  them folds none again. */
const RUNS_KEPT = 400

/** At most so many runs that have not ended are followed: the newest. */
const OPEN_READ = 100

/** A run as it was read last, and how many of its events that were. */
interface KnownRun {
  readonly run: Run
  readonly events: number
}

/**
 * Reads the state of runs. Memory is the truth only for a run whose claim this process holds; of
 * every other run the journal is, because any process may have written to it. A run that was read
 * before is not read again: only the events that were added since then are.
 */
export class RunReader {
  readonly #store: Store
  readonly #driven: (run: string) => Run | undefined
  /** The least recently used run first. */
  readonly #known = new Map<string, KnownRun>()
  /** The runs whose journal did not end them, as of a version of the journal. */
  #open: { readonly version: number; readonly runs: readonly string[] } | undefined
  /** The runs that had not ended when they were viewed, the least recent first. */
  readonly #wereOpen = new Set<string>()
  readonly #running: (run: string) => readonly RunningUsage[]

  /**
   * `driven` returns the state of a run whose claim this process holds, and `running` what its
   * workers have spent on tasks that they have not ended.
   */
  constructor(
    store: Store,
    driven: (run: string) => Run | undefined,
    running: (run: string) => readonly RunningUsage[],
  ) {
    this.#store = store
    this.#driven = driven
    this.#running = running
  }

  /** Folds the run from the journal. */
  load(run: string): Run | undefined {
    const extent = this.#store.extent(run)
    const known = this.#known.get(run)
    const isSame = known !== undefined && extent?.createdAt === known.run.created.at && extent.events >= known.events
    if (isSame && extent.events === known.events) return this.#keep(run, known)
    const from: Partial<KnownRun> = isSame ? known : {}
    const added = extent === undefined ? [] : this.#store.read(run, from.events)
    const state = added.reduce<Run | undefined>(evolve, from.run)
    if (state === undefined) this.#known.delete(run)
    return state && this.#keep(run, { run: state, events: (from.events ?? 0) + added.length })
  }

  /** Takes over the state of a driven run after these events were added, so that it need not be
   *  read when the claim is released. */
  advance(run: Run, added: readonly RunEvent[]): void {
    const before = added[0]?.type === "run.created" ? 0 : this.#known.get(run.id)?.events
    if (before !== undefined) this.#keep(run.id, { run, events: before + added.length })
  }

  /** The current state of the run. */
  current(run: string): Run | undefined {
    return this.#driven(run) ?? this.load(run)
  }

  #keep(run: string, known: KnownRun): Run {
    this.#known.delete(run)
    this.#known.set(run, known)
    const oldest = this.#known.keys().next().value
    if (this.#known.size > RUNS_KEPT && oldest !== undefined) this.#known.delete(oldest)
    return known.run
  }

  /**
   * The views of runs, including what their workers have delegated. The store is read once for all.
   */
  views(runs: readonly string[]): RunView[] {
    const delegated = this.#store.delegated()
    return runs.flatMap((run) => this.#viewAmong(run, delegated) ?? [])
  }

  /**
   * The views of the runs that a person follows, newest first: those that have not ended, whichever
   * process drives them, and those of `driven` and of earlier calls that have ended since. `driven`
   * are the runs that this process drives or has driven. `broken` is called for a run that cannot be
   * read.
   */
  followed(driven: Iterable<string>, broken: (run: string, error: unknown) => void): RunView[] {
    const delegated = this.#store.delegated()
    const views = this.#readable(driven, broken, (run) => this.#viewAmong(run, delegated) ?? [])
    return views.sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
  }

  /** The requests of the followed runs that other processes drive, as far as nobody has answered. */
  requestsElsewhere(driven: Iterable<string>, broken: (run: string, error: unknown) => void): PendingRequestView[] {
    return this.#readable(driven, broken, (run) => {
      const state = this.#driven(run) === undefined ? this.load(run) : undefined
      return state?.status === "running" && this.#store.isClaimed(run) ? requestsOf(state) : []
    })
  }

  /** What `read` returns for each followed run; `broken` is called for a run that cannot be read. */
  #readable<T>(
    driven: Iterable<string>,
    broken: (run: string, error: unknown) => void,
    read: (run: string) => T | readonly T[],
  ): T[] {
    return this.#followedIds(driven).flatMap((run) => {
      try {
        return read(run)
      } catch (error) {
        broken(run, error)
        return []
      }
    })
  }

  #followedIds(driven: Iterable<string>): string[] {
    const version = this.#store.version()
    // What this process writes does not change the version, but it is in `driven`.
    if (this.#open?.version !== version)
      this.#open = {
        version,
        runs: this.#store
          .unended()
          .map(({ id }) => id)
          .slice(0, OPEN_READ),
      }
    for (const run of this.#open.runs) this.#wereOpen.add(run)
    for (const run of this.#wereOpen) if (this.#wereOpen.size > 2 * OPEN_READ) this.#wereOpen.delete(run)
    return [...new Set([...driven, ...this.#wereOpen])]
  }

  view(run: string): RunView | undefined {
    return this.#viewAmong(run, this.#store.delegated())
  }

  /** The usage of the runs that were started from a session since a time (milliseconds since
   *  1970); undefined when there were none. */
  delegatedFrom(session: string, since: number): Usage | undefined {
    const delegated = this.#store.delegated()
    const runs = delegated.filter((run) => run.parent === session && run.createdAt >= since)
    const views = runs.flatMap(({ id }) => this.#childOf(id, delegated) ?? [])
    return views.length === 0 ? undefined : sumOf(views)
  }

  /** Whether a living process drives the run. */
  isClaimed(run: string): boolean {
    return this.#driven(run) !== undefined || this.#store.isClaimed(run)
  }

  #viewAmong(run: string, delegated: readonly DelegatedRun[]): RunView | undefined {
    const state = this.current(run)
    // Only of a run that is recorded as running does it matter whether somebody drives it.
    const isClaimed = state?.status === "running" && this.isClaimed(run)
    const view = state && withRunning(viewRun(state, isClaimed), this.#running(run))
    return state && view && this.#withDelegated(state, view, delegated)
  }

  /** Adds what the run's workers have delegated, at any depth. */
  #withDelegated(state: Run, view: RunView, delegated: readonly DelegatedRun[]): RunView {
    const children = new Map<string, ChildView[]>()
    for (const run of delegated) {
      const step = view.steps.find((one) => startedFrom(run, one, stepOf(state, one.id)?.earlierSessions))
      const child = step && this.#childOf(run.id, delegated)
      if (step && child) children.set(step.id, [...(children.get(step.id) ?? []), child])
    }
    return withDelegated(view, children)
  }

  /** What a delegated run adds to the run above it. Nobody knows what one has spent that cannot be
   *  read, and it must not cost the run above more than that. */
  #childOf(run: string, delegated: readonly DelegatedRun[]): ChildView | undefined {
    try {
      return this.#viewAmong(run, delegated)
    } catch {
      // A person who looks at that run itself is told why it cannot be read.
      return { id: run, tokens: { input: 0, output: 0 }, cost: null, knownUsd: 0 }
    }
  }
}

/** Whether a run was started from a session of a step while the step ran: the session of a kept
 *  worker serves many steps. */
function startedFrom(run: DelegatedRun, step: StepView, earlier: readonly string[] = []): boolean {
  if ((run.parent !== step.session && !earlier.includes(run.parent)) || step.startedAt === null) return false
  return run.createdAt >= step.startedAt && run.createdAt <= (step.endedAt ?? run.createdAt)
}
