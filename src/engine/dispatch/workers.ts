import { DEFAULTS } from "../../core/model/defaults.ts"
import { NO_USAGE } from "../../core/model/usage.ts"
import type { Activity, Clock, KeptWorker, PendingRequest, WorkerTask } from "../../core/ports/ports.ts"
import type { PendingRequestView, RunningUsage, WorkerState, WorkerView } from "../../core/view/view.ts"

/** A worker with a task, from its wait for a place until its task is over. */
export interface ActiveWorker {
  readonly task: WorkerTask
  /** The name that the question was addressed to; undefined for a step of a workflow. */
  readonly ask: string | undefined
}

interface WorkerRecord extends ActiveWorker {
  readonly startedAt: number
  session: string | undefined
  model: string | undefined
  activity: Activity | undefined
  isQueued: boolean
  readonly asks: Map<string, PendingRequest>
}

/** The workers of this process and their activity: live state that is kept only in memory. */
export class Workers {
  readonly #clock: Clock
  readonly #hide: <Said>(said: Said) => Said
  readonly #rows = new Map<string, WorkerRecord>()
  readonly #listeners = new Set<() => void>()

  /** `hide` removes secrets from requests and from what a worker writes. */
  constructor(clock: Clock, hide: <Said>(said: Said) => Said = (said) => said) {
    this.#clock = clock
    this.#hide = hide
  }

  /** Calls `listener` at every change; `views` and `asks` return the new state. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  add(worker: ActiveWorker): void {
    const { key, session } = worker.task
    this.#rows.set(key, {
      ...worker,
      startedAt: this.#clock.now(),
      session,
      model: worker.task.profile.model,
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
    this.#change(key, (record) => {
      record.isQueued = isQueued
    })
  }

  opened(key: string, session: string, model: string | null): void {
    this.#change(key, (record) => {
      record.session = session
      record.model = model ?? record.model
    })
  }

  active(key: string, activity: Activity): void {
    this.#change(key, (record) => {
      record.activity = activity.tail === undefined ? activity : { ...activity, tail: this.#hide(activity.tail) }
    })
  }

  asked(key: string, request: PendingRequest): void {
    this.#change(key, (record) => record.asks.set(request.id, this.#hide(request)))
  }

  answered(key: string, request: string): void {
    this.#change(key, (record) => record.asks.delete(request))
  }

  /** The newest worker with a task that has this name or this session. */
  find(wanted: string): { readonly task: WorkerTask; readonly session: string | undefined } | undefined {
    return [...this.#rows.values()].reverse().find((record) => nameOf(record) === wanted || record.session === wanted)
  }

  /** The task of the worker that made the request. */
  taskOfRequest(request: string): WorkerTask | undefined {
    return [...this.#rows.values()].find((record) => record.asks.has(request))?.task
  }

  /** What the workers of a run have spent on their current tasks. */
  usageIn(run: string): RunningUsage[] {
    const own = [...this.#rows.values()].filter(({ task }) => task.run === run)
    return own.flatMap(({ task, activity }) =>
      activity === undefined ? [] : [{ step: task.step, tokens: activity.tokens, cost: activity.cost }],
    )
  }

  /** Nesting depth of a session: that of its worker, or 0 for any other session. */
  depthOf(session: string | undefined): number {
    return [...this.#rows.values()].find((record) => record.session === session)?.task.depth ?? 0
  }

  /** Workers with a task in the order they were added, then the kept workers without one. */
  views(kept: readonly KeptWorker[]): WorkerView[] {
    const now = this.#clock.now()
    const rows = [...this.#rows.values()]
    const busy = new Set(rows.map((record) => record.session))
    const idle = kept.filter((worker) => !busy.has(worker.session)).map(viewOfKept)
    return [...rows.map((record) => this.#view(record, now)), ...idle]
  }

  /** Requests that wait for a person, oldest first. */
  asks(): PendingRequestView[] {
    return [...this.#rows.values()]
      .flatMap((record) => [...record.asks.values()].map((request) => requestView(record, request)))
      .sort((a, b) => a.askedAt - b.askedAt)
  }

  #view(record: WorkerRecord, now: number): WorkerView {
    const { task, activity } = record
    return {
      name: nameOf(record),
      profile: task.profile.name,
      kind: task.profile.kind,
      mode: task.profile.mode ?? "background",
      state: stateOf(record, now),
      run: task.run,
      workflow: record.ask === undefined ? task.workflow : null,
      step: record.ask === undefined ? task.step : null,
      depth: task.depth,
      model: record.model ?? null,
      tool: activity?.tool ?? null,
      session: record.session ?? null,
      parent: task.parent ?? null,
      startedAt: record.startedAt,
      lastActivityAt: activity?.lastActivityAt ?? null,
      tokens: activity?.tokens ?? NO_USAGE.tokens,
      cost: activity?.cost ?? null,
      isKept: task.profile.keep === true,
      tail: activity?.tail ?? "",
    }
  }

  #change(key: string, change: (record: WorkerRecord) => void): void {
    const record = this.#rows.get(key)
    if (record === undefined) return
    change(record)
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

function nameOf(record: WorkerRecord): string {
  return record.ask ?? record.task.step
}

function stateOf(record: WorkerRecord, now: number): WorkerState {
  if (record.isQueued) return "queued"
  if (record.asks.size > 0) return "asking"
  if (record.activity === undefined) return "starting"
  const { phase, lastActivityAt } = record.activity
  const mayBeSilent = phase === "held" || phase === "yours" || phase === "tool" || phase === "retrying"
  return !mayBeSilent && now - lastActivityAt >= DEFAULTS.silentAfterMs ? "silent" : phase
}

function requestView(record: WorkerRecord, request: PendingRequest): PendingRequestView {
  const { task } = record
  return {
    ...request,
    worker: nameOf(record),
    profile: task.profile.name,
    workerKind: task.profile.kind,
    workflow: record.ask === undefined ? task.workflow : null,
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
