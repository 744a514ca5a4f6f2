import type { Message, Part } from "@opencode-ai/sdk/v2"
import { RESULT_TOOL } from "../../core/rights/permission.ts"
import type { Entry } from "../../host/entries.ts"
import type { HostEvent } from "../../host/host.ts"
import { TODO_TOOL } from "./todos.ts"
import { writtenBy } from "./written.ts"

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
        // Neither says how a turn ended, and both can be long. Of tool calls those count that wrote a file, a todo list or the answer.
        if (part.type === "reasoning" || (part.type === "tool" && !doesCount(part))) break
        const parts = this.#parts.get(part.messageID) ?? new Map<string, Part>()
        this.#parts.set(part.messageID, parts.set(part.id, withoutText(part)))
        break
      }
      case "message.part.removed":
        this.#parts.get(event.properties.messageID)?.delete(event.properties.partID)
        break
    }
  }

  /** The messages without reasoning and without the tool calls that wrote neither a file nor a todo list nor the answer, oldest first;
   *  none when events may have been missed. */
  entries(): readonly Entry[] {
    if (!this.#isWhole) return []
    return [...this.#messages.values()].map((info) => ({
      info,
      parts: [...(this.#parts.get(info.id)?.values() ?? [])],
    }))
  }
}

function doesCount(part: Part): boolean {
  return isSpoken(part) || writtenBy(part).length > 0
}

/** A tool call that says something by what it was given. */
function isSpoken(part: Part): boolean {
  return part.type === "tool" && (part.tool === RESULT_TOOL || part.tool === TODO_TOOL)
}

/** A tool call without what it was given and what came of it, which can be whole files. */
function withoutText(part: Part): Part {
  if (part.type !== "tool" || isSpoken(part) || part.state.status !== "completed") return part
  const { filepath, filediff, files } = part.state.metadata
  const slim = (file: unknown) => ({ ...(file as object), patch: undefined })
  const metadata = {
    ...(filepath === undefined ? {} : { filepath }),
    ...(filediff === undefined ? {} : { filediff: slim(filediff) }),
    ...(Array.isArray(files) ? { files: files.map(slim) } : {}),
  }
  return { ...part, state: { ...part.state, input: {}, output: "", metadata } }
}
