import type { PermissionRule } from "../../../core/model/profile.ts"
import type { AskPolicy } from "../../../core/model/workflow.ts"
import type { Steer, WorkerReport } from "../../../core/ports/ports.ts"
import { ActivityThrottle } from "../activity-throttle.ts"
import { type Address, Outbox, type OwnMessage, saidMessage } from "../outbox.ts"
import { RequestBroker } from "../request-broker.ts"
import type { SessionTarget } from "../session-target.ts"
import { abortTree, isBusy } from "../stop.ts"
import { SessionListener } from "./listener.ts"
import {
  newTurn,
  type TurnAction,
  type TurnEnd,
  type TurnInput,
  type TurnRequest,
  type TurnResult,
  type TurnSetup,
  type TurnState,
  type TurnSteer,
} from "./state.ts"
import { step } from "./step.ts"

export interface TurnOptions {
  readonly setup: TurnSetup
  readonly address: Address
  /** The prompt and the messages since then. */
  readonly own: readonly [OwnMessage, ...OwnMessage[]]
  readonly asks: AskPolicy
  readonly rules: readonly PermissionRule[]
  readonly isPriced: boolean
}

type RequestAction = Extract<TurnAction, TurnRequest>

/**
 * Runs one task in one session. It performs the actions of `step` and returns their results to it,
 * and decides nothing itself. It never waits for the HTTP request of a prompt (contract C3).
 */
export class Turn {
  readonly broker: RequestBroker
  readonly #target: SessionTarget
  readonly #options: TurnOptions
  readonly #report: WorkerReport
  readonly #signal: AbortSignal
  readonly #outbox: Outbox
  readonly #listener: SessionListener
  readonly #throttle: ActivityThrottle
  readonly #end = Promise.withResolvers<TurnEnd>()
  /** Resolvers of the answers that persons wait for. A steer's id is its index. */
  readonly #answers: ((why: string | undefined) => void)[] = []
  readonly #inputs: TurnInput[] = []
  readonly #onAbort = () => this.#take({ type: "abort" })
  #state: TurnState
  #isTaking = false
  #hasStopped = false
  #cancelTimer = () => {}

  constructor(target: SessionTarget, options: TurnOptions, report: WorkerReport, signal: AbortSignal) {
    this.#target = target
    this.#options = options
    this.#report = report
    this.#signal = signal
    const { address, asks, rules } = options
    const { session } = address
    this.#state = newTurn(options.setup, options.own, target.clock.now())
    this.#outbox = new Outbox(target.host, address)
    this.#throttle = new ActivityThrottle(target.clock, report)
    const onChange = () => this.#take({ type: "asks", isOpen: this.broker.isWaiting })
    this.broker = new RequestBroker({ target, session, asks, rules, report, onChange })
    const onHeard = (heard: Extract<TurnInput, { type: "heard" }>["heard"]) => this.#take({ type: "heard", heard })
    this.#listener = new SessionListener({ target, session, broker: this.broker, onHeard })
    signal.addEventListener("abort", this.#onAbort)
  }

  /** Resolves with the end of the turn. Rejects only when the server cannot be asked. */
  async run(): Promise<TurnEnd> {
    try {
      if (this.#signal.aborted) this.#take({ type: "abort" })
      this.#take({ type: "start" })
      return await this.#end.promise
    } finally {
      this.#cancelTimer()
      this.#listener.close()
      this.#signal.removeEventListener("abort", this.#onAbort)
      this.#throttle.close()
      this.broker.close()
    }
  }

  /** Whether it has stopped its session, which may not be complete when the turn is over. */
  get hasStopped(): boolean {
    return this.#hasStopped
  }

  /** Performs what a person asks for. Resolves with the reason if that was not possible. */
  steer(steer: Steer): Promise<string | undefined> {
    const answer = Promise.withResolvers<string | undefined>()
    const id = this.#answers.push(answer.resolve) - 1
    this.#take({ type: "steer", id, steer: this.#own(steer) })
    return answer.promise
  }

  #own(steer: Steer): TurnSteer {
    if (steer.type !== "message") return steer
    return { type: "message", message: saidMessage(this.#options.address, steer.message) }
  }

  /** Processes inputs one after another, because performing an action may bring the next input. */
  #take(input: TurnInput): void {
    this.#inputs.push(input)
    if (this.#isTaking) return
    this.#isTaking = true
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next)
    this.#isTaking = false
  }

  #step(input: TurnInput): void {
    try {
      const { state, actions } = step(this.#state, input, this.#target.clock.now())
      this.#state = state
      for (const action of actions) this.#perform(action)
    } catch (error) {
      // A turn cannot continue without the recipient of its reports.
      this.#inputs.push({ type: "failed", error, for: "turn" })
    }
  }

  #perform(action: TurnAction): void {
    switch (action.type) {
      case "activity":
        this.#throttle.tell({ ...action.doing, ...this.#listener.progress(this.#options.isPriced) })
        break
      case "throttled":
        this.#report.throttled(action.until)
        break
      case "wake": {
        this.#cancelTimer()
        const { clock } = this.#target
        this.#cancelTimer = clock.after(action.at - clock.now(), () => this.#take({ type: "timer" }))
        break
      }
      case "answer":
        this.#answers[action.steer]?.(action.why)
        break
      case "end":
        this.#end.resolve(action.end)
        break
      case "fail":
        this.#end.reject(action.error)
        break
      case "recall":
        this.#take({ type: "read", entries: this.#listener.transcript.entries(), for: action.for })
        break
      default:
        void this.#ask(action)
    }
  }

  async #ask(request: Exclude<RequestAction, { type: "recall" }>): Promise<void> {
    let result: TurnResult
    try {
      result = await this.#resultOf(request)
    } catch (error) {
      result = { type: "failed", error }
    }
    this.#take({ ...result, for: request.for })
  }

  async #resultOf(request: Exclude<RequestAction, { type: "recall" }>): Promise<TurnResult> {
    const { host, clock } = this.#target
    const { session } = this.#options.address
    switch (request.type) {
      case "look": {
        // The order matters: the messages of an idle session are final, those read before are not.
        const busy = await isBusy(host, session)
        if (busy && !request.evenIfBusy) return { type: "looked", isBusy: true }
        return { type: "looked", isBusy: busy, entries: await this.#outbox.read() }
      }
      case "read":
        return { type: "read", entries: await this.#outbox.read() }
      case "send":
        if (request.rereads) await this.broker.reread()
        await this.#outbox.send(request.sending)
        return { type: "done" }
      case "reread":
        await this.broker.reread()
        return { type: "done" }
      case "abort":
        this.#hasStopped = true
        this.broker.stop()
        await abortTree(host, clock, session)
        return { type: "done" }
    }
  }
}
