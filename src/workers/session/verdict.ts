import type { AssistantMessage, Part } from "@opencode-ai/sdk/v2"
import type { Reason, Tokens } from "../../core/model/result.ts"
import { type Entry, taskFrom } from "../../host/entries.ts"
import { type Failure, failureOf, type PartialOutage } from "./failure.ts"

/** What came of one prompt, read from the session's messages. */
export interface TurnVerdict {
  readonly reason: Reason
  readonly output: string
  readonly detail?: string
  readonly outage?: PartialOutage
}

export type Answer = Entry & { readonly info: AssistantMessage }

/** All that belongs to the task which our message began. */
function taskOf(entries: readonly Entry[], messageID: string): readonly Entry[] {
  return taskFrom(
    entries,
    entries.findIndex((entry) => entry.info.id === messageID),
  )
}

/**
 * Every assistant message of the task that our message began. What they spent is what the task spent: answers to what
 * was said meanwhile and the summaries that OpenCode writes of itself included.
 */
export function turnOf(entries: readonly Entry[], messageID: string): readonly Answer[] {
  return taskOf(entries, messageID).filter(isAssistant)
}

/**
 * Those of the task that answer the newest message somebody typed: ours, or what was said later. Usually their
 * `parentID` is that message, but after an overflow OpenCode compacts the session and continues under a user message of
 * its own making, and the answer is then in another message (host notes §8).
 */
export function answersTo(entries: readonly Entry[], messageID: string): readonly Answer[] {
  const task = taskOf(entries, messageID)
  const newest = task.findLastIndex((entry) => entry.info.role === "user" && !isOwnMaking(entry))
  const earlier = new Set(task.slice(0, Math.max(0, newest)).map((entry) => entry.info.id))
  return task
    .slice(newest + 1)
    .filter(isAssistant)
    .filter(({ info }) => info.summary !== true && !earlier.has(info.parentID))
}

/** What a person hands back without words: the last whole answer of the task, whatever came after it. */
export function lastWordsOf(entries: readonly Entry[], messageID: string): TurnVerdict {
  const answers = turnOf(entries, messageID).filter(({ info, parts }) => info.summary !== true && textOf(parts) !== "")
  const whole = answers.map((answer) => verdictOf([answer])).findLast((verdict) => verdict?.reason === "ok")
  if (whole) return whole
  const output = textOf(answers.at(-1)?.parts ?? [])
  if (output === "") return { reason: "empty", output, detail: "it was handed back without an answer" }
  return { reason: "truncated", output, detail: "it was handed back before it had finished an answer" }
}

function isAssistant(entry: Entry): entry is Answer {
  return entry.info.role === "assistant"
}

function isOwnMaking(entry: Entry): boolean {
  return entry.parts.every((part) => part.type === "compaction" || (part.type === "text" && part.synthetic === true))
}

/** The text of a message: what came after the last `step-start`, because a failed try leaves its text before it. */
export function textOf(parts: readonly Part[]): string {
  const from = parts.findLastIndex((part) => part.type === "step-start") + 1
  return parts
    .slice(from)
    .flatMap((part) => (part.type === "text" && !part.synthetic && !part.ignored ? [part.text] : []))
    .join("")
    .trim()
}

/**
 * How the turn ended, or undefined while nothing in the messages says that it has. Only a completed message with text,
 * a proper finish and no error is `ok`.
 */
export function verdictOf(answers: readonly Answer[]): TurnVerdict | undefined {
  const last = answers.at(-1)
  if (!last) return undefined
  const output = textOf(last.parts)
  const { error, finish, time } = last.info
  if (error) return { ...failureOf(error, time.completed ?? time.created), output }
  if (time.completed === undefined || finish === undefined || finish === "tool-calls") return undefined
  if (finish === "length") {
    return { reason: "truncated", output, detail: "the answer was cut at the model's output limit" }
  }
  if (finish === "content-filter") {
    return { reason: "truncated", output, detail: "the answer was cut by the provider's content filter" }
  }
  if (finish === "error") return { reason: "error", output, detail: "the model's stream ended with an error" }
  if (finish === "unknown") {
    return output === ""
      ? { reason: "empty", output, detail: "the model's stream ended without an answer" }
      : { reason: "truncated", output, detail: "the model's stream ended in the middle of the answer" }
  }
  if (output === "") return { reason: "empty", output, detail: "the model finished without writing anything" }
  return { reason: "ok", output }
}

/** Of a stream without an end, which OpenCode asks for again and again: what the first try came to. */
export function verdictOfLoop(answers: readonly Answer[]): TurnVerdict | undefined {
  const first = answers.find(({ info }) => info.finish === "unknown")
  return first && verdictOf([first])
}

/** What an idle session means whose messages say nothing conclusive. */
export function verdictOfSilence(answers: readonly Entry[], lastError: Failure | undefined): TurnVerdict {
  const last = answers.at(-1)
  const output = last ? textOf(last.parts) : ""
  if (lastError !== undefined) return { ...lastError, output }
  if (!last) return { reason: "empty", output, detail: "the session went idle without an answer" }
  const refused = last.parts.find((part) => part.type === "tool" && part.state.status === "error")
  if (refused?.type === "tool" && refused.state.status === "error") {
    return { reason: "rejected", output, detail: `${refused.tool} was refused: ${refused.state.error}` }
  }
  return { reason: "worker-lost", output, detail: "the session went idle in the middle of its work" }
}

/** Tokens of all messages of a turn; cached tokens count as read, reasoning as written. */
export function tokensOf(turn: readonly { readonly info: AssistantMessage }[]): Tokens {
  let input = 0
  let output = 0
  for (const { info } of turn) {
    input += info.tokens.input + info.tokens.cache.read + info.tokens.cache.write
    output += info.tokens.output + info.tokens.reasoning
  }
  return { input, output }
}

/**
 * Whether a provider said what it took for a message. It does at the end of a stream: what a torn one cost is not
 * known. A request that was refused cost nothing.
 */
export function isCounted({ finish, error }: AssistantMessage): boolean {
  return finish !== undefined || error?.name === "APIError" || error?.name === "ProviderAuthError"
}
