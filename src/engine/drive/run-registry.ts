import { deciderOf } from "../../core/model/decided.ts"
import type { Command, RunEvent } from "../../core/model/events.ts"
import type { Run } from "../../core/model/run.ts"
import type { QueuedCommand, QueueEntry, RequestAnswer, WorkerCommand } from "../../core/ports/ports.ts"
import { secretsOf } from "../../core/rights/secret-text.ts"
import { missingSecrets } from "../task/secrets.ts"
import { GateWatch } from "./gate-watch.ts"
import { type CommandOutcome, RemoteControl, type Settled } from "./remote-control.ts"
import { type LoopDeps, RunLoop } from "./run-loop.ts"
import type { RunReader } from "./run-reader.ts"

export interface RunRegistryDeps extends LoopDeps {
  /**
   * True for a process that drives no run: a command for a run that no process drives is refused.
   */
  readonly isReader?: boolean
  /** Answers a request of a worker of this process. Resolves with why not, or undefined. */
  readonly answer: (ask: string, answer: RequestAnswer, by: string) => Promise<string | undefined>
  /** Why this process drives no run, if a person should know. */
  readonly whyReader?: string
}

/**
 * The runs that this process drives, and access to those of others. A run is driven by the process
 * that holds its claim; commands for it go there and come from there
 * (src/engine/drive/remote-control.ts).
 */
export class RunRegistry {
  readonly #deps: RunRegistryDeps
  readonly #isReader: boolean
  readonly #reader: RunReader
  readonly #loops = new Map<string, RunLoop>()
  /** The keys of queued answers that are being given. */
  readonly #answering = new Set<string>()
  readonly #gates: GateWatch
  readonly #remote: RemoteControl
  readonly #changed: (run: Run, events: readonly RunEvent[]) => void

  /** `changed` is called at every change of a run that is driven here. */
  constructor(deps: RunRegistryDeps, reader: RunReader, changed: (run: Run, events: readonly RunEvent[]) => void) {
    this.#deps = deps
    this.#isReader = deps.isReader ?? false
    this.#reader = reader
    this.#changed = changed
    this.#gates = new GateWatch(deps.clock, (run) => this.#expire(run))
    this.#remote = new RemoteControl(deps, {
      carryOut: (entry) => this.#carryOut(entry),
      doHere: (entry) => this.#doHere(entry),
    })
  }

  /** The loops of runs that this process drives or has driven, the most recently started last. */
  loops(): ReadonlyMap<string, RunLoop> {
    return this.#loops
  }

  /** Drops the state of a deleted run. */
  forget(run: string): void {
    this.#loops.delete(run)
  }

  /** Whether another living process drives the run. */
  isElsewhere(run: string): boolean {
    return this.liveLoop(run) === undefined && this.#deps.store.isClaimed(run)
  }

  settled(outcome: CommandOutcome): Promise<Settled> {
    return this.#remote.settled(outcome)
  }

  /** Queues the command for the process that drives the run, without the secrets that are known
   *  here. */
  post(run: string, command: QueuedCommand, key?: string): CommandOutcome {
    const { vault } = this.#deps
    const { state } = this.#read(run)
    if (state) vault.open(secretsOf(state.created.workflow))
    return this.#remote.post(run, vault.hide(command), key)
  }

  exists(run: string): boolean {
    return this.#loops.has(run) || this.#deps.store.list().some(({ id }) => id === run)
  }

  /** The loop that drives the run in this process. */
  liveLoop(run: string): RunLoop | undefined {
    const loop = this.#loops.get(run)
    return loop && !loop.isOver && loop.broken === undefined ? loop : undefined
  }

  /** Sends a command to the loop that drives the run here, or takes the run up with it, or
   *  queues it for another process. */
  command(run: string, command: Command, key?: string): CommandOutcome {
    const loop = this.liveLoop(run)
    if (loop) {
      const refused = this.#send(loop, command, key)
      if (refused === undefined) return { ok: true, run }
      if (key !== undefined) this.#deps.store.refuse(run, key, refused)
      return { ok: false, why: refused }
    }
    return this.drive(run, command, key)
  }

  /**
   * Returns why the loop refused the command, or undefined. `key` is that of the queued command.
   */
  #send(loop: RunLoop, command: Command, key?: string): string | undefined {
    const { run } = loop
    if (command.type === "resume" && run?.status === "running" && !run.hold) return `run ${run.id} is running already`
    this.#reopen(command)
    const isLive = command.type === "resume" && run?.status === "running"
    return loop.send(isLive ? { ...command, isLive } : command, key)
  }

  /** Lets providers be asked again, because a person resumes or aborts a run: the next run finds
   *  out whether they are back. */
  #reopen({ type }: Command): void {
    if (type === "resume" || type === "abort") this.#deps.dispatcher.pool.closeAll()
  }

  /** Carries out a queued command for a run that this process drives. A run that is being
   *  interrupted leaves it to the next process. */
  #carryOut({ run, key, command }: QueueEntry): void {
    const loop = this.liveLoop(run)
    if (loop === undefined || loop.run?.status === "interrupted") return
    if (command.type === "stop" || command.type === "answer") this.#tellWorker(loop, run, key, command)
    else this.command(run, command, key)
  }

  #tellWorker(loop: RunLoop, run: string, key: string, command: WorkerCommand): void {
    const { store, answer, log } = this.#deps
    if (command.type === "stop") {
      store.append(run, [], key)
      loop.stopStep(command.step, command.attempt)
      return
    }
    // The entry is looked at again before the answer has reached OpenCode.
    if (this.#answering.has(key)) return
    this.#answering.add(key)
    answer(command.ask, command.answer, command.by)
      .catch((error) => String(error))
      .then((refused) => (refused === undefined ? store.append(run, [], key) : store.refuse(run, key, refused)))
      .catch((error) => log.error("the outcome of an answer could not be recorded", { run, error: String(error) }))
      .finally(() => this.#answering.delete(key))
  }

  /** Carries out a queued command whose process is gone. A process that takes the run up also
   *  carries out its other queued commands. */
  #doHere({ run, key, command }: QueueEntry): CommandOutcome {
    const { store } = this.#deps
    const refuse = (why: string): CommandOutcome => {
      store.withdraw(run, key)
      return { ok: false, why }
    }
    if (this.#isReader) return refuse(this.#whyReader(run))
    switch (command.type) {
      case "stop":
      case "answer":
      case "steered":
      case "pause":
        return refuse("the process that drove the run is gone")
      case "decide":
        if (this.isLeft(run)) return this.drive(run, { type: "resume", ...deciderOf(command) })
        break
      case "raise":
        this.settleCrash(run)
    }
    return this.command(run, command, key)
  }

  /** Whether a crash or an interrupt left the run with unfinished work. */
  isLeft(run: string): boolean {
    if (this.liveLoop(run) || this.isElsewhere(run)) return false
    const status = this.#read(run).state?.status
    return status === "running" || status === "interrupted"
  }

  #whyReader(run: string): string {
    return this.#deps.whyReader ?? `no process drives run ${run}`
  }

  /** Marks a run that a crash left as interrupted. It stays interrupted, whatever else is
   *  journalled for it, until somebody resumes it. */
  settleCrash(run: string): void {
    if (!this.#isReader && this.isLeft(run)) this.drive(run, { type: "interrupt", by: "a crash" })
  }

  /**
   * Claims the run, creates its loop, and sends the first command; `key` is that of the queued
   * command. A person's command for a run that another process drives is queued for that process.
   */
  drive(run: string, command: Command, key?: string): CommandOutcome {
    const { store } = this.#deps
    const claim = this.#isReader ? undefined : store.claim(run)
    if (claim === undefined) {
      if (this.#isReader && !store.isClaimed(run)) return { ok: false, why: this.#whyReader(run) }
      if (key !== undefined) return { ok: true, run, handed: [key] }
      const isPersons = command.type !== "create" && command.type !== "tick" && command.type !== "interrupt"
      if (isPersons) return this.post(run, command)
      return { ok: false, why: `run ${run} is being worked on by another process` }
    }
    // The state is read under the claim, because another process may have written until now.
    const { state, unreadable } = command.type === "create" ? {} : this.#read(run)
    const isThere = command.type === "create" || state !== undefined
    const why = unreadable ?? (isThere ? missingSecrets(this.#deps.vault, state, command) : `there is no run ${run}`)
    if (why !== undefined) {
      // A run that is about to be created can have queued commands already: they stay queued.
      if (key !== undefined && isThere) store.refuse(run, key, why)
      claim.release()
      return { ok: false, why }
    }
    const loop = new RunLoop(this.#deps, claim, state, (next, events) => this.#tell(next, events))
    const previous = this.#loops.get(run)
    this.#loops.delete(run)
    this.#loops.set(run, loop)
    this.#reopen(command)
    const refused = loop.send(command, key)
    if (refused === undefined) {
      this.#remote.watch()
      void loop.over.then(() => this.#rest())
      this.#remote.takeOver(run)
      return { ok: true, run }
    }
    if (key !== undefined) store.refuse(run, key, refused)
    claim.release()
    this.#loops.delete(run)
    if (previous) this.#loops.set(run, previous)
    return { ok: false, why: refused }
  }

  /** Reads a run, or returns why that is not possible: a newer version wrote it. */
  #read(run: string): { readonly state?: Run | undefined; readonly unreadable?: string } {
    try {
      return { state: this.#reader.load(run) }
    } catch (error) {
      return { unreadable: error instanceof Error ? error.message : String(error) }
    }
  }

  #rest(): void {
    if (![...this.#loops.values()].some((loop) => !loop.isOver)) this.#remote.rest()
  }

  /** Has the gates decided whose time is over, unless another process has taken the run over since
   *  it was paused here. */
  #expire(run: string): void {
    if (this.#reader.current(run)?.status === "paused") this.command(run, { type: "tick" })
  }

  #tell(run: Run, events: readonly RunEvent[]): void {
    this.#reader.advance(run, events)
    this.#gates.changed(run)
    this.#changed(run, events)
  }
}
