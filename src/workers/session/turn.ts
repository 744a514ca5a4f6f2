import type { PermissionRule } from "../../core/model/profile.ts"
import type { AskPolicy } from "../../core/model/workflow.ts"
import type { Steer, WorkerReport } from "../../core/ports/ports.ts"
import type { Entry } from "../../host/entries.ts"
import { Desk } from "./desk.ts"
import { Ear, type Heard } from "./ear.ts"
import type { Patience } from "./health.ts"
import { Pulse } from "./pulse.ts"
import type { Site } from "./site.ts"
import { abortTree, isBusy } from "./stop.ts"
import { type Address, keyOfSaying, type OwnMessage, ownMessage, Talk } from "./talk.ts"
import type { Failure } from "./trouble.ts"
import { answersTo, lastWordsOf, type Verdict, verdictOf, verdictOfLoop, verdictOfSilence } from "./verdict.ts"

export interface TurnRequest extends Patience {
  readonly address: Address
  /** The prompt, and what was said since. */
  readonly own: readonly [OwnMessage, ...OwnMessage[]]
  /** What the worker is told before its prompt. */
  readonly context?: OwnMessage
  readonly timeoutMs: number
  readonly asks: AskPolicy
  readonly rules: readonly PermissionRule[]
  /** True when the prompt may have been sent before: look first. */
  readonly isRepeat: boolean
  /** A person works with it: an answer is not the end, handing back is. */
  readonly isForeground: boolean
  readonly isPriced: boolean
}

export interface TurnEnd extends Verdict {
  /** The session's messages; of a good end perhaps without reasoning and the tool calls that wrote no file. */
  readonly entries: readonly Entry[]
  /** The answer as data, where it was given so. */
  readonly structured?: unknown
}

/** Events are the way to know; this only catches one that was lost. */
const POLL_MS = 2_000
/** How long a session must stay idle before an inconclusive end is taken for one. */
const SILENCE_MS = 2_000
/** The same before the server has begun to answer: the first prompt of a busy machine can take its time. */
const NOT_BEGUN_MS = 30_000

/**
 * One task in one session: sends the prompt, listens, and decides when it is over. Messages said meanwhile belong to it,
 * a person's own in the session too: it is over when the newest is answered. Never waits on the HTTP request of a prompt,
 * which would outlive a lost client.
 */
export class Turn {
  readonly desk: Desk
  readonly #site: Site
  readonly #request: TurnRequest
  readonly #report: WorkerReport
  readonly #signal: AbortSignal
  readonly #startedAt: number
  readonly #ear: Ear
  readonly #pulse: Pulse
  readonly #talk: Talk
  readonly #onAbort = () => this.#wake()
  readonly #begun = Promise.withResolvers<void>()
  #isHeld = false
  #isOver = false
  #handback: { readonly text?: string } | undefined
  #idleSince: number | undefined
  /** Of a foreground worker: there is an answer already; and, after the last turn, it was looked for. */
  #hasAnswered = false
  #hasSentAgain = false
  /** Counts what a person did: a look at the session that began before it is worth nothing. */
  #epoch = 0
  #isDirty = false
  #wakeUp: (() => void) | undefined

  constructor(site: Site, request: TurnRequest, report: WorkerReport, signal: AbortSignal) {
    this.#site = site
    this.#request = request
    this.#report = report
    this.#signal = signal
    this.#talk = new Talk(site.host, request.address, request.own)
    this.#pulse = new Pulse(site.clock, report)
    this.#startedAt = site.clock.now()
    const { asks, rules, address } = request
    this.desk = new Desk({ site, session: address.session, asks, rules, report, onChange: () => this.#asksChanged() })
    this.#ear = new Ear(site, address.session, this.desk, this.#talk, (heard) => this.#heard(heard))
    signal.addEventListener("abort", this.#onAbort)
  }

  /** Resolves with a typed end in every case but one: it throws when the server cannot be reached at all. */
  async run(): Promise<TurnEnd> {
    try {
      const earlier = await this.#begin()
      if (earlier) return earlier
      this.#begun.resolve()
      return await this.#untilEnd()
    } finally {
      this.#isOver = true
      this.#begun.resolve()
      this.#ear.close()
      this.#signal.removeEventListener("abort", this.#onAbort)
      this.#pulse.close()
      this.desk.close()
    }
  }

  /** What a person does to it; resolves with why that was not possible. Throws when the server cannot be reached. */
  async steer(steer: Steer): Promise<string | undefined> {
    // Nothing is said before the prompt.
    await this.#begun.promise
    const isGivenBack = this.#handback && (this.#handback.text !== undefined || steer.type !== "handback")
    if (this.#isOver || isGivenBack) return "its task is just over"
    switch (steer.type) {
      case "message":
        return this.#say(steer.message.text, steer.message.id)
      case "interrupt":
        return this.#interrupt()
      case "resume":
        return this.#resume()
      case "handback":
        if (!this.#request.isForeground) return "it works in the background: nothing is handed back by a person"
        this.#handback = steer.text ? { text: steer.text } : {}
        this.#wake()
        return undefined
    }
  }

  get #host() {
    return this.#site.host
  }
  get #session() {
    return this.#request.address.session
  }
  get #messageID() {
    return this.#request.own[0].messageID
  }

  // ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Asks, unless it was asked before and the answer is there, which is then the end: nothing is asked for twice. When
   * the server still works on it, only what it was not told yet is sent.
   */
  async #begin(): Promise<TurnEnd | undefined> {
    if (this.#signal.aborted) return undefined
    this.#tell()
    const { isRepeat, context, isForeground } = this.#request
    if (!isRepeat) {
      await this.#talk.begin(context)
      return undefined
    }
    // In this order: what an idle session says is final.
    const busy = await isBusy(this.#host, this.#session)
    const entries = await this.#talk.read()
    const verdict = this.#talk.verdict(entries)
    if (verdict?.reason === "ok" && !isForeground) return { ...verdict, entries }
    if (verdict?.reason === "ok") {
      this.#hasAnswered = true
      this.#ear.hasIdled = true
      this.#tell()
      return undefined
    }
    if (busy) {
      this.#ear.health.relearn(entries, true, this.#site.clock.now())
      await this.desk.reread()
    }
    if (!this.#signal.aborted) await this.#talk.goOn(entries, busy, context)
    return undefined
  }

  async #say(text: string, id: string): Promise<undefined> {
    this.#goOn()
    await this.#talk.say(ownMessage(keyOfSaying(this.#request.address.task, id), text))
    return undefined
  }

  async #interrupt(): Promise<string | undefined> {
    if (this.#isHeld) return "it is stopped already"
    this.#isHeld = true
    this.#epoch++
    this.#tell()
    try {
      await abortTree(this.#host, this.#site.clock, this.#session)
    } catch (error) {
      this.#goOn()
      throw error
    }
    return undefined
  }

  async #resume(): Promise<string | undefined> {
    if (!this.#isHeld) return "it is not stopped"
    const entries = await this.#talk.read()
    this.#goOn()
    await this.#talk.goOn(entries, false)
    return undefined
  }

  /** Forgets what was heard of the turn up to now: there is more to come. */
  #goOn(): void {
    this.#epoch++
    this.#isHeld = false
    this.#hasSentAgain = false
    this.#idleSince = undefined
    this.#ear.forget()
    this.#tell()
    this.#lookAgain()
  }

  // ── hearing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #heard(heard: Heard): void {
    if (heard === "retry") this.#report.throttled(this.#ear.retryUntil)
    // A person spoke to it in its session.
    if (heard === "stranger" && this.#isHeld) this.#goOn()
    if (heard === "missed") void this.#relearn()
    else if (heard !== "life") this.#lookAgain()
    this.#tell()
  }

  /** Looks up what may have happened while nothing was heard. */
  async #relearn(): Promise<void> {
    try {
      const [entries, busy] = [await this.#talk.read(), await isBusy(this.#host, this.#session)]
      this.#ear.health.relearn(entries, busy, this.#site.clock.now())
      await this.desk.reread()
      this.#lookAgain()
    } catch {
      // The look meets the same error, and there it is the end.
      this.#lookAgain()
    }
  }

  #asksChanged(): void {
    this.#ear.health.excuse(this.#site.clock.now())
    this.#wake()
  }

  #tell(): void {
    const now = this.#ear.health.activity(this.#request.isPriced)
    const phase = this.#phase()
    this.#pulse.tell(phase === undefined ? now : { ...now, phase, tool: null })
  }

  /** What a person's part in it makes of the worker's phase. */
  #phase(): "held" | "yours" | undefined {
    if (this.#isYours()) return "yours"
    return this.#isHeld ? "held" : undefined
  }

  #isYours(): boolean {
    return this.#request.isForeground && this.#ear.hasIdled && !this.#ear.health.isBusy
  }

  // ── deciding ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async #untilEnd(): Promise<TurnEnd> {
    for (;;) {
      const stop = this.#mustStop()
      if (stop) {
        this.#isOver = true
        return this.#stop(stop)
      }
      const [epoch, handback] = [this.#epoch, this.#handback]
      const end = await this.#look()
      if (end && epoch === this.#epoch && handback === this.#handback) {
        this.#isOver = true
        return end
      }
      await this.#nextChange()
    }
  }

  #mustStop(): Failure | undefined {
    const now = this.#site.clock.now()
    const { timeoutMs } = this.#request
    if (this.#signal.aborted) return { reason: "aborted", detail: "stopped" }
    if (this.#handback?.text !== undefined) return { reason: "ok", detail: "" }
    if (this.#ear.isLooping && !this.#isHeld && !this.#request.isForeground)
      return { reason: "truncated", detail: "the model's stream ended in the middle of the answer" }
    if (now >= this.#startedAt + timeoutMs)
      return { reason: "timeout", detail: `not done after ${timeoutMs / 1_000} s` }
    if (this.#isSuspended()) return undefined
    return this.#ear.quota ?? this.#ear.health.verdict(now, this.#request)
  }

  /** Whether it waits for a person: only the total deadline counts then. */
  #isSuspended(): boolean {
    return this.#isHeld || this.#isYours() || this.desk.isWaiting
  }

  /** The end, if the session's messages or its silence say that there is one. */
  async #look(): Promise<TurnEnd | undefined> {
    const isDirty = this.#isDirty
    this.#isDirty = false
    if (this.#handback) return this.#lookForLastWords()
    if (this.#isHeld || (!isDirty && this.#idleSince === undefined)) return undefined
    if (this.#request.isForeground) return this.#lookForeground()
    const heard = this.#heardEnd()
    if (heard) return heard
    const epoch = this.#epoch
    if (await isBusy(this.#host, this.#session)) {
      this.#idleSince = undefined
      return undefined
    }
    const entries = await this.#talk.read()
    // What a person did meanwhile makes this look worthless.
    if (epoch !== this.#epoch) return undefined
    const answers = answersTo(entries, this.#messageID)
    const verdict = this.#talk.verdict(entries)
    if (verdict) return { ...verdict, entries }
    this.#idleSince ??= this.#site.clock.now()
    const hasBegun = answers.length > 0 || this.#talk.hasSaid || this.#ear.lastError !== undefined
    if (this.#site.clock.now() - this.#idleSince < (hasBegun ? SILENCE_MS : NOT_BEGUN_MS)) return undefined
    if (answers.length === 0 && this.#talk.hasSaid && !this.#hasSentAgain) return this.#sendAgain()
    return { ...verdictOfSilence(answers, this.#ear.lastError), entries }
  }

  /** It came when the turn was as good as over, and nobody answers it. */
  async #sendAgain(): Promise<undefined> {
    this.#hasSentAgain = true
    this.#idleSince = undefined
    await this.#talk.again()
    return undefined
  }

  /** With a person there an answer ends nothing; only a model out of reach does, before there was any answer. */
  async #lookForeground(): Promise<TurnEnd | undefined> {
    await this.#breakLoop()
    if (!this.#isYours() || this.#hasAnswered || this.#ear.hasLooked) return undefined
    this.#ear.hasLooked = true
    const entries = await this.#talk.read()
    const verdict = this.#talk.verdict(entries)
    if (verdict?.reason === "ok") this.#hasAnswered = true
    return verdict?.outage ? { ...verdict, entries } : undefined
  }

  /** Handed back without words of the person's: what it is just writing is waited for, half an answer is none. */
  async #lookForLastWords(): Promise<TurnEnd | undefined> {
    await this.#breakLoop()
    if (await isBusy(this.#host, this.#session)) return undefined
    const entries = await this.#talk.read()
    return { ...lastWordsOf(entries, this.#messageID), entries }
  }

  async #breakLoop(): Promise<void> {
    if (!this.#ear.isLooping) return
    await abortTree(this.#host, this.#site.clock, this.#session)
    this.#ear.isLooping = false
  }

  /**
   * The good end of a turn that was heard from its beginning, without a question to the server: two requests a step, of
   * which each waits for what the server does after a turn. Any other end is looked up.
   */
  #heardEnd(): TurnEnd | undefined {
    if (!this.#ear.hasIdled || this.#request.isRepeat) return undefined
    const entries = this.#ear.transcript.entries()
    const verdict = this.#talk.verdict(entries)
    return verdict?.reason === "ok" ? { ...verdict, entries } : undefined
  }

  /** Waits for an event, the next deadline, or the next poll, whichever comes first. */
  async #nextChange(): Promise<void> {
    if (this.#isDirty || this.#mustStop()) return
    const woken = Promise.withResolvers<void>()
    this.#wakeUp = woken.resolve
    const now = this.#site.clock.now()
    const untilTimeout = this.#startedAt + this.#request.timeoutMs - now
    const untilIdle = this.#isSuspended() ? POLL_MS : this.#ear.health.deadline(this.#request) - now
    const wait = Math.max(1, Math.min(untilTimeout, untilIdle, POLL_MS))
    const cancel = this.#site.clock.after(wait, () => this.#lookAgain())
    await woken.promise
    cancel()
    this.#wakeUp = undefined
  }

  #lookAgain(): void {
    this.#isDirty = true
    this.#wake()
  }

  #wake(): void {
    this.#wakeUp?.()
  }

  /** Aborts the session, waits until it is idle, and reports what it had written. */
  async #stop({ reason, detail, outage }: Failure): Promise<TurnEnd> {
    await abortTree(this.#host, this.#site.clock, this.#session)
    const entries = await this.#talk.read()
    if (reason === "ok" && this.#handback?.text) return { reason, output: this.#handback.text, entries }
    const answers = answersTo(entries, this.#messageID)
    const torn = this.#ear.isLooping ? verdictOfLoop(answers) : undefined
    if (torn) return { ...torn, entries }
    const verdict = verdictOf(answers)
    // It came in the very moment of stopping: an answer that is there is not thrown away.
    if (verdict?.reason === "ok" && this.#talk.hasAll(entries) && !this.#request.isForeground)
      return { ...verdict, entries }
    return { reason, detail, output: verdict?.output ?? "", entries, ...(outage ? { outage } : {}) }
  }
}
