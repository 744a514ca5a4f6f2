import { DEFAULTS } from "../../core/model/defaults.ts"
import { NO_USAGE } from "../../core/model/usage.ts"
import type { Activity, Ask, Clock, KeptWorker, WorkerTask } from "../../core/ports/ports.ts"
import type { AskView, WorkerState, WorkerView } from "../../core/view/view.ts"

/** A worker with a task, from the moment it waits for a place until its task is over. */
export interface Seat {
  readonly task: WorkerTask
  /** The name it was asked by; undefined: it does a step of a workflow. */
  readonly ask: string | undefined
}

interface Row extends Seat {
  readonly startedAt: number
  session: string | undefined
  model: string | undefined
  activity: Activity | undefined
  isQueued: boolean
  readonly asks: Map<string, Ask>
}

/** The workers of this process and what they are doing: the live side of the journal, kept only in memory. */
export class Workers {
  readonly #clock: Clock
  readonly #hide: <Said>(said: Said) => Said
  readonly #rows = new Map<string, Row>()
  readonly #listeners = new Set<() => void>()

  /** `hide`: takes out of an ask, and of what a worker writes, what nobody is to see. */
  constructor(clock: Clock, hide: <Said>(said: Said) => Said = (said) => said) {
    this.#clock = clock
    this.#hide = hide
  }

  /** Hears every change; what changed is asked for with `views` and `asks`. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  add(seat: Seat): void {
    const { key, session } = seat.task
    this.#rows.set(key, {
      ...seat,
      startedAt: this.#clock.now(),
      session,
      model: seat.task.profile.model,
      activity: undefined,
      isQueued: true,
      asks: new Map(),
    })
    this.#tell()
  }

  remove(key: string): void {
    if (this.#rows.delete(key)) this.#tell()
  }

  setQueued(key: string, isQueued: boolean): void {
    this.#change(key, (row) => {
      row.isQueued = isQueued
    })
  }

  opened(key: string, session: string, model: string | null): void {
    this.#change(key, (row) => {
      row.session = session
      row.model = model ?? row.model
    })
  }

  active(key: string, activity: Activity): void {
    this.#change(key, (row) => {
      row.activity = activity.tail === undefined ? activity : { ...activity, tail: this.#hide(activity.tail) }
    })
  }

  asked(key: string, ask: Ask): void {
    this.#change(key, (row) => row.asks.set(ask.id, this.#hide(ask)))
  }

  answered(key: string, ask: string): void {
    this.#change(key, (row) => row.asks.delete(ask))
  }

  /** The worker with a task that a person calls so: by its name, or by its session. The newest first. */
  find(wanted: string): { readonly task: WorkerTask; readonly session: string | undefined } | undefined {
    return [...this.#rows.values()].reverse().find((row) => nameOf(row) === wanted || row.session === wanted)
  }

  /** The task an ask belongs to. */
  taskOfAsk(ask: string): WorkerTask | undefined {
    return [...this.#rows.values()].find((row) => row.asks.has(ask))?.task
  }

  /** How deep a session is: of a worker its depth, of any other 0. */
  depthOf(session: string | undefined): number {
    return [...this.#rows.values()].find((row) => row.session === session)?.task.depth ?? 0
  }

  /** Workers with a task in the order they came, then those that are kept without one. */
  views(kept: readonly KeptWorker[]): WorkerView[] {
    const now = this.#clock.now()
    const rows = [...this.#rows.values()]
    const busy = new Set(rows.map((row) => row.session))
    const idle = kept.filter((worker) => !busy.has(worker.session)).map(viewOfKept)
    return [...rows.map((row) => this.#view(row, now)), ...idle]
  }

  /** What waits for a person, oldest first. */
  asks(): AskView[] {
    return [...this.#rows.values()]
      .flatMap((row) => [...row.asks.values()].map((ask) => askView(row, ask)))
      .sort((a, b) => a.askedAt - b.askedAt)
  }

  #view(row: Row, now: number): WorkerView {
    const { task, activity } = row
    return {
      name: nameOf(row),
      profile: task.profile.name,
      kind: task.profile.kind,
      mode: task.profile.mode ?? "background",
      state: stateOf(row, now),
      run: task.run,
      workflow: row.ask === undefined ? task.workflow : null,
      step: row.ask === undefined ? task.step : null,
      depth: task.depth,
      model: row.model ?? null,
      tool: activity?.tool ?? null,
      session: row.session ?? null,
      parent: task.parent ?? null,
      startedAt: row.startedAt,
      lastActivityAt: activity?.lastActivityAt ?? null,
      tokens: activity?.tokens ?? NO_USAGE.tokens,
      cost: activity?.cost ?? null,
      isKept: task.profile.keep === true,
      tail: activity?.tail ?? "",
    }
  }

  #change(key: string, change: (row: Row) => void): void {
    const row = this.#rows.get(key)
    if (row === undefined) return
    change(row)
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

function nameOf(row: Row): string {
  return row.ask ?? row.task.step
}

function stateOf(row: Row, now: number): WorkerState {
  if (row.isQueued) return "queued"
  if (row.asks.size > 0) return "asking"
  if (row.activity === undefined) return "starting"
  const { phase, lastActivityAt } = row.activity
  const mayBeSilent = phase === "held" || phase === "yours" || phase === "tool" || phase === "retrying"
  return !mayBeSilent && now - lastActivityAt >= DEFAULTS.silentAfterMs ? "silent" : phase
}

function askView(row: Row, ask: Ask): AskView {
  const { task } = row
  return {
    ...ask,
    worker: nameOf(row),
    profile: task.profile.name,
    workerKind: task.profile.kind,
    workflow: row.ask === undefined ? task.workflow : null,
    run: task.run,
    depth: task.depth,
  }
}

function viewOfKept(worker: KeptWorker): WorkerView {
  return {
    name: worker.name,
    profile: worker.profile,
    kind: worker.kind,
    mode: "background",
    state: "idle",
    run: null,
    workflow: null,
    step: null,
    depth: 1,
    model: null,
    tool: null,
    session: worker.session,
    parent: worker.parent,
    startedAt: null,
    lastActivityAt: null,
    tokens: NO_USAGE.tokens,
    cost: null,
    isKept: true,
    tail: "",
  }
}
