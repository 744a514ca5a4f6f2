import type { Usage } from "./answers.ts"

/** One message of the chat protocol, as far as anyone here looks at it. */
export interface ChatMessage {
  readonly role: string
  readonly content?: unknown
  readonly tool_calls?: readonly unknown[]
  readonly tool_call_id?: string
}

/** One chat request the model was sent, and what became of it. Times are milliseconds since 1970. */
export interface ScriptedRequest {
  /** Its place among all requests, from 0. */
  readonly index: number
  /** `title` is OpenCode naming a new root session; everything a person or a worker asked for is a `turn`. */
  readonly kind: "turn" | "title"
  readonly at: number
  /** The model's name without its provider: `small`. */
  readonly model: string
  /** Text of the last user message. The same for every request of a tool-calling turn. */
  readonly prompt: string
  /** All system messages, joined. */
  readonly system: string
  readonly messages: readonly ChatMessage[]
  /** Names of the tools on offer. */
  readonly tools: readonly string[]
  /** The tools on offer as they were sent: name, description, parameters. */
  readonly toolDefinitions: readonly unknown[]
  /** What the tools answered since the last user message. */
  readonly toolResults: readonly string[]
  readonly stream: boolean
  /** What the answer reported as used; absent when it reported nothing. */
  usage?: Usage
  /** When the answer had been written whole. */
  answeredAt?: number
  /** When the client went away before that. */
  closedByClientAt?: number
}

interface ChatBody {
  readonly model?: string
  readonly stream?: boolean
  readonly messages?: readonly ChatMessage[]
  readonly tools?: readonly { readonly function?: { readonly name?: string } }[]
}

/** Reads the JSON body of a chat request. Throws when it is no JSON. */
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

/** The text of a message, whether it came as one string or in parts. */
function textOf(message: ChatMessage): string {
  const { content } = message
  if (typeof content === "string") return content
  if (!Array.isArray(content)) return ""
  return content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join("\n")
}
