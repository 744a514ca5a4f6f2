import type { Message, Part } from "@opencode-ai/sdk/v2"
import type { Entry } from "../../host/entries.ts"
import type { HostEvent } from "../../host/host.ts"
import { isRecord } from "./verdict.ts"
import { writtenBy } from "./written.ts"

/**
 * A session's messages as its events report them (contract C28). Saves two requests after a clean
 * turn; discarded after a reconnect, because events may have been missed.
 */
export class Transcript {
  readonly #messages = new Map<string, Message>()
  readonly #parts = new Map<string, Map<string, Part>>()
  #isWhole = true

  /** Processes an event of the session, or of the connection. */
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
        // Reasoning does not say how a turn ended, and can be long.
        if (part.type === "reasoning") break
        const parts = this.#parts.get(part.messageID) ?? new Map<string, Part>()
        this.#parts.set(part.messageID, parts.set(part.id, withoutText(part)))
        break
      }
      case "message.part.removed":
        this.#parts.get(event.properties.messageID)?.delete(event.properties.partID)
        break
    }
  }

  /**
   * Returns the messages, oldest first, without reasoning and without the texts of most tool calls.
   * Empty when events may have been missed.
   */
  entries(): readonly Entry[] {
    if (!this.#isWhole) return []
    return [...this.#messages.values()].map((info) => ({
      info,
      parts: [...(this.#parts.get(info.id)?.values() ?? [])],
    }))
  }
}

/**
 * Returns a tool call without its input and its output, which can be whole files. Of most calls it
 * only matters that they were made; the files that they wrote matter too.
 */
function withoutText(part: Part): Part {
  if (part.type !== "tool" || isRecord(part)) return part
  if (part.state.status !== "completed" || writtenBy(part).length === 0)
    return { ...part, state: { status: "pending", input: {}, raw: "" } }
  const { filepath, filediff, files } = part.state.metadata
  const slim = (file: unknown) => ({ ...(file as object), patch: undefined })
  const metadata = {
    ...(filepath === undefined ? {} : { filepath }),
    ...(filediff === undefined ? {} : { filediff: slim(filediff) }),
    ...(Array.isArray(files) ? { files: files.map(slim) } : {}),
  }
  return { ...part, state: { ...part.state, input: {}, output: "", metadata } }
}
