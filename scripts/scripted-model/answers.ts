/**
 * The possible answers of a scripted model to one request, as values: first the good answers, then
 * each known way in which a real provider fails.
 */

/** Token counts as the provider reports them. */
export interface Usage {
  readonly input: number
  readonly output: number
}

export interface ToolCall {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

/** A response with a body: text, reasoning and tool calls, ended properly or not. */
export interface Reply {
  readonly type: "reply"
  readonly text: string
  readonly reasoning: string
  readonly calls: readonly ToolCall[]
  /** Undefined when the model never says why it stopped. */
  readonly finish?: "stop" | "length" | "tool_calls"
  /**
   * `whole` ends properly. With `cut`, the body ends early and the socket is closed properly. With
   * `dropped`, the socket is destroyed.
   */
  readonly end: "whole" | "cut" | "dropped"
  readonly pace: Pace
}

export interface Pace {
  /** Replaces the counts computed from the request and the answer. */
  readonly usage?: Usage
  /** Number of pieces in which the text is streamed; the default is 1. */
  readonly chunks?: number
  /** Milliseconds before every piece except the first. */
  readonly delayMs?: number
}

export type Answer =
  | Reply
  | { readonly type: "fail"; readonly status: number; readonly message: string; readonly retryAfter?: number }
  | { readonly type: "raw"; readonly status: number; readonly contentType: string; readonly body: string }
  | { readonly type: "silence" }
  | { readonly type: "no-answer" }
  | { readonly type: "after"; readonly ms: number; readonly answer: Answer }

const WHOLE: Reply = { type: "reply", text: "", reasoning: "", calls: [], finish: "stop", end: "whole", pace: {} }

/** The model answers `text` and stops. */
export function say(text: string, pace: Pace = {}): Answer {
  return { ...WHOLE, text, pace }
}

/**
 * The model calls a tool, whose result is in the next request. Structured output is also a tool
 * call.
 */
export function callTool(name: string, args: Readonly<Record<string, unknown>>): Answer {
  return { ...WHOLE, calls: [{ name, args }], finish: "tool_calls" }
}

/** The model calls several tools at once. */
export function callTools(...calls: readonly ToolCall[]): Answer {
  return { ...WHOLE, calls, finish: "tool_calls" }
}

/** The model only reasons and stops without an answer. */
export function reasonOnly(reasoning: string): Answer {
  return { ...WHOLE, reasoning }
}

/** The model stops at once with a well-formed, empty answer. */
export function nothing(): Answer {
  return WHOLE
}

/** The model reaches its output limit after `text`. */
export function lengthLimit(text: string): Answer {
  return { ...WHOLE, text, finish: "length" }
}

/**
 * The body ends after `text` without a finish reason, and the socket is closed properly. OpenCode
 * then repeats the request forever.
 */
export function cutOff(text = ""): Answer {
  return { ...unfinished(text), end: "cut" }
}

/** The socket is destroyed in the middle of the body, after `text`. */
export function dropSocket(text = ""): Answer {
  return { ...unfinished(text), end: "dropped" }
}

/** The provider refuses with an HTTP status; `retryAfter` is in seconds. */
export function fail(
  status: number,
  options: { readonly message?: string; readonly retryAfter?: number } = {},
): Answer {
  const message = options.message ?? `scripted failure ${status}`
  return {
    type: "fail",
    status,
    message,
    ...(options.retryAfter === undefined ? {} : { retryAfter: options.retryAfter }),
  }
}

/** The provider answers with this body, word for word. */
export function refuseWith(status: number, body: unknown): Answer {
  return { type: "raw", status, contentType: "application/json", body: JSON.stringify(body) }
}

/** The provider begins a stream with 200 and sends these chunks, whatever they are, and no more. */
export function streamOf(...chunks: readonly unknown[]): Answer {
  const body = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")
  return { type: "raw", status: 200, contentType: "text/event-stream", body }
}

/** Sends headers and then nothing until the client or the server closes. */
export function silence(): Answer {
  return { type: "silence" }
}

/** Accepts the request and never answers, not even with headers. */
export function noAnswer(): Answer {
  return { type: "no-answer" }
}

/** Gives another answer, `ms` milliseconds later. */
export function after(ms: number, answer: Answer): Answer {
  return { type: "after", ms, answer }
}

function unfinished(text: string): Omit<Reply, "end"> {
  const { finish: _never, ...reply } = WHOLE
  return { ...reply, text }
}
