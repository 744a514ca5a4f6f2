import type { Clock, Log, QueuedCommand, QueuedOutcome, QueueEntry, Steer, Store } from "../../core/ports/ports.ts"
import type { RunView } from "../../core/view/view.ts"

/** How often a process that drives runs looks for what others ask of them. */
const LOOK_MS = 200
/** How often, and for how long, a process that has asked looks what became of it. */
const ANSWER_LOOK_MS = 100
const ANSWER_MS = 5_000
/** A worker of another process is looked for among so many runs. */
const RUNS_READ = 30

/**
 * Done, or handed to the process that drives the run (`handed`: what `settled` asks after), or the sentence that says
 * why not.
 */
export type CommandOutcome =
  | { readonly ok: true; readonly run: string; readonly handed?: readonly string[] }
  | { readonly ok: false; readonly why: string }

/** What became of it: done here or by the process that drives the run, which may not have come to it yet. */
export type Settled =
  | { readonly ok: true; readonly run: string; readonly driver: "here" | "elsewhere"; readonly isPending: boolean }
  | { readonly ok: false; readonly why: string }

interface RemoteControlDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

interface CommandHandlers {
  /** Does what an entry asks if this process drives its run, and ends the entry; else does nothing. */
  carryOut(entry: QueueEntry): void
  /** Does what was asked of a process that is gone, and ends the entry; when yet another drives the run by now, it is left
   *  to that one (`handed`). */
  doHere(entry: QueueEntry): CommandOutcome
}

/**
 * The two ends of the command queue. Any process posts what it wants of a run; only the one that drives the run carries
 * it out,
 * so that the journal has one writer (G1) and each queued command is done once. A queued command whose process has died before it came to it
 * is carried out by the next that drives the run.
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

  /** Carries out what was asked of a run before this process began to drive it. To go on or to wait is the word of
   *  whoever has just taken it up. */
  takeOver(run: string): void {
    const { store } = this.#deps
    this.#guard(() => {
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
      for (const entry of this.#deps.store.queued()) this.#handlers.carryOut(entry)
    })
  }

  /** A disk that refuses is said once, not with every look. */
  #guard(work: () => void): void {
    try {
      work()
      this.#lastError = ""
    } catch (error) {
      const text = String(error)
      if (text !== this.#lastError) this.#deps.log.error("the queued commands could not be executed", { error: text })
      this.#lastError = text
    }
  }

  /** Leaves a queued command for the process that drives the run. Where its work belongs is not for others to say. */
  post(run: string, command: QueuedCommand, key: string = crypto.randomUUID()): CommandOutcome {
    const entry = { run, key, command: "parent" in command ? { ...command, parent: undefined } : command }
    this.#deps.store.post(entry as QueueEntry)
    return { ok: true, run, handed: [key] }
  }

  /** What became of all that was handed over; what nobody has come to in five seconds is left there as pending. */
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

  /** `undefined`: nothing yet. */
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

/** The step at work that a person calls so (by its name, or its session), among runs this process does not drive. */
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

/** What is asked of the process that works on it; a message keeps its id, so that twice is once. */
export function steerCommand(
  { step, attempt }: RemoteWorker,
  steer: Exclude<Steer, { type: "message" }> | { readonly type: "message"; readonly id: string; readonly text: string },
  by: string,
): QueuedCommand {
  const { type: action, ...rest } = steer
  return { type: "steered", step, attempt, by, action, ...rest }
}
