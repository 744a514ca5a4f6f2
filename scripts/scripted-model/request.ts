import type { Usage } from "./answers.ts"

/** The used fields of a message of the chat protocol. */
export interface ChatMessage {
  readonly role: string
  readonly content?: unknown
  readonly tool_calls?: readonly unknown[]
  readonly tool_call_id?: string
}

/** One chat request to the model, and how it ended. Times are milliseconds since 1970. */
export interface ScriptedRequest {
  /** Its position among all requests, starting at 0. */
  readonly index: number
  /**
   * `title` is OpenCode's request for the name of a new root session. Every request of a person or
   * a worker is a `turn`.
   */
  readonly kind: "turn" | "title"
  readonly at: number
  /** The model's name without its provider, such as `small`. */
  readonly model: string
  /**
   * Text of the last user message, which is the same for every request of a turn with tool calls.
   */
  readonly prompt: string
  /** All system messages, joined. */
  readonly system: string
  readonly messages: readonly ChatMessage[]
  /** Names of the offered tools. */
  readonly tools: readonly string[]
  /** The offered tools as they were sent: name, description, parameters. */
  readonly toolDefinitions: readonly unknown[]
  /** Results of tools since the last user message. */
  readonly toolResults: readonly string[]
  readonly stream: boolean
  /** The usage that the answer reported; undefined when it reported none. */
  usage?: Usage
  /** Time at which the whole answer had been written. */
  answeredAt?: number
  /** Time at which the client disconnected before that. */
  closedByClientAt?: number
}

interface ChatBody {
  readonly model?: string
  readonly stream?: boolean
  readonly messages?: readonly ChatMessage[]
  readonly tools?: readonly { readonly function?: { readonly name?: string } }[]
}

/** Reads the JSON body of a chat request. Throws when it is not JSON. */
export function readRequest(json: string, index: number, at: number): ScriptedRequest {
  const body = JSON.parse(json) as ChatBody
  const messages = body.messages ?? []
  const lastUser = messages.findLastIndex((message) => message.role === "user")
  const system = messages.filter((message) => message.role === "system").map(textOf)
  const tools = (body.tools ?? []).map((tool) => tool.function?.name ?? "")
  return {
    index,
    kind: tools.length === 0 && /title generator/i.test(system.join("\n")) ? "title" : "turn",
    at,
    model: body.model ?? "",
    prompt: lastUser < 0 ? "" : textOf(messages[lastUser] as ChatMessage),
    system: system.join("\n"),
    messages,
    tools,
    toolDefinitions: body.tools ?? [],
    toolResults: messages
      .slice(lastUser + 1)
      .filter((message) => message.role === "tool")
      .map(textOf),
    stream: body.stream === true,
  }
}

/** The text of a message, which is either one string or a list of parts. */
function textOf(message: ChatMessage): string {
  const { content } = message
  if (typeof content === "string") return content
  if (!Array.isArray(content)) return ""
  return content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join("\n")
}
