import type { Clock, Log } from "../../core/ports/ports.ts"
import { describe } from "../../host/host.ts"
import type { Server } from "./server.ts"

/** A server, or the reason why there is none. */
export type Entered =
  | { readonly ok: true; readonly server: Server; readonly before: string | undefined }
  | { readonly ok: false; readonly why: string }

/**
 * The one server of a profile. The first task that needs it opens it, all tasks share it, and it is
 * closed when nobody has needed it for a while. A lost server is replaced by a new one for the next
 * task.
 */
export class SharedServer {
  readonly #open: (signal: AbortSignal) => Promise<Server>
  readonly #clock: Clock
  readonly #log: Log
  readonly #idleStopMs: number
  #server: Promise<Server> | undefined
  /** Resolves once the last server is closed. Two at a time would share one data folder. */
  #closing: Promise<void> = Promise.resolve()
  #checking: Promise<void> = Promise.resolve()
  #users = 0
  #cancelStop: (() => void) | undefined
  /** How the previous server was lost, until a task has been told. */
  #lostBy: string | undefined
  readonly #shutting = new AbortController()

  constructor(open: (signal: AbortSignal) => Promise<Server>, clock: Clock, log: Log, idleStopMs: number) {
    this.#open = open
    this.#clock = clock
    this.#log = log
    this.#idleStopMs = idleStopMs
  }

  /**
   * Returns the server, opening it if necessary. Every call of `enter` needs a `leave`, also when
   * there was no server.
   */
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

  /**
   * Closes a server that did not answer a worker, unless it answers now. The next `enter` waits for
   * the outcome.
   */
  check(server: Server): void {
    this.#checking = this.#check(server)
  }

  async #check(server: Server): Promise<void> {
    if (await server.isThere()) return
    if ((await this.#current()) !== server) return
    this.#lostBy = "it did not answer any more"
    await this.#letGo()
  }

  /** Closes the server for good. */
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
      // Everyone who waits for the server gets the error.
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
