import type { RunEvent } from "../model/events.ts"
import type { Tokens } from "../model/result.ts"
import { countOf } from "./numbers.ts"
import { type Moment, type MomentKind, momentsOf } from "./timeline.ts"

/** One step in all it went through: what the journal tells, with what its session still holds in between. Plain data. */

export interface TraceRow {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly kind: MomentKind | "message" | "tool"
  readonly tone: Moment["tone"]
  /** One line. */
  readonly title: string
  /** What there is besides; empty: nothing. */
  readonly text: string
  /** How long it took; null: it has not ended, or takes no time. */
  readonly tookMs: number | null
}

export interface Trace {
  /** In the order it happened. */
  readonly rows: readonly TraceRow[]
  /** Why what was said in a session is not among them, a sentence each. */
  readonly missing: readonly string[]
}

/** What was said in a session for one task, or why that is not known. */
export type SessionTranscript =
  | { readonly rows: readonly TraceRow[] }
  /** A sentence for a person. */
  | { readonly missing: string }

/** One try's session, and the mark by which the messages of its task are told from others in it. */
export interface TranscriptLocation {
  readonly session: string
  readonly task: string
}

/** Texts of one trace, in characters: it travels to the TUI as one message. */
const TRACE_CHARS = 200_000
const ROW_CHARS = 20_000

/** Where the words of a step's tries are. */
export function transcriptLocations(run: string, events: readonly RunEvent[], step: string): TranscriptLocation[] {
  return events.flatMap((event) =>
    event.type === "step.opened" && event.step === step
      ? [{ session: event.session, task: `${run}/${step}/${event.attempt}` }]
      : [],
  )
}

/** All that happened to a step. `transcripts` is what its sessions hold. */
export function traceOf(events: readonly RunEvent[], step: string, transcripts: readonly SessionTranscript[]): Trace {
  const said = transcripts.flatMap((transcript) => ("rows" in transcript ? transcript.rows : []))
  const missing = [
    ...new Set(transcripts.flatMap((transcript) => ("missing" in transcript ? [transcript.missing] : []))),
  ]
  const moments = momentsOf(events).filter((one) => one.step === step || (one.step === null && isOfAll(one)))
  const isSaid = (text: string) => text !== "" && said.some((row) => row.text === text)
  // What the session tells in its own words is not told twice.
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

/** Whether a moment of the run explains what became of its steps. */
function isOfAll({ kind, tone }: Moment): boolean {
  return kind === "decision" || (kind === "run" && tone === "warn")
}

/** The rows with the longest texts cut, and the oldest ones' left out when all are too much. */
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

/** The rows that a person wants to see. */
export type TraceFilter = "all" | "messages" | "tools" | "decisions" | "problems"
export const TRACE_FILTERS: readonly TraceFilter[] = ["all", "messages", "tools", "decisions", "problems"]

/** Those of a trace that the filter lets through and that contain the words, in any case. */
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

/** `2,437 in, 36 out` */
export function tokenWords({ input, output }: Tokens): string {
  return `${countOf(input)} in, ${countOf(output)} out`
}
