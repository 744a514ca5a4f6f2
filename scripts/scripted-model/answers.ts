/**
 * What a scripted model can do with one request, as values. The good answers first, then every way a real provider
 * is known to go wrong.
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
  /** Left out when the model never says why it stopped. */
  readonly finish?: "stop" | "length" | "tool_calls"
  /** `whole`: ended by the book. `cut`: the body ends early, the socket properly. `dropped`: the socket is destroyed. */
  readonly end: "whole" | "cut" | "dropped"
  readonly pace: Pace
}

export interface Pace {
  /** Replaces the counts worked out from the request and the answer. */
  readonly usage?: Usage
  /** In how many pieces the text is streamed; 1 when left out. */
  readonly chunks?: number
  /** Milliseconds before every piece but the first. */
  readonly delayMs?: number
}

export type Answer =
  | Reply
  | { readonly type: "fail"; readonly status: number; readonly message: string; readonly retryAfter?: number }
  | { readonly type: "silence" }
  | { readonly type: "no-answer" }
  | { readonly type: "after"; readonly ms: number; readonly answer: Answer }

const WHOLE: Reply = { type: "reply", text: "", reasoning: "", calls: [], finish: "stop", end: "whole", pace: {} }

/** The model says `text` and stops. */
export function say(text: string, pace: Pace = {}): Answer {
  return { ...WHOLE, text, pace }
}

/** The model calls a tool; the request that follows carries the result. Structured output is this, too. */
export function callTool(name: string, args: Readonly<Record<string, unknown>>): Answer {
  return { ...WHOLE, calls: [{ name, args }], finish: "tool_calls" }
}

/** The model calls several tools at once. */
export function callTools(...calls: readonly ToolCall[]): Answer {
  return { ...WHOLE, calls, finish: "tool_calls" }
}

/** The model thinks aloud and stops without a word of answer. */
export function reasonOnly(reasoning: string): Answer {
  return { ...WHOLE, reasoning }
}

/** The model stops at once: a well-formed, empty answer. */
export function nothing(): Answer {
  return WHOLE
}

/** The model runs into its output limit after `text`. */
export function lengthLimit(text: string): Answer {
  return { ...WHOLE, text, finish: "length" }
}

/** The body ends after `text` with no finish reason; the socket is closed properly. OpenCode asks again, forever. */
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

/** Headers are sent, then nothing until the client or the server closes. */
export function silence(): Answer {
  return { type: "silence" }
}

/** The request is accepted and never answered, not even with headers. */
export function noAnswer(): Answer {
  return { type: "no-answer" }
}

/** Any other answer, `ms` milliseconds later. */
export function after(ms: number, answer: Answer): Answer {
  return { type: "after", ms, answer }
}

function unfinished(text: string): Omit<Reply, "end"> {
  const { finish: _never, ...reply } = WHOLE
  return { ...reply, text }
}
