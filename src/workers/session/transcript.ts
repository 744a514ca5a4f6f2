import type { Message, Part } from "@opencode-ai/sdk/v2"
import { RESULT_TOOL } from "../../core/permission.ts"
import type { HostEvent } from "../../host/host.ts"
import type { Entry } from "./verdict.ts"

/**
 * A session's messages as its events tell them, from the moment one begins to listen: what saves asking the server for
 * them after a turn that went well. Once events may have been missed it knows nothing more.
 */
export class Transcript {
  readonly #messages = new Map<string, Message>()
  readonly #parts = new Map<string, Map<string, Part>>()
  #isWhole = true

  /** Takes in an event of the session, or of the connection. */
  hear(event: HostEvent): void {
    switch (event.type) {
      case "baton.reconnected":
        this.#isWhole = false
        break
      case "message.updated":
        this.#messages.set(event.properties.info.id, event.properties.info)
        break
      case "message.removed":
        this.#messages.delete(event.properties.messageID)
        break
      case "message.part.updated": {
        const { part } = event.properties
        // Neither says how a turn ended, and both can be long; but for the one that takes the answer.
        if ((part.type === "tool" && part.tool !== RESULT_TOOL) || part.type === "reasoning") break
        const parts = this.#parts.get(part.messageID) ?? new Map<string, Part>()
        this.#parts.set(part.messageID, parts.set(part.id, part))
        break
      }
      case "message.part.removed":
        this.#parts.get(event.properties.messageID)?.delete(event.properties.partID)
        break
    }
  }

  /** The messages without their tool calls and reasoning, oldest first; none when events may have been missed. */
  entries(): readonly Entry[] {
    if (!this.#isWhole) return []
    return [...this.#messages.values()].map((info) => ({
      info,
      parts: [...(this.#parts.get(info.id)?.values() ?? [])],
    }))
  }
}
