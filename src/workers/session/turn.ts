import type { Reason } from "../../core/model.ts"
import type { Clock } from "../../core/ports.ts"
import { ask, describe, type Host, type HostEvent } from "../../host/host.ts"
import { Transcript } from "./transcript.ts"
import { answersTo, type Entry, type Verdict, verdictOf, verdictOfSilence } from "./verdict.ts"

export interface TurnRequest {
  readonly session: string
  /** Our own ids: a prompt that is sent twice is one message, answered once. */
  readonly messageID: string
  readonly partID: string
  readonly text: string
  readonly system?: string
  readonly agent: string
  readonly model?: { readonly providerID: string; readonly modelID: string }
  readonly timeoutMs: number
  readonly idleTimeoutMs: number
  /** True when the prompt may have been sent before: look first. */
  readonly isRepeat: boolean
}

export interface TurnEnd extends Verdict {
  /** The session's messages; of a good end perhaps without tool calls and reasoning. */
  readonly entries: readonly Entry[]
}

/** Events are the way to know; this only catches one that was lost. */
const POLL_MS = 2_000
/** How long a session must stay idle before an inconclusive end is taken for one. */
const SILENCE_MS = 2_000
/** The same before the server has begun to answer: the first prompt of a busy machine can take its time. */
const NOT_BEGUN_MS = 30_000
const ABORT_WAIT_MS = 4_000

/**
 * Sends one prompt and waits for its end. Resolves with a typed end in every case but one: it throws when the server
 * cannot be reached at all. Never waits on the HTTP request of the prompt itself, which would outlive a lost client.
 */
export async function runTurn(host: Host, clock: Clock, request: TurnRequest, signal: AbortSignal): Promise<TurnEnd> {
  const watch = new Watch(host, clock, request, signal)
  try {
    const earlier = request.isRepeat ? await harvest(host, request) : "ask"
    if (earlier !== "ask" && earlier !== "wait") return earlier
    if (earlier === "ask" && !signal.aborted) await prompt(host, request)
    return await watch.untilEnd()
  } finally {
    watch.close()
  }
}

async function prompt(host: Host, request: TurnRequest): Promise<void> {
  const { session, messageID, partID, text, agent, model, system } = request
  await ask("prompt the session", (options) =>
    host.client.session.promptAsync(
      {
        sessionID: session,
        messageID,
        agent,
        parts: [{ id: partID, type: "text", text }],
        ...(model ? { model } : {}),
        ...(system === undefined ? {} : { system }),
      },
      options,
    ),
  )
}

async function readEntries(host: Host, session: string): Promise<readonly Entry[]> {
  return ask("read the session's messages", (o) => host.client.session.messages({ sessionID: session }, o))
}

async function isBusy(host: Host, session: string): Promise<boolean> {
  const statuses = await ask("read the session's status", (o) => host.client.session.status({}, o))
  return statuses[session] !== undefined && statuses[session].type !== "idle"
}

/**
 * What became of a prompt that may have been sent before a crash: its answer if there is one (nothing is asked again),
 * "wait" when the server still works on it, else "ask". The torn end of an interrupted answer is taken out first, so
 * that the model does not read half a sentence of its own; finished tool calls before it stay.
 */
async function harvest(host: Host, request: TurnRequest): Promise<TurnEnd | "wait" | "ask"> {
  const entries = await readEntries(host, request.session)
  const answers = answersTo(entries, request.messageID)
  const verdict = verdictOf(answers)
  if (verdict?.reason === "ok") return { ...verdict, entries }
  if (await isBusy(host, request.session)) return "wait"
  const last = answers.at(-1)
  if (last && (last.info.time.completed === undefined || last.info.error !== undefined || verdict !== undefined)) {
    await ask("remove the interrupted answer", (options) =>
      host.client.session.deleteMessage({ sessionID: request.session, messageID: last.info.id }, options),
    )
  }
  return "ask"
}

/** Listens to one session and decides when its turn is over. */
class Watch {
  readonly #host: Host
  readonly #clock: Clock
  readonly #request: TurnRequest
  readonly #signal: AbortSignal
  readonly #startedAt: number
  readonly #unsubscribe: () => void
  readonly #onAbort = () => this.#wake()
  readonly #asks = new Set<string>()
  readonly #transcript = new Transcript()
  #activeAt: number
  #idleSince: number | undefined
  #lastError: string | undefined
  #isLooping = false
  #hasIdled = false
  #isDirty = false
  #wakeUp: (() => void) | undefined

  constructor(host: Host, clock: Clock, request: TurnRequest, signal: AbortSignal) {
    this.#host = host
    this.#clock = clock
    this.#request = request
    this.#signal = signal
    this.#startedAt = clock.now()
    this.#activeAt = this.#startedAt
    this.#unsubscribe = host.subscribe((event) => this.#hear(event))
    signal.addEventListener("abort", this.#onAbort)
  }

  close(): void {
    this.#unsubscribe()
    this.#signal.removeEventListener("abort", this.#onAbort)
  }

  async untilEnd(): Promise<TurnEnd> {
    for (;;) {
      const stop = this.#mustStop()
      if (stop) return this.#stop(stop.reason, stop.detail)
      const end = await this.#look()
      if (end) return end
      await this.#nextChange()
    }
  }

  #hear(event: HostEvent): void {
    if (event.type === "baton.reconnected") {
      this.#transcript.hear(event)
      this.#lookAgain()
    }
    if (sessionOf(event) !== this.#request.session) return
    this.#transcript.hear(event)
    this.#activeAt = this.#clock.now()
    switch (event.type) {
      case "permission.asked":
        this.#asks.add(event.properties.id)
        if (!this.#host.isAttended) void this.#refuse(event.properties.id, event.properties.permission)
        break
      case "permission.replied":
        this.#asks.delete(event.properties.requestID)
        break
      case "message.updated": {
        const { info } = event.properties
        // A stream without an end: OpenCode asks again at once, for ever (host notes §8).
        if (info.role === "assistant" && info.finish === "unknown" && info.time.completed !== undefined) {
          this.#isLooping = true
          this.#wake()
        }
        break
      }
      case "session.error":
        this.#lastError = event.properties.error ? describe(event.properties.error) : "OpenCode reported an error"
        this.#lookAgain()
        break
      case "session.idle":
        this.#hasIdled = true
        this.#lookAgain()
        break
    }
  }

  #lookAgain(): void {
    this.#isDirty = true
    this.#wake()
  }

  /** Nobody is there to answer: the model is told so and can go on without the tool. */
  async #refuse(requestID: string, permission: string): Promise<void> {
    const message = `Nobody is here to allow \`${permission}\`. Go on without it, or say what you could not do.`
    try {
      await ask("refuse a permission", (options) =>
        this.#host.client.permission.reply({ requestID, reply: "reject", message }, options),
      )
    } catch (error) {
      this.#lastError = describe(error)
    }
  }

  #mustStop(): { reason: Reason; detail: string } | undefined {
    const now = this.#clock.now()
    const { timeoutMs, idleTimeoutMs } = this.#request
    if (this.#signal.aborted) return { reason: "aborted", detail: "stopped" }
    if (this.#isLooping) return { reason: "truncated", detail: "the model's stream ended in the middle of the answer" }
    if (now >= this.#startedAt + timeoutMs)
      return { reason: "timeout", detail: `not done after ${timeoutMs / 1_000} s` }
    if (this.#asks.size === 0 && now >= this.#activeAt + idleTimeoutMs) {
      return { reason: "idle", detail: `no sign of life for ${idleTimeoutMs / 1_000} s` }
    }
    return undefined
  }

  /** The end, if the session's messages or its silence say that there is one. */
  async #look(): Promise<TurnEnd | undefined> {
    if (!this.#isDirty && this.#idleSince === undefined) return undefined
    this.#isDirty = false
    const heard = this.#heardEnd()
    if (heard) return heard
    const busy = await isBusy(this.#host, this.#request.session)
    if (busy) {
      this.#idleSince = undefined
      return undefined
    }
    const entries = await readEntries(this.#host, this.#request.session)
    const answers = answersTo(entries, this.#request.messageID)
    const verdict = verdictOf(answers)
    if (verdict) return { ...verdict, entries }
    this.#idleSince ??= this.#clock.now()
    const hasBegun = answers.length > 0 || this.#lastError !== undefined
    if (this.#clock.now() - this.#idleSince < (hasBegun ? SILENCE_MS : NOT_BEGUN_MS)) return undefined
    return { ...verdictOfSilence(answers, this.#lastError), entries }
  }

  /**
   * The good end of a turn that was heard from its beginning, without a question to the server: two requests a step, of
   * which each waits for what the server does after a turn. Any other end is looked up.
   */
  #heardEnd(): TurnEnd | undefined {
    if (!this.#hasIdled || this.#request.isRepeat) return undefined
    const entries = this.#transcript.entries()
    const verdict = verdictOf(answersTo(entries, this.#request.messageID))
    return verdict?.reason === "ok" ? { ...verdict, entries } : undefined
  }

  /** Waits for an event, the next deadline, or the next poll, whichever comes first. */
  async #nextChange(): Promise<void> {
    if (this.#isDirty || this.#isLooping || this.#signal.aborted) return
    const woken = Promise.withResolvers<void>()
    this.#wakeUp = woken.resolve
    const now = this.#clock.now()
    const untilTimeout = this.#startedAt + this.#request.timeoutMs - now
    const untilIdle = this.#asks.size > 0 ? POLL_MS : this.#activeAt + this.#request.idleTimeoutMs - now
    const wait = Math.max(1, Math.min(untilTimeout, untilIdle, POLL_MS))
    const cancel = this.#clock.after(wait, () => this.#lookAgain())
    await woken.promise
    cancel()
    this.#wakeUp = undefined
  }

  #wake(): void {
    this.#wakeUp?.()
  }

  /** Aborts the session, waits until it is idle, and reports what it had written. */
  async #stop(reason: Reason, detail: string): Promise<TurnEnd> {
    await abortSession(this.#host, this.#clock, this.#request.session)
    const entries = await readEntries(this.#host, this.#request.session)
    const answers = answersTo(entries, this.#request.messageID)
    if (this.#isLooping) {
      const finished = answers.find((entry) => entry.info.finish === "unknown")
      const verdict = finished && verdictOf([finished])
      if (verdict) return { ...verdict, entries }
    }
    const verdict = verdictOf(answers)
    // It came in the very moment of stopping: an answer that is there is not thrown away.
    if (verdict?.reason === "ok") return { ...verdict, entries }
    return { reason, detail, output: verdict?.output ?? "", entries }
  }
}

/** Aborts whatever runs in a session and waits, up to four seconds, until it is idle. */
export async function abortSession(host: Host, clock: Clock, session: string): Promise<void> {
  const deadline = clock.now() + ABORT_WAIT_MS
  await ask("abort the session", (o) => host.client.session.abort({ sessionID: session }, o), { timeoutMs: 3_000 })
  while (clock.now() < deadline && (await isBusy(host, session))) {
    const next = Promise.withResolvers<void>()
    clock.after(100, next.resolve)
    await next.promise
  }
}

/** The session an event is about: of itself, of its message, or of its part. */
function sessionOf(event: HostEvent): string | undefined {
  const { sessionID, info, part } = event.properties as {
    sessionID?: string
    info?: { sessionID?: string }
    part?: { sessionID?: string }
  }
  return sessionID ?? info?.sessionID ?? part?.sessionID
}
