import type { OutageHold } from "../../core/model/result.ts"
import type { Clock } from "../../core/ports/ports.ts"

/** What a worker asks the pool for. */
export interface PermitRequest {
  readonly profile: string
  /** Maximum of workers of the profile at the same time. */
  readonly concurrency: number
  /** Maximum of workers of the project at the same time. */
  readonly maxWorkers: number
  /** The provider part of the model's name; null while the model is unknown. */
  readonly provider: string | null
  /** True for a worker that had a place before and gave it up: it is served first. */
  readonly isBack: boolean
}

/** A place for one worker. */
export interface Lease {
  /** Records the provider once the model is known. */
  setProvider(provider: string): void
  /** The provider throttles until `until` (milliseconds since 1970). Returns true when too many
   *  workers use the provider and this one must give up its place. */
  throttled(until: number): boolean
  /** Lends the place to a worker that this one has started and waits for. The returned function
   *  takes it back. */
  lend(): () => void
  /** Gives the place back; `isOk` says that the provider answered. Only the first call counts. */
  release(isOk: boolean): void
}

export type Permit = { readonly ok: true; readonly lease: Lease } | { readonly ok: false; readonly hold: OutageHold }

/** Consecutive good answers, per allowed worker, after which a throttled provider gets one more. */
const ANSWERS_A_PLACE = 5
/**
 * Workers that come back after the same wait are spread at random over a quarter of it, and over at
 * least this many milliseconds. Full jitter would be fairer and slower
 * (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).
 */
const JITTER_MS = 1_000

interface Provider {
  /** Maximum of workers at the provider. It grows by one and shrinks by half (AIMD: Chiu and
   *  Jain, 1989). */
  limit: number
  readonly working: Set<Holder>
  answers: number
  /**
   * When the limit last shrank. Throttling of workers that started before then is not a new signal.
   */
  shrunkAt: number
  hold?: OutageHold
}
interface Holder {
  readonly profile: string
  readonly startedAt: number
  provider: string | null
  /** Number of workers that it has started and waits for. While it waits, it does not count as
   *  working. */
  lends: number
}
interface Waiting {
  readonly request: PermitRequest
  readonly notBefore: number
  readonly settle: (permit: Permit) => void
}

/**
 * Decides who may work now, over all runs of a project in this process (G4). A place is given only
 * when the project, the profile and the provider have one free; waiting workers are served in the
 * order of their arrival. A throttling provider gets half as many workers and then slowly more; a
 * provider that is out of reach gets none until a person resumes a run.
 */
export class Pool {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #providers = new Map<string, Provider>()
  readonly #working = new Set<Holder>()
  /** When a throttling provider may be asked again, in milliseconds since 1970. */
  readonly #resumeAt = new Map<string, number>()
  #waiting: Waiting[] = []
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  /** Resolves with a place as soon as there is one, with the hold of the provider if there is
   *  one, or with undefined once `signal` fires. */
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

  /** Opens the circuit: nothing is dispatched to the provider any more, and every worker that
   *  waits for it gets the hold. */
  open(provider: string, hold: OutageHold): void {
    this.#provider(provider).hold = hold
    this.#serve()
  }

  /** Closes all circuits because a person resumes or aborts a run: the next worker finds out
   *  whether the provider is back. */
  closeAll(): void {
    for (const provider of this.#providers.values()) delete provider.hold
    this.#serve()
  }

  /** The hold that blocks the provider; it ends at the time that the provider itself named. */
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
