import type { Entry } from "../../host/entries.ts"
import type { HostEvent } from "../../host/host.ts"
import type { Desk } from "./desk.ts"
import { Health } from "./health.ts"
import type { Site } from "./site.ts"
import type { Talk } from "./talk.ts"
import { Transcript } from "./transcript.ts"
import { type Failure, failureOf } from "./trouble.ts"

/** What an event means for a task: a sign of life; something to look at; the provider made OpenCode wait; somebody else
 *  than we spoke to the worker; events were missed. */
export type Heard = "life" | "news" | "retry" | "stranger" | "missed"

/** A wait of OpenCode's that is longer than this is not waited out in a worker's place. */
const LONGEST_RETRY_MS = 60_000

/** Listens to one session and remembers what matters of it. */
export class Ear {
  readonly health: Health
  readonly transcript = new Transcript()
  /** What the session's last error means. */
  lastError: Failure | undefined
  /** The provider wants a longer wait than a worker may spend in its place. */
  quota: Failure | undefined
  /** OpenCode asks the model again and again. */
  isLooping = false
  /** It has become idle, and not busy since. */
  hasIdled = false
  /** It was looked at since. */
  hasLooked = false
  /** Of the last retry: when it is. */
  retryUntil = 0
  readonly #site: Site
  readonly #session: string
  readonly #desk: Desk
  readonly #talk: Talk
  readonly #tell: (heard: Heard) => void
  readonly #users = new Set<string>()
  readonly #unsubscribe: () => void

  constructor(site: Site, session: string, desk: Desk, talk: Talk, tell: (heard: Heard) => void) {
    this.#site = site
    this.#session = session
    this.#desk = desk
    this.#talk = talk
    this.#tell = tell
    this.health = new Health(site.clock.now())
    this.#unsubscribe = site.host.subscribe((event) => this.#hear(event))
  }

  /** Forgets how the turn seemed to end: there is more to come. */
  forget(): void {
    this.lastError = undefined
    this.quota = undefined
    this.isLooping = false
    this.hasIdled = false
    this.hasLooked = false
    this.health.excuse(this.#site.clock.now())
  }

  close(): void {
    this.#unsubscribe()
  }

  #hear(event: HostEvent): void {
    if (event.type !== "baton.reconnected" && sessionOf(event) !== this.#session) return
    this.transcript.hear(event)
    if (event.type === "baton.reconnected") {
      this.#tell("missed")
      return
    }
    this.health.hear(event, this.#site.clock.now())
    this.#desk.hear(event)
    this.#tell(this.#meaningOf(event))
  }

  #meaningOf(event: HostEvent): Heard {
    switch (event.type) {
      case "message.updated":
        return this.#hearMessage(event.properties.info)
      case "session.status": {
        const { status } = event.properties
        if (status.type === "busy") this.hasIdled = this.hasLooked = false
        return status.type === "retry" ? this.#hearRetry(status) : "life"
      }
      case "session.error": {
        const { error } = event.properties
        const unknown: Failure = { reason: "error", detail: "OpenCode reported an error" }
        this.lastError = error ? failureOf(error, this.#site.clock.now()) : unknown
        return "news"
      }
      case "session.idle":
        this.hasIdled = true
        return "news"
      default:
        return "life"
    }
  }

  #hearMessage(info: Entry["info"]): Heard {
    if (info.role === "assistant") {
      // A stream without an end: OpenCode asks again at once, for ever (host notes §8).
      if (info.finish !== "unknown" || info.time.completed === undefined) return "life"
      this.isLooping = true
      return "news"
    }
    const isNew = !this.#users.has(info.id)
    this.#users.add(info.id)
    return isNew && !this.#talk.isOwn(info.id) ? "stranger" : "life"
  }

  #hearRetry({ next, message }: { readonly next: number; readonly message: string }): Heard {
    this.retryUntil = next
    if (next - this.#site.clock.now() <= LONGEST_RETRY_MS) return "retry"
    this.quota = { reason: "quota", detail: message, outage: { cause: "quota", until: next } }
    return "news"
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
