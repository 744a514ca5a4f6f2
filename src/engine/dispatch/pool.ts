import type { OutageHold } from "../../core/model/result.ts"
import type { Clock } from "../../core/ports/ports.ts"

/** What a worker needs a place for. */
export interface PermitRequest {
  readonly profile: string
  /** Workers of the profile at the same time. */
  readonly concurrency: number
  /** Workers of the project at the same time. */
  readonly maxWorkers: number
  /** `provider` of the model; null while nobody knows it. */
  readonly provider: string | null
  /** It had a place before and gave it up: it is served first. */
  readonly isBack: boolean
}

/** A place for one worker. */
export interface Lease {
  /** Whose model it turned out to be. */
  setProvider(provider: string): void
  /** The provider said to slow down until then. True: too many are at work there, and this one must give its place up. */
  throttled(until: number): boolean
  /** Lends the place to a worker that this one has started and waits for; the returned function takes it back. */
  lend(): () => void
  /** Gives the place back; `isOk`: the provider answered. The first call counts. */
  release(isOk: boolean): void
}

export type Permit = { readonly ok: true; readonly lease: Lease } | { readonly ok: false; readonly hold: OutageHold }

/** Answers in a row that let one more worker at a provider that had said to slow down, a place each. */
const ANSWERS_A_PLACE = 5
/** Spread of those who come back after the same wait: a quarter of it, at least this (ms). Full jitter would be fairer
 *  and slower (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter). */
const JITTER_MS = 1_000

interface Provider {
  /** Workers that may be there at once; grows by one and shrinks by half (AIMD: Chiu and Jain, 1989). */
  limit: number
  readonly working: Set<Holder>
  answers: number
  /** When the limit last shrank: those who began before it have nothing new to say. */
  shrunkAt: number
  hold?: OutageHold
}
interface Holder {
  readonly profile: string
  readonly startedAt: number
  provider: string | null
  /** Workers it has started and waits for: it is not at work itself then. */
  lends: number
}
interface Waiting {
  readonly request: PermitRequest
  readonly notBefore: number
  readonly settle: (permit: Permit) => void
}

/**
 * Who may work now, over all runs of a project in this process (G4). A place is given only when the project, the
 * profile and the provider have one free; those who wait are served in the order they came. A provider that says to
 * slow down gets half as many workers and slowly more again; one that is out of reach gets none until it is let.
 */
export class Pool {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #providers = new Map<string, Provider>()
  readonly #working = new Set<Holder>()
  /** When a provider that said to slow down may be asked again. */
  readonly #resumeAt = new Map<string, number>()
  #waiting: Waiting[] = []
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  /** A place as soon as there is one, or what holds the provider. Undefined once `signal` fires. */
  acquire(request: PermitRequest, signal: AbortSignal): Promise<Permit | undefined> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(undefined)
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        resolve(undefined)
      }
      const waiting: Waiting = {
        request,
        notBefore: request.isBack ? this.#backAt(request.provider) : 0,
        settle: (permit) => {
          signal.removeEventListener("abort", leave)
          resolve(permit)
        },
      }
      signal.addEventListener("abort", leave, { once: true })
      if (request.isBack) this.#waiting.unshift(waiting)
      else this.#waiting.push(waiting)
      this.#serve()
    })
  }

  /** Nothing is dispatched to the provider any more; whoever waits for it gets the hold. */
  open(provider: string, hold: OutageHold): void {
    this.#provider(provider).hold = hold
    this.#serve()
  }

  /** A person said go on: the next worker finds out whether the provider is back. */
  closeAll(): void {
    for (const provider of this.#providers.values()) delete provider.hold
    this.#serve()
  }

  /** What keeps everything from being dispatched to the provider; over when the provider itself said so. */
  holdOf(provider: string | null): OutageHold | undefined {
    const hold = provider === null ? undefined : this.#providers.get(provider)?.hold
    return hold?.until !== undefined && hold.until <= this.#clock.now() ? undefined : hold
  }

  #provider(name: string): Provider {
    const known = this.#providers.get(name)
    if (known) return known
    const made: Provider = { limit: Number.POSITIVE_INFINITY, working: new Set(), answers: 0, shrunkAt: -1 }
    this.#providers.set(name, made)
    return made
  }

  #backAt(provider: string | null): number {
    const at = provider === null ? undefined : this.#resumeAt.get(provider)
    if (at === undefined) return 0
    const wait = Math.max(0, at - this.#clock.now())
    return at + this.#random() * Math.max(JITTER_MS, wait / 4)
  }

  #serve(): void {
    const now = this.#clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const waiting of [...this.#waiting]) {
      const hold = this.holdOf(waiting.request.provider)
      if (hold === undefined && waiting.notBefore > now) next = Math.min(next, waiting.notBefore)
      else if (hold !== undefined || this.#hasPlace(waiting.request)) {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        waiting.settle(hold ? { ok: false, hold } : { ok: true, lease: this.#lease(waiting.request) })
      }
    }
    this.#cancelTimer?.()
    this.#cancelTimer = Number.isFinite(next) ? this.#clock.after(next - now, () => this.#serve()) : undefined
  }

  #hasPlace({ profile, concurrency, maxWorkers, provider }: PermitRequest): boolean {
    const atWork = [...this.#working].filter((holder) => holder.lends === 0)
    if (atWork.length >= maxWorkers) return false
    if (atWork.filter((holder) => holder.profile === profile).length >= concurrency) return false
    const there = provider === null ? undefined : this.#providers.get(provider)
    return there === undefined || sizeOf(there) < there.limit
  }

  #lease({ profile, provider }: PermitRequest): Lease {
    const holder: Holder = { profile, provider: null, startedAt: this.#clock.now(), lends: 0 }
    this.#working.add(holder)
    const setProvider = (name: string) => {
      if (holder.provider === name) return
      if (holder.provider !== null) this.#provider(holder.provider).working.delete(holder)
      holder.provider = name
      this.#provider(name).working.add(holder)
    }
    if (provider !== null) setProvider(provider)
    return {
      setProvider,
      throttled: (until) => this.#throttled(holder, until),
      lend: () => {
        holder.lends++
        this.#serve()
        let isLent = true
        return () => {
          if (isLent) holder.lends--
          isLent = false
        }
      },
      release: (isOk) => {
        if (!this.#working.delete(holder)) return
        if (holder.provider !== null) this.#leave(this.#provider(holder.provider), holder, isOk)
        this.#serve()
      },
    }
  }

  #leave(provider: Provider, holder: Holder, isOk: boolean): void {
    provider.working.delete(holder)
    if (!isOk || !Number.isFinite(provider.limit)) return
    provider.answers++
    if (provider.answers < ANSWERS_A_PLACE * provider.limit) return
    provider.answers = 0
    provider.limit++
  }

  #throttled(holder: Holder, until: number): boolean {
    if (holder.provider === null || !this.#working.has(holder)) return false
    const provider = this.#provider(holder.provider)
    this.#resumeAt.set(holder.provider, until)
    provider.answers = 0
    if (holder.startedAt > provider.shrunkAt || sizeOf(provider) <= provider.limit) {
      provider.shrunkAt = this.#clock.now()
      provider.limit = Math.max(1, Math.floor(Math.min(provider.limit, sizeOf(provider)) / 2))
    }
    return sizeOf(provider) > provider.limit
  }
}

function sizeOf(provider: Provider): number {
  return [...provider.working].filter((holder) => holder.lends === 0).length
}
