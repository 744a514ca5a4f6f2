import type { AssistantMessage, Part } from "@opencode-ai/sdk/v2"
import { isBlank } from "../../core/base/printable.ts"
import type { Reason, Tokens } from "../../core/model/result.ts"
import { RESULT_TOOL } from "../../core/rights/permission.ts"
import { type Entry, taskFrom } from "../../host/entries.ts"
import { type Failure, failureOf, type PartialOutage } from "./failure.ts"
import { hasOpenTodo, TODO_TOOL } from "./todos.ts"

/** The outcome of one prompt, read from the session's messages. */
export interface TurnVerdict {
  readonly reason: Reason
  readonly output: string
  readonly detail?: string
  readonly outage?: PartialOutage
}

export type Answer = Entry & { readonly info: AssistantMessage }

/** Returns everything that belongs to the task which our message began. */
function taskOf(entries: readonly Entry[], messageID: string): readonly Entry[] {
  return taskFrom(
    entries,
    entries.findIndex((entry) => entry.info.id === messageID),
  )
}

/**
 * Returns every assistant message of the task that our message began. Their usage is the task's
 * usage: it includes answers to later messages and the summaries that OpenCode writes itself
 * (contract C27).
 */
export function turnOf(entries: readonly Entry[], messageID: string): readonly Answer[] {
  return taskOf(entries, messageID).filter(isAssistant)
}

/**
 * Returns the answers to the newest message that somebody typed: ours, or a later one (contract
 * C10). Usually their `parentID` is that message. After an overflow OpenCode compacts the session
 * and continues under a user message of its own, and the answer is then in another message
 * (contract C19).
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

/**
 * Returns what a person hands back without words: the last whole answer of the task, whatever came
 * after it.
 */
export function lastWordsOf(entries: readonly Entry[], messageID: string): TurnVerdict {
  const answers = turnOf(entries, messageID).filter(({ info }) => info.summary !== true)
  const verdicts = answers.map((_, at) => verdictOf(answers.slice(0, at + 1)))
  const whole = verdicts.findLast((verdict) => verdict?.reason === "ok")
  if (whole) return whole
  const output = answers.map(({ parts }) => textOf(parts)).findLast((text) => text !== "") ?? ""
  if (output === "") return { reason: "empty", output, detail: "it was handed back without an answer" }
  return { reason: "truncated", output, detail: "it was handed back before it had finished an answer" }
}

function isAssistant(entry: Entry): entry is Answer {
  return entry.info.role === "assistant"
}

function isOwnMaking(entry: Entry): boolean {
  return entry.parts.every((part) => part.type === "compaction" || (part.type === "text" && part.synthetic === true))
}

/**
 * Returns the text after the last `step-start`, because a failed try leaves its text before it
 * (contract C13). Characters that show nothing are no text.
 */
export function textOf(parts: readonly Part[]): string {
  const text = lastTryOf(parts)
    .flatMap((part) => (part.type === "text" && !part.synthetic && !part.ignored ? [part.text] : []))
    .join("")
  return isBlank(text) ? "" : text.trim()
}

function lastTryOf(parts: readonly Part[]): readonly Part[] {
  return parts.slice(parts.findLastIndex((part) => part.type === "step-start") + 1)
}

/**
 * Tools that only record what the worker has said or done. A worker often calls one of them after
 * it has written its answer, so a call of them does not end the answer.
 */
const RECORDING: ReadonlySet<string> = new Set([TODO_TOOL, "todoread", RESULT_TOOL])

export function isRecord(part: Part): boolean {
  return part.type === "tool" && RECORDING.has(part.tool)
}

/**
 * What a turn has written: `answer` is the text of the last message. When that has none, it is the
 * text before the calls that only recorded it. `before` is the last text when it is no answer: a
 * tool that does work was called after it, or a call that records failed, or the todo list after it
 * has open items. The model gets the results of its tools in a new message, so both may be in
 * earlier messages than the last one (contract C13).
 */
function wordsOf(answers: readonly Answer[]): { readonly answer: string; readonly before: string } {
  let records: readonly Part[] = []
  let hasWorked = false
  for (const [back, { info, parts }] of answers.toReversed().entries()) {
    const own = lastTryOf(parts)
    if (back > 0 && !isContinued(info, own)) break
    const worked: number = hasWorked ? -1 : own.findLastIndex(isWork)
    const rest = own.slice(worked + 1)
    const text = textOf(rest)
    records = [...rest.filter(({ type }) => type === "tool"), ...records]
    if (text !== "" && !hasWorked && (back === 0 || areDone(records))) return { answer: text, before: "" }
    hasWorked ||= worked >= 0
    const before = text || textOf(own.slice(0, Math.max(0, worked)))
    if (before !== "") return { answer: "", before }
  }
  return { answer: "", before: "" }
}

/** Whether the model was asked again with the results of the message's tools. */
function isContinued({ finish }: AssistantMessage, parts: readonly Part[]): boolean {
  return finish === "tool-calls" || (finish === "stop" && parts.some(({ type }) => type === "tool"))
}

/** Whether the calls have recorded something, and say that the work is done. */
function areDone(records: readonly Part[]): boolean {
  const isRecorded = records.every((part) => part.type !== "tool" || part.state.status === "completed")
  return isRecorded && !hasOpenTodo(records)
}

function isWork(part: Part): boolean {
  return part.type === "tool" && !isRecord(part)
}

/**
 * Returns how the turn ended, or undefined while the messages do not say that it has. Only a
 * completed message with a proper finish and no error, and an answer (see `wordsOf`), is `ok`
 * (contract C17). When there is no answer, the result is not a success, and keeps what was written
 * before.
 */
export function verdictOf(answers: readonly Answer[]): TurnVerdict | undefined {
  const last = answers.at(-1)
  if (!last) return undefined
  const { answer: output, before } = wordsOf(answers)
  const { error, finish, time } = last.info
  if (error) return { ...failureOf(error, time.completed ?? time.created), output }
  if (time.completed === undefined || finish === undefined || finish === "tool-calls") return undefined
  if (finish === "length") {
    return { reason: "truncated", output, detail: "the answer was cut at the model's output limit" }
  }
  if (finish === "content-filter") {
    return { reason: "truncated", output, detail: "the answer was cut by the provider's content filter" }
  }
  if (finish === "error")
    return { reason: "error", output, detail: "the model's stream ended with an error", outage: { cause: "provider" } }
  if (finish === "unknown") {
    return output === ""
      ? { reason: "empty", output, detail: "the model's stream ended without an answer" }
      : { reason: "truncated", output, detail: "the model's stream ended in the middle of the answer" }
  }
  if (output === "") return { reason: "empty", output: before, detail: before === "" ? UNWRITTEN : UNANSWERED }
  return { reason: "ok", output }
}

const UNWRITTEN = "the model finished without writing anything"
const UNANSWERED = `${UNWRITTEN} after its last tool call: what it wrote before is kept, and is no answer`

/**
 * Returns the outcome of the first try of a stream that broke off and that OpenCode asks for again
 * and again (contract C18). The provider is to blame: a stream that it ended with an error, or that
 * was no stream, looks the same.
 */
export function verdictOfLoop(answers: readonly Answer[]): TurnVerdict | undefined {
  const first = answers.find(({ info }) => info.finish === "unknown")
  const verdict = first && verdictOf([first])
  return verdict && { ...verdict, outage: { cause: "provider" } }
}

/** Returns what it means that a session is idle whose messages say nothing conclusive. */
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

/**
 * Returns the tokens of all messages of a turn. Cached tokens count as read, reasoning as written
 * (contract C27).
 */
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
 * Whether the provider reported the usage of a message. It does so at the end of a stream, so that
 * of a torn one is unknown. A refused request cost nothing.
 */
export function isCounted({ finish, error }: AssistantMessage): boolean {
  return finish !== undefined || error?.name === "APIError" || error?.name === "ProviderAuthError"
}
