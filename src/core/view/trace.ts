import type { RunEvent } from "../model/events.ts"
import type { Tokens } from "../model/result.ts"
import { countOf } from "./numbers.ts"
import { type Moment, type MomentKind, momentsOf } from "./timeline.ts"

/**
 * A row of a step's history: what the journal records, mixed with what its sessions still contain.
 * Plain data.
 */

export interface TraceRow {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly kind: MomentKind | "message" | "tool"
  readonly tone: Moment["tone"]
  /** One line. */
  readonly title: string
  /** Further text, or empty when there is none. */
  readonly text: string
  /** The duration in milliseconds, or null when it has not ended or has no duration. */
  readonly tookMs: number | null
}

export interface Trace {
  /** Rows in chronological order. */
  readonly rows: readonly TraceRow[]
  /** Why the messages of a session are missing, one sentence each. */
  readonly missing: readonly string[]
}

/** The messages of a session for one task, or the reason why they are not available. */
export type SessionTranscript =
  | { readonly rows: readonly TraceRow[] }
  /** A sentence for a person. */
  | { readonly missing: string }

/**
 * The session of one try, and the task that identifies its messages among others in that session.
 */
export interface TranscriptLocation {
  readonly session: string
  readonly task: string
}

/** The limits of a trace's texts in characters. The trace travels to the TUI as one message. */
const TRACE_CHARS = 200_000
const ROW_CHARS = 20_000

/** Returns the sessions that contain the messages of a step's tries. */
export function transcriptLocations(run: string, events: readonly RunEvent[], step: string): TranscriptLocation[] {
  return events.flatMap((event) =>
    event.type === "step.opened" && event.step === step
      ? [{ session: event.session, task: `${run}/${step}/${event.attempt}` }]
      : [],
  )
}

/** Returns the history of a step. `transcripts` are the contents of its sessions. */
export function traceOf(events: readonly RunEvent[], step: string, transcripts: readonly SessionTranscript[]): Trace {
  const said = transcripts.flatMap((transcript) => ("rows" in transcript ? transcript.rows : []))
  const missing = [
    ...new Set(transcripts.flatMap((transcript) => ("missing" in transcript ? [transcript.missing] : []))),
  ]
  const moments = momentsOf(events).filter((one) => one.step === step || (one.step === null && isOfAll(one)))
  const isSaid = (text: string) => text !== "" && said.some((row) => row.text === text)
  // What the session's own messages show is not repeated.
  const told = moments.filter(
    ({ kind, text, title }) => kind !== "work" || !(isSaid(text) || (isAnswer(title) && said.length > 0)),
  )
  const asked = new Map(
    moments.flatMap(({ kind, title, text }) => (kind === "work" && isSaid(text) ? [[text, title]] : [])),
  )
  const rows = told.map(({ at, kind, tone, title, text }): TraceRow => ({ at, kind, tone, title, text, tookMs: null }))
  const words = said.map((row) => (row.kind === "message" ? { ...row, title: asked.get(row.text) ?? row.title } : row))
  const all = [...rows, ...words].map((row, index) => ({ row, index }))
  all.sort((a, b) => a.row.at - b.row.at || a.index - b.index)
  return { rows: capped(all.map(({ row }) => row)), missing }
}

function isAnswer(title: string): boolean {
  return title === "answered"
}

/** True when a moment of the run explains what happened to its steps. */
function isOfAll({ kind, tone }: Moment): boolean {
  return kind === "decision" || (kind === "run" && tone === "warn")
}

/**
 * Cuts the longest texts, and drops the texts of the oldest rows when the total is still too large.
 */
function capped(rows: readonly TraceRow[]): TraceRow[] {
  let room = TRACE_CHARS
  return rows
    .toReversed()
    .map((row) => {
      const text =
        row.text.length <= ROW_CHARS ? row.text : `${row.text.slice(0, ROW_CHARS)}\n… (cut; its session has all of it)`
      room -= text.length
      return { ...row, text: room >= 0 ? text : "… (left out; its session has it)" }
    })
    .toReversed()
}

/** The kinds of rows that a person can select. */
export type TraceFilter = "all" | "messages" | "tools" | "decisions" | "problems"
export const TRACE_FILTERS: readonly TraceFilter[] = ["all", "messages", "tools", "decisions", "problems"]

/** Returns the rows that pass the filter and contain the words, ignoring case. */
export function filteredRows(rows: readonly TraceRow[], filter: TraceFilter, words: string): TraceRow[] {
  const wanted = words.toLowerCase()
  return rows.filter(
    (row) =>
      isShown(row, filter) && (row.title.toLowerCase().includes(wanted) || row.text.toLowerCase().includes(wanted)),
  )
}

function isShown({ kind, tone }: TraceRow, filter: TraceFilter): boolean {
  switch (filter) {
    case "all":
      return true
    case "messages":
      return kind === "message"
    case "tools":
      return kind === "tool"
    case "decisions":
      return kind === "decision" || kind === "retry"
    case "problems":
      return tone === "bad" || tone === "warn" || kind === "retry"
  }
}

/** Formats tokens, for example `2,437 in, 36 out`. */
export function tokenWords({ input, output }: Tokens): string {
  return `${countOf(input)} in, ${countOf(output)} out`
}
