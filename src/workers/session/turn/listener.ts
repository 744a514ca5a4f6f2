import type { AssistantMessage } from "@opencode-ai/sdk/v2"
import type { Activity } from "../../../core/ports/ports.ts"
import type { HostEvent } from "../../../host/host.ts"
import { OutputTail } from "../output-tail.ts"
import type { RequestBroker } from "../request-broker.ts"
import type { SessionTarget } from "../session-target.ts"
import { Transcript } from "../transcript.ts"
import { tokensOf } from "../verdict.ts"
import { type Heard, meaningOf } from "./heard.ts"

export interface ListenerOptions {
  readonly target: Pick<SessionTarget, "host" | "clock">
  readonly session: string
  /** Receives the worker's permission requests and questions. */
  readonly broker: Pick<RequestBroker, "hear">
  readonly onHeard: (heard: Heard) => void
}

/** Listens to one session: reports what each event means, and keeps the messages and the usage. */
export class SessionListener {
  readonly transcript = new Transcript()
  readonly #options: ListenerOptions
  readonly #tail = new OutputTail()
  readonly #answers = new Map<string, AssistantMessage>()
  readonly #unsubscribe: () => void

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#unsubscribe = options.target.host.subscribe((event) => this.#hear(event))
  }

  /**
   * Returns what the worker has spent and written so far. `isPriced` says that the price of its
   * model is known.
   */
  progress(isPriced: boolean): Required<Pick<Activity, "tokens" | "cost" | "tail">> {
    const answers = [...this.#answers.values()]
    return {
      tokens: tokensOf(answers.map((info) => ({ info }))),
      cost: isPriced ? answers.reduce((sum, { cost }) => sum + cost, 0) : null,
      tail: this.#tail.toString(),
    }
  }

  close(): void {
    this.#unsubscribe()
  }

  #hear(event: HostEvent): void {
    const { target, session, broker, onHeard } = this.#options
    if (event.type !== "baton.reconnected" && sessionOf(event) !== session) return
    this.transcript.hear(event)
    this.#tail.hear(event)
    if (event.type === "message.updated" && event.properties.info.role === "assistant")
      this.#answers.set(event.properties.info.id, event.properties.info)
    broker.hear(event)
    onHeard(meaningOf(event, target.clock.now()))
  }
}

/** Returns the session of an event, which is named by the event, by its message or by its part. */
function sessionOf(event: HostEvent): string | undefined {
  const { sessionID, info, part } = event.properties as {
    sessionID?: string
    info?: { sessionID?: string }
    part?: { sessionID?: string }
  }
  return sessionID ?? info?.sessionID ?? part?.sessionID
}
