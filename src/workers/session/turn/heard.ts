import type { AssistantMessage, UserMessage } from "@opencode-ai/sdk/v2"
import type { HostEvent } from "../../../host/host.ts"
import { type Failure, failureOf } from "../failure.ts"

/** What one event of a session means for the turn. */
export type Heard =
  /** A sign of life and nothing more. `paused`: the status became idle, which `idle` confirms. */
  | { readonly type: "life" | "busy" | "paused" | "idle" }
  /** OpenCode waits for the provider and asks it again at `next` (contract C21). */
  | { readonly type: "retry"; readonly next: number; readonly message: string }
  | { readonly type: "error"; readonly failure: Failure }
  | { readonly type: "tool"; readonly call: string; readonly tool: string; readonly isRunning: boolean }
  /**
   * An answer changed. `isEndless`: its stream broke off, and OpenCode asks again at once and for
   * ever (contract C18).
   */
  | { readonly type: "answer"; readonly isEndless: boolean }
  | { readonly type: "user"; readonly messageID: string }
  /** The event stream was interrupted, so events may have been missed. */
  | { readonly type: "missed" }

const LIFE: Heard = { type: "life" }

export function meaningOf(event: HostEvent, now: number): Heard {
  switch (event.type) {
    case "baton.reconnected":
      return { type: "missed" }
    case "message.updated":
      return meaningOfMessage(event.properties.info)
    case "message.part.updated": {
      const { part } = event.properties
      if (part.type !== "tool") return LIFE
      return { type: "tool", call: part.callID, tool: part.tool, isRunning: part.state.status === "running" }
    }
    case "session.status": {
      const { status } = event.properties
      if (status.type === "retry") return { type: "retry", next: status.next, message: status.message }
      return { type: status.type === "busy" ? "busy" : "paused" }
    }
    case "session.error": {
      const { error } = event.properties
      const unknown: Failure = { reason: "error", detail: "OpenCode reported an error" }
      return { type: "error", failure: error ? failureOf(error, now) : unknown }
    }
    case "session.idle":
      return { type: "idle" }
    default:
      return LIFE
  }
}

function meaningOfMessage(info: AssistantMessage | UserMessage): Heard {
  if (info.role === "user") return { type: "user", messageID: info.id }
  return { type: "answer", isEndless: info.finish === "unknown" && info.time.completed !== undefined }
}
