import type { Clock, Log } from "../../core/ports/ports.ts"
import { describe } from "../../host/host.ts"
import type { Server } from "./server.ts"

/** A server, or why there is none. */
export type Entered =
  | { readonly ok: true; readonly server: Server; readonly before: string | undefined }
  | { readonly ok: false; readonly why: string }

/**
 * The one server of a profile: opened by the first that needs it, shared by all, and let go when nobody has needed it
 * for a while. One that was lost is opened anew for the next.
 */
export class SharedServer {
  readonly #open: (signal: AbortSignal) => Promise<Server>
  readonly #clock: Clock
  readonly #log: Log
  readonly #idleStopMs: number
  #server: Promise<Server> | undefined
  /** Of the last one to be let go: two at a time would share one data folder. */
  #closing: Promise<void> = Promise.resolve()
  #checking: Promise<void> = Promise.resolve()
  #users = 0
  #cancelStop: (() => void) | undefined
  /** How the one before was lost, until somebody was told. */
  #lostBy: string | undefined
  readonly #shutting = new AbortController()

  constructor(open: (signal: AbortSignal) => Promise<Server>, clock: Clock, log: Log, idleStopMs: number) {
    this.#open = open
    this.#clock = clock
    this.#log = log
    this.#idleStopMs = idleStopMs
  }

  /** The server, opened if need be. Whoever enters leaves, also when there was none. */
  async enter(): Promise<Entered> {
    if (this.#shutting.signal.aborted) return { ok: false, why: "Baton is ending" }
    this.#users++
    this.#cancelStop?.()
    this.#cancelStop = undefined
    await this.#checking
    this.#server ??= this.#openNext()
    const opening = this.#server
    try {
      const server = await opening
      const before = this.#lostBy
      this.#lostBy = undefined
      return { ok: true, server, before }
    } catch (error) {
      if (this.#server === opening) this.#server = undefined
      return { ok: false, why: describe(error) }
    }
  }

  leave(): void {
    if (--this.#users > 0 || this.#shutting.signal.aborted) return
    this.#cancelStop?.()
    this.#cancelStop = this.#clock.after(this.#idleStopMs, () => void this.#letGo())
  }

  /** Lets go of a server that a worker got no answer from, unless it answers now. Whoever enters next waits for that. */
  check(server: Server): void {
    this.#checking = this.#check(server)
  }

  async #check(server: Server): Promise<void> {
    if (await server.isThere()) return
    if ((await this.#current()) !== server) return
    this.#lostBy = "it did not answer any more"
    await this.#letGo()
  }

  /** Lets go of the server for good. */
  async shut(): Promise<void> {
    this.#shutting.abort()
    this.#cancelStop?.()
    await this.#letGo()
  }

  async #openNext(): Promise<Server> {
    await this.#closing
    const server = await this.#open(this.#shutting.signal)
    void server.lost.then(async (how) => {
      this.#lostBy = how
      if ((await this.#current()) === server) await this.#letGo()
    })
    return server
  }

  async #current(): Promise<Server | undefined> {
    try {
      return await this.#server
    } catch {
      // Whoever waits for it is told why.
      return undefined
    }
  }

  #letGo(): Promise<void> {
    const going = this.#current()
    this.#server = undefined
    this.#closing = Promise.all([this.#closing, going])
      .then(([, server]) => server?.close())
      .catch((error) => this.#log.error("a server could not be ended", { error: describe(error) }))
    return this.#closing
  }
}
