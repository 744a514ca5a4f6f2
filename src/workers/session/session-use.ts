/**
 * What this process does in sessions: one turn at a time in each. A turn that was given up may still
 * be stopping its session, and that would end the next turn there too.
 */
export class SessionUse {
  /** Resolves when the newest turn of a session is over, and those before it. */
  readonly #ends = new Map<string, Promise<void>>()
  readonly #stopped = new Set<string>()

  /**
   * Waits for the end of an earlier turn in the session, or for `signal`. Returns a function that
   * ends this one.
   */
  async enter(session: string, signal: AbortSignal): Promise<() => void> {
    const former = this.#ends.get(session)
    const own = Promise.withResolvers<void>()
    const end = former === undefined ? own.promise : Promise.all([former, own.promise]).then(() => undefined)
    this.#ends.set(session, end)
    if (former !== undefined) await this.#orStopped(former, signal)
    return () => {
      own.resolve()
      if (this.#ends.get(session) === end) this.#ends.delete(session)
    }
  }

  /** Records that the session is being stopped. */
  stop(session: string): void {
    this.#stopped.add(session)
  }

  /** Whether the session was stopped here since the last call. */
  takeStopped(session: string): boolean {
    return this.#stopped.delete(session)
  }

  async #orStopped(former: Promise<void>, signal: AbortSignal): Promise<void> {
    const stopped = Promise.withResolvers<void>()
    const stop = () => stopped.resolve()
    if (signal.aborted) stop()
    signal.addEventListener("abort", stop, { once: true })
    await Promise.race([former, stopped.promise])
    signal.removeEventListener("abort", stop)
  }
}
