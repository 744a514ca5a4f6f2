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
  | ({ readonly type: "tool"; readonly isRunning: boolean } & ToolCall)
  /**
   * An answer changed. `isEndless`: its stream broke off, and OpenCode asks again at once and for
   * ever (contract C18). `answer` is missing for the summary of a compaction, which answers nobody.
   */
  | { readonly type: "answer"; readonly isEndless: boolean; readonly answer?: HeardAnswer }
  | { readonly type: "user"; readonly messageID: string }
  /** The event stream was interrupted, so events may have been missed. */
  | { readonly type: "missed" }

interface ToolCall {
  readonly call: string
  readonly tool: string
  /** The answer that it is part of. */
  readonly messageID: string
}

/** One request to the model, as its message shows it. */
export interface HeardAnswer {
  readonly messageID: string
  /** The user message that it answers. */
  readonly to: string
  readonly createdAt: number
  /** It is complete, and its end asks for nothing more (contract C17). */
  readonly isFinished: boolean
}

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
      const { callID: call, tool, messageID } = part
      return { type: "tool", call, tool, messageID, isRunning: part.state.status === "running" }
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
  const { id, parentID, finish, error, time } = info
  const isComplete = time.completed !== undefined
  const isEndless = finish === "unknown" && isComplete
  if (info.summary) return { type: "answer", isEndless }
  const isFinished = isComplete && !error && finish !== undefined && finish !== "tool-calls" && !isEndless
  return { type: "answer", isEndless, answer: { messageID: id, to: parentID, createdAt: time.created, isFinished } }
}
