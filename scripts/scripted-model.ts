import { setTimeout as sleep } from "node:timers/promises"
import { type Answer, say } from "./scripted-model/answers.ts"
import { type Exchange, type HttpServer, listen } from "./scripted-model/http.ts"
import { readRequest, type ScriptedRequest } from "./scripted-model/request.ts"
import { sendAnswer } from "./scripted-model/wire.ts"

export * from "./scripted-model/answers.ts"
export { providerConfig } from "./scripted-model/provider.ts"
export type { ChatMessage, ScriptedRequest } from "./scripted-model/request.ts"

/**
 * A model with scripted answers: an OpenAI-compatible chat server on loopback, for the demo, the
 * benchmarks and the tests on the real OpenCode. It needs no key and no network, and costs nothing.
 * The same request always gets the same answer and the same token counts.
 */
export interface ScriptedModel extends AsyncDisposable {
  /** Base URL for an OpenAI-compatible provider, `http://127.0.0.1:PORT/v1`. */
  readonly url: string
  /** Every chat request so far in order of arrival, including requests for a title. */
  readonly requests: readonly ScriptedRequest[]
  /**
   * The turns whose prompt matches; a string matches when the prompt contains it. Requests for a
   * title never match.
   */
  asked(pattern: Pattern): ScriptedRequest[]
  /**
   * From now on, turns whose prompt matches get these answers one after another, and the last one
   * repeatedly. The newest matching script wins.
   */
  script(pattern: Pattern, ...answers: readonly [Scripted, ...Scripted[]]): void
  /** Holds every matching turn that arrives from now on, until it is released. */
  hold(pattern: Pattern): Hold
  /**
   * Resolves with the matching turns as soon as `count` (default 1) have arrived. Rejects after
   * `timeoutMs` (default 30,000) with the prompts that did arrive.
   */
  waitFor(
    pattern: Pattern,
    options?: { readonly count?: number; readonly timeoutMs?: number },
  ): Promise<ScriptedRequest[]>
  /** Stops listening and breaks every open connection. */
  close(): Promise<void>
}

export type Pattern = RegExp | string
/** An answer, or a function that makes one from the request. */
export type Scripted = Answer | ((request: ScriptedRequest) => Answer | Promise<Answer>)

export interface Hold {
  /** The first turn that was held. */
  readonly arrived: Promise<ScriptedRequest>
  /**
   * Answers the held turns and stops holding. Without an answer, they get the one they would have
   * got otherwise.
   */
  release(answer?: Answer): void
}

export interface ScriptedModelOptions {
  /** Answers the turns that no script matches; the default is `echo`. */
  readonly answer?: Scripted
  /** Delay before every answer in milliseconds. */
  readonly latencyMs?: number
}

/** Starts a scripted model on a free port of 127.0.0.1. */
export async function startScriptedModel(options: ScriptedModelOptions = {}): Promise<ScriptedModel> {
  const model = new Model(options)
  await model.start()
  return model
}

/** The default answer: one short line that quotes the start of the prompt. */
export function echo(request: ScriptedRequest): Answer {
  const line = request.prompt.trim().split("\n", 1)[0] ?? ""
  return say(`Answer to: ${line.length > 60 ? `${line.slice(0, 60)}…` : line}`)
}

/**
 * The block that the prompt asks for, with its mark, as a model that does what it is told writes it.
 * `before` is what the model says first.
 */
export function giveBlock(kind: "json" | "handoff", data: unknown, before = ""): Scripted {
  return ({ prompt }) => {
    const marks = [...prompt.matchAll(new RegExp(`${kind} [0-9a-f]{12}`, "g"))]
    const text = typeof data === "string" ? data : JSON.stringify(data)
    return say(`${before}\n\`\`\`${marks.at(-1)?.[0] ?? kind}\n${text}\n\`\`\``)
  }
}

interface Script {
  readonly pattern: Pattern
  readonly answers: readonly Scripted[]
  used: number
}
interface Holding {
  readonly pattern: Pattern
  readonly arrive: (request: ScriptedRequest) => void
  readonly released: Promise<Answer | undefined>
  open: boolean
}

class Model implements ScriptedModel {
  readonly requests: ScriptedRequest[] = []
  readonly #options: ScriptedModelOptions
  #server: HttpServer | undefined
  readonly #scripts: Script[] = []
  readonly #holds: Holding[] = []
  #closing = false
  readonly #watchers = new Set<() => void>()

  constructor(options: ScriptedModelOptions) {
    this.#options = options
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server?.port}/v1`
  }

  async start(): Promise<void> {
    this.#server = await listen((exchange) => void this.#serve(exchange))
  }

  asked(pattern: Pattern): ScriptedRequest[] {
    return this.requests.filter((request) => request.kind === "turn" && matches(pattern, request.prompt))
  }

  script(pattern: Pattern, ...answers: readonly [Scripted, ...Scripted[]]): void {
    this.#scripts.unshift({ pattern, answers, used: 0 })
  }

  hold(pattern: Pattern): Hold {
    const arrived = Promise.withResolvers<ScriptedRequest>()
    const released = Promise.withResolvers<Answer | undefined>()
    const holding: Holding = { pattern, arrive: arrived.resolve, released: released.promise, open: true }
    this.#holds.unshift(holding)
    return {
      arrived: arrived.promise,
      release(answer) {
        holding.open = false
        released.resolve(answer)
      },
    }
  }

  waitFor(pattern: Pattern, options: { readonly count?: number; readonly timeoutMs?: number } = {}) {
    const { count = 1, timeoutMs = 30_000 } = options
    return new Promise<ScriptedRequest[]>((resolve, reject) => {
      const look = () => {
        const found = this.asked(pattern)
        if (found.length < count) return
        stop()
        resolve(found)
      }
      const timer = setTimeout(() => {
        stop()
        const seen = this.requests.map((request) => `  ${request.kind}: ${request.prompt.slice(0, 100)}`).join("\n")
        const got = `${this.asked(pattern).length} of ${count} turns matching ${pattern}`
        reject(
          new Error(`the scripted model was asked ${got} in ${timeoutMs} ms. It was asked:\n${seen || "  nothing"}`),
        )
      }, timeoutMs)
      const stop = () => {
        clearTimeout(timer)
        this.#watchers.delete(look)
      }
      this.#watchers.add(look)
      look()
    })
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#server?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * Answers one request. A client that disconnects in the middle is an expected outcome and not an
   * error.
   */
  async #serve(exchange: Exchange): Promise<void> {
    try {
      const request = this.#record(exchange)
      if (!request) return
      const answer = await this.#choose(request, exchange.closed)
      if (this.#options.latencyMs) await sleep(this.#options.latencyMs, undefined, { signal: exchange.closed })
      await sendAnswer(exchange, request, answer)
      if (exchange.over) request.answeredAt = Date.now()
    } catch (error) {
      if (!exchange.closed.aborted) refuse(exchange, 500, `the script failed: ${error}`)
    }
  }

  #record(exchange: Exchange): ScriptedRequest | undefined {
    if (exchange.method !== "POST" || !exchange.path.endsWith("/chat/completions")) {
      refuse(exchange, 404, `no such route: ${exchange.method} ${exchange.path}`)
      return undefined
    }
    const request = readRequest(exchange.body, this.requests.length, Date.now())
    exchange.closed.addEventListener("abort", () => {
      if (!exchange.over && !this.#closing) request.closedByClientAt = Date.now()
    })
    this.requests.push(request)
    for (const look of [...this.#watchers]) look()
    return request
  }

  async #choose(request: ScriptedRequest, closed: AbortSignal): Promise<Answer> {
    if (request.kind === "title") return say("Title")
    const hold = this.#holds.find((candidate) => candidate.open && matches(candidate.pattern, request.prompt))
    if (hold) {
      hold.arrive(request)
      const released = await Promise.race([hold.released, rejectWhen(closed)])
      if (released) return released
    }
    const script = this.#scripts.find((candidate) => matches(candidate.pattern, request.prompt))
    const next = script ? script.answers[Math.min(script.used++, script.answers.length - 1)] : this.#options.answer
    const scripted = next ?? echo
    return typeof scripted === "function" ? await scripted(request) : scripted
  }
}

function refuse(exchange: Exchange, status: number, reason: string): void {
  exchange.head(status, { "content-type": "text/plain" })
  exchange.write(reason)
  exchange.end()
}

function matches(pattern: Pattern, prompt: string): boolean {
  return typeof pattern === "string" ? prompt.includes(pattern) : prompt.search(pattern) >= 0
}

function rejectWhen(closed: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    closed.addEventListener("abort", () => reject(closed.reason), { once: true })
  })
}
