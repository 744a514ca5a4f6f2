import { setTimeout as sleep } from "node:timers/promises"
import type { Answer, Reply, Usage } from "./answers.ts"
import type { Exchange } from "./http.ts"
import type { ScriptedRequest } from "./request.ts"

/**
 * Writes one answer as an OpenAI-compatible response, and returns once nothing more will be
 * written. Throws when the connection is closed during a pause.
 */
export async function sendAnswer(exchange: Exchange, request: ScriptedRequest, answer: Answer): Promise<void> {
  switch (answer.type) {
    case "after":
      await sleep(answer.ms, undefined, { signal: exchange.closed })
      return await sendAnswer(exchange, request, answer.answer)
    case "no-answer":
      return await untilClosed(exchange)
    case "silence":
      exchange.head(200, EVENT_STREAM)
      return await untilClosed(exchange)
    case "raw":
      exchange.head(answer.status, { "content-type": answer.contentType })
      exchange.write(answer.body)
      return exchange.end()
    case "fail":
      return sendFailure(exchange, answer)
    case "reply":
      request.usage = answer.pace.usage ?? usageOf(request, answer)
      return request.stream ? await stream(exchange, request, answer) : sendWhole(exchange, request, answer)
  }
}

const EVENT_STREAM = { "content-type": "text/event-stream", "cache-control": "no-cache" }
const JSON_TYPE = { "content-type": "application/json" }

function untilClosed({ closed }: Exchange): Promise<void> {
  return new Promise((resolve) => {
    if (closed.aborted) resolve()
    else closed.addEventListener("abort", () => resolve(), { once: true })
  })
}

function sendFailure(exchange: Exchange, failure: Extract<Answer, { type: "fail" }>): void {
  const retry = failure.retryAfter === undefined ? {} : { "retry-after": String(failure.retryAfter) }
  exchange.head(failure.status, { ...JSON_TYPE, ...retry })
  exchange.write(JSON.stringify({ error: { message: failure.message, type: "scripted", code: failure.status } }))
  exchange.end()
}

/**
 * Counts four characters as a token, rounded up, so that the same request always has the same cost.
 */
function usageOf(request: ScriptedRequest, reply: Reply): Usage {
  const calls = reply.calls.length === 0 ? "" : JSON.stringify(reply.calls)
  return {
    input: tokens(JSON.stringify(request.messages)),
    output: tokens(reply.text + reply.reasoning + calls),
  }
}

function tokens(text: string): number {
  return Math.ceil(text.length / 4)
}

function usageOnWire({ input, output }: Usage) {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
}

function callsOnWire(request: ScriptedRequest, reply: Reply) {
  return reply.calls.map((call, index) => ({
    index,
    id: `call_${request.index}_${index}`,
    type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.args) },
  }))
}

async function stream(exchange: Exchange, request: ScriptedRequest, reply: Reply): Promise<void> {
  const envelope = { id: `chatcmpl-${request.index}`, object: "chat.completion.chunk", created: seconds(request.at) }
  const send = (fields: object) =>
    exchange.write(`data: ${JSON.stringify({ ...envelope, model: request.model, ...fields })}\n\n`)
  const delta = (fields: object, finish: string | null = null) =>
    send({ choices: [{ index: 0, delta: fields, finish_reason: finish }] })

  exchange.head(200, EVENT_STREAM)
  delta({ role: "assistant", content: "" })
  if (reply.reasoning) delta({ reasoning_content: reply.reasoning })
  for (const [index, piece] of pieces(reply.text, reply.pace.chunks ?? 1).entries()) {
    if (index > 0 && reply.pace.delayMs) await sleep(reply.pace.delayMs, undefined, { signal: exchange.closed })
    delta({ content: piece })
  }
  const calls = callsOnWire(request, reply)
  if (calls.length > 0) delta({ tool_calls: calls })
  if (reply.finish) {
    delta({}, reply.finish)
    send({ choices: [], usage: usageOnWire(request.usage as Usage) })
    exchange.write("data: [DONE]\n\n")
  }
  if (reply.end === "dropped") exchange.drop()
  else exchange.end()
}

function sendWhole(exchange: Exchange, request: ScriptedRequest, reply: Reply): void {
  const calls = callsOnWire(request, reply)
  const message = {
    role: "assistant",
    content: reply.text,
    ...(reply.reasoning ? { reasoning_content: reply.reasoning } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  }
  const body = JSON.stringify({
    id: `chatcmpl-${request.index}`,
    object: "chat.completion",
    created: seconds(request.at),
    model: request.model,
    choices: [{ index: 0, message, finish_reason: reply.finish ?? null }],
    usage: usageOnWire(request.usage as Usage),
  })
  exchange.head(200, JSON_TYPE)
  exchange.write(reply.end === "whole" ? body : body.slice(0, body.length / 2))
  if (reply.end === "dropped") exchange.drop()
  else exchange.end()
}

/** The text in `count` pieces of about the same length; none for an empty text. */
function pieces(text: string, count: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / count))
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  )
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}
