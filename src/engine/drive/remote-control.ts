import type { Clock, Log, QueuedCommand, QueuedOutcome, QueueEntry, Steer, Store } from "../../core/ports/ports.ts"
import type { RunView } from "../../core/view/view.ts"

/** How often a process that drives runs looks for queued commands, in milliseconds. */
const LOOK_MS = 200
/** How often, and for how long, a process looks for the outcome of its queued command, in
 *  milliseconds. */
const ANSWER_LOOK_MS = 100
const ANSWER_MS = 5_000
/** A worker of another process is looked for in this many runs at most. */
const RUNS_READ = 30

/** The command was carried out, or queued for the process that drives the run (`handed` are the
 *  keys that `settled` waits for), or refused with a sentence that says why. */
export type CommandOutcome =
  | { readonly ok: true; readonly run: string; readonly handed?: readonly string[] }
  | { readonly ok: false; readonly why: string }

/** The outcome of a command: carried out here or by the process that drives the run. It is
 *  pending when that process has not processed it yet. */
export type Settled =
  | { readonly ok: true; readonly run: string; readonly driver: "here" | "elsewhere"; readonly isPending: boolean }
  | { readonly ok: false; readonly why: string }

interface RemoteControlDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

interface CommandHandlers {
  /**
   * Carries out the entry and completes it if this process drives its run; otherwise does nothing.
   */
  carryOut(entry: QueueEntry): void
  /** Carries out the command of an entry whose process is gone, and completes the entry. When
   *  another process drives the run by now, the entry is left to it (`handed`). */
  doHere(entry: QueueEntry): CommandOutcome
}

/**
 * Both ends of the command queue. Any process may queue a command for a run; only the one that
 * drives the run carries it out, so that the journal has one writer (G1) and each queued command is
 * done once. A command that its process did not process before it died is carried out by the next
 * process that drives the run.
 */
export class RemoteControl {
  readonly #deps: RemoteControlDeps
  readonly #handlers: CommandHandlers
  #cancel: (() => void) | undefined
  #lastError = ""

  constructor(deps: RemoteControlDeps, handlers: CommandHandlers) {
    this.#deps = deps
    this.#handlers = handlers
  }

  /** Looks for queued commands from now on, until `rest`. */
  watch(): void {
    this.#cancel ??= this.#deps.clock.after(LOOK_MS, () => {
      this.#cancel = undefined
      this.watch()
      this.#look()
    })
  }

  rest(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** Carries out commands that were queued before this process began to drive the run. `pause`
   *  and `resume` are refused: the command that took the run over already decides that. */
  takeOver(run: string): void {
    const { store } = this.#deps
    this.#guard(() => {
      this.#drop()
      for (const entry of store.queued().filter((one) => one.run === run)) {
        const { type } = entry.command
        if (type === "pause" || type === "resume")
          store.refuse(run, entry.key, "the process that drove the run is gone")
        else this.#handlers.carryOut(entry)
      }
    })
  }

  #look(): void {
    this.#guard(() => {
      this.#drop()
      for (const entry of this.#deps.store.queued()) this.#handlers.carryOut(entry)
    })
  }

  /** Ends what somebody else than this user's Baton has queued, and says so once. */
  #drop(): void {
    const { store, log } = this.#deps
    for (const { run, key, why } of store.drop())
      log.error(`a queued command for run ${run} was not carried out: ${why}. If it was yours, give it again`, { key })
  }

  /** Logs a repeated error only once, not at every look. */
  #guard(work: () => void): void {
    try {
      work()
      this.#lastError = ""
    } catch (error) {
      const text = String(error)
      if (text !== this.#lastError) this.#deps.log.error("queued commands could not be processed", { error: text })
      this.#lastError = text
    }
  }

  /** Queues a command for the process that drives the run. The session that the command names as
   *  `parent` is left out, because another process must not decide where the run's work belongs. */
  post(run: string, command: QueuedCommand, key: string = crypto.randomUUID()): CommandOutcome {
    const entry = { run, key, command: "parent" in command ? { ...command, parent: undefined } : command }
    this.#deps.store.post(entry as QueueEntry)
    return { ok: true, run, handed: [key] }
  }

  /** The outcome of all commands that were queued. A command that no process has completed
   *  within five seconds stays queued and is reported as pending. */
  async settled(outcome: CommandOutcome): Promise<Settled> {
    if (!outcome.ok) return outcome
    const { run, handed } = outcome
    let isPending = false
    let isHere = handed === undefined
    for (const key of handed ?? []) {
      const answer = await this.#answer(run, key)
      if (answer?.refused !== undefined) return { ok: false, why: answer.refused }
      isPending ||= answer === undefined
      isHere ||= answer?.isHere === true
    }
    return { ok: true, run, driver: isHere ? "here" : "elsewhere", isPending }
  }

  /** Resolves with undefined when there is no outcome in time. */
  async #answer(run: string, key: string): Promise<(QueuedOutcome & { readonly isHere?: true }) | undefined> {
    const { store, clock } = this.#deps
    const until = clock.now() + ANSWER_MS
    for (;;) {
      const outcome = store.outcomeOf(run, key)
      if (outcome !== undefined) return outcome
      const entry = store.isClaimed(run) ? undefined : store.queued().find((one) => one.run === run && one.key === key)
      const done = entry && this.#handlers.doHere(entry)
      if (done?.ok === false) return { refused: done.why }
      if (done && !done.handed) return { ...store.outcomeOf(run, key), isHere: true }
      if (clock.now() >= until) return undefined
      await new Promise<void>((resolve) => void clock.after(ANSWER_LOOK_MS, resolve))
    }
  }
}

/** An attempt that another process works on. */
export interface RemoteWorker {
  readonly run: string
  readonly name: string
  readonly step: string
  readonly attempt: number
}

/** Finds the running step with this name or session among runs that this process does not drive. */
export function findRemoteWorker(
  wanted: string,
  runs: Iterable<string>,
  viewOf: (run: string) => RunView | undefined,
): RemoteWorker | undefined {
  let left = RUNS_READ
  for (const run of runs) {
    if (left-- === 0) return undefined
    const view = viewOf(run)
    if (view?.status !== "running") continue
    const step = view.steps.find(
      (one) => one.status === "running" && ((view.ask ?? one.id) === wanted || one.session === wanted),
    )
    if (step) return { run, name: view.ask ?? step.id, step: step.id, attempt: step.attempts }
  }
  return undefined
}

/** The queued command that steers such a worker. A message keeps its id, so that sending it
 *  twice delivers it once. */
export function steerCommand(
  { step, attempt }: RemoteWorker,
  steer: Exclude<Steer, { type: "message" }> | { readonly type: "message"; readonly id: string; readonly text: string },
  by: string,
): QueuedCommand {
  const { type: action, ...rest } = steer
  return { type: "steered", step, attempt, by, action, ...rest }
}
