import type { AssistantMessage, Part, ToolPart, UserMessage } from "@opencode-ai/sdk/v2"
import { formatCost } from "../core/view/numbers.ts"
import { type SessionTranscript, type TraceRow, type TranscriptLocation, tokenWords } from "../core/view/trace.ts"
import { type Entry, markIn, taskFrom } from "./entries.ts"
import { callHost, describe, type Host, HostError } from "./host.ts"
import { readError } from "./provider-error.ts"

/**
 * What was said in a worker's session for one task: every message, and every tool call with its
 * outcome.
 */

/**
 * Reads the transcript from the server. A missing session or a server that does not answer is
 * reported in the result, not thrown.
 */
export async function readTranscript(
  { client }: Host,
  { session, task }: TranscriptLocation,
): Promise<SessionTranscript> {
  try {
    const read = (o: { signal: AbortSignal }) => client.session.messages({ sessionID: session }, o)
    return { rows: transcriptRows(await callHost("read the session's messages", read), task) }
  } catch (error) {
    if (error instanceof HostError && error.status === 404) {
      return { missing: `The session ${session} is gone: what was said in it is not in the journal.` }
    }
    return { missing: `The session ${session} could not be read: ${describe(error)}` }
  }
}

/**
 * Returns the rows of a task among a session's messages. A session without our marks is shown as a
 * whole.
 */
export function transcriptRows(entries: readonly Entry[], task: string): TraceRow[] {
  const start = entries.findIndex((entry) => markIn(entry) === task)
  const own = start < 0 ? entries : taskFrom(entries, start)
  return own.flatMap(({ info, parts }) => (info.role === "user" ? toldRows(info, parts) : answerRows(info, parts)))
}

function toldRows(info: UserMessage, parts: readonly Part[]): TraceRow[] {
  const texts = parts.flatMap((part) => (part.type === "text" && !part.ignored ? [part] : []))
  const text = texts
    .map((part) => part.text)
    .join("\n")
    .trim()
  if (text === "") return []
  const isOurs = markIn({ parts }) !== undefined
  const isContext = texts.every((part) => part.synthetic)
  const title = isContext ? "told beforehand" : isOurs ? "asked" : "said in its session"
  return [{ at: info.time.created, kind: "message", tone: "plain", title, text, tookMs: null }]
}

function answerRows(info: AssistantMessage, parts: readonly Part[]): TraceRow[] {
  const text = parts
    .flatMap((part) => (part.type === "text" && !part.ignored ? [part.text] : []))
    .join("\n")
    .trim()
  const { created, completed } = info.time
  const tookMs = completed === undefined ? null : completed - created
  const { input, output, reasoning, cache } = info.tokens
  const tokens = tokenWords({ input: input + cache.read + cache.write, output: output + reasoning })
  const calls = parts.filter((part) => part.type === "tool")
  const what = info.error ? "failed" : text !== "" ? "answered" : calls.length > 0 ? "called" : "wrote nothing"
  const names = calls.length > 0 ? ` ${[...new Set(calls.map(({ tool }) => tool))].join(", ")}` : ""
  const cost = info.cost > 0 ? ` · ${formatCost(info.cost)}` : ""
  const title = `${info.providerID}/${info.modelID} ${what}${what === "called" ? names : ""} · ${tokens}${cost}`
  const thoughts = parts.flatMap((part) =>
    part.type === "reasoning" && part.text.trim() !== "" ? [thoughtRow(part.time.start, part.text)] : [],
  )
  const message: TraceRow = {
    at: created,
    kind: "message",
    tone: info.error ? "bad" : "plain",
    title,
    text: info.error ? [text, errorText(info.error)].filter(Boolean).join("\n") : text,
    tookMs,
  }
  return [message, ...thoughts, ...calls.map((part) => toolRow(part, created))]
}

/** Returns the provider's own sentence, without the JSON around it. */
function errorText(error: NonNullable<AssistantMessage["error"]>): string {
  const message = describe(error)
  return readError({ message }).message || message
}

function thoughtRow(at: number, text: string): TraceRow {
  return { at, kind: "message", tone: "plain", title: "thought", text: text.trim(), tookMs: null }
}

function toolRow({ tool, state }: ToolPart, askedAt: number): TraceRow {
  const what = [...(state.status === "completed" ? [state.title] : []), ...Object.values(state.input)]
  const first = what.find((value) => typeof value === "string" && value !== "")
  const about = typeof first === "string" ? `: ${first.split("\n", 1)[0]}` : ""
  const base = { kind: "tool" as const, title: `${tool}${about}` }
  if (state.status === "pending") return { ...base, at: askedAt, tone: "plain", text: "", tookMs: null }
  const at = state.time.start
  if (state.status === "running")
    return { ...base, at, tone: "plain", text: "", tookMs: null, title: `${base.title} (runs)` }
  const tookMs = state.time.end - at
  if (state.status === "error") return { ...base, at, tone: "bad", text: state.error, tookMs }
  const { diff, exit } = state.metadata
  const isBad = typeof exit === "number" && exit !== 0
  const ended = isBad ? ` (exit code ${exit})` : ""
  const text = typeof diff === "string" && diff !== "" ? diff : state.output
  return { ...base, at, tone: isBad ? "bad" : "good", title: `${base.title}${ended}`, text: text.trim(), tookMs }
}
