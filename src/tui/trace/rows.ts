import { formatDuration } from "../../core/base/duration.ts"
import { headOf } from "../../core/view/format.ts"
import { filteredRows, TRACE_FILTERS, type Trace, type TraceFilter, type TraceRow } from "../../core/view/trace.ts"
import type { TextDocument, TextSection } from "../dialogs/text-document.ts"
import type { Tone } from "../state/view-model.ts"

/** What happened to a step, row by row, as much of it as a person wants to see. */

export interface TraceWish {
  readonly filter: TraceFilter
  /** Words that a row must contain; empty: any. */
  readonly words: string
}

export const ALL: TraceWish = { filter: "all", words: "" }

const TONES: Record<TraceRow["tone"], Tone> = { plain: "text", good: "text", bad: "error", warn: "warning" }
const MARKS: Record<TraceRow["tone"], string> = { plain: "·", good: "✓", bad: "✗", warn: "!" }
/** Lines of a row's text while nothing is chosen: a filter or a search shows all of them. */
const HEAD_LINES = 5
/** Rows that are drawn at once, the newest: more take the terminal a second. */
const MOST_ROWS = 300

/** The filter after this one; after the last the first. */
export function nextFilter(filter: TraceFilter): TraceFilter {
  return TRACE_FILTERS[(TRACE_FILTERS.indexOf(filter) + 1) % TRACE_FILTERS.length] as TraceFilter
}

/** The document with what happened at its end; with a filter or a search nothing but that. */
export function withRows(document: TextDocument, trace: Trace | undefined, wish: TraceWish): TextDocument {
  if (trace === undefined) return document
  const rows = rowSections(trace, wish)
  const count = filteredRows(trace.rows, wish.filter, wish.words).length
  const missing = trace.missing.map((text): TextSection => ({ text, tone: "warning" }))
  const isAll = wish.filter === "all" && wish.words === ""
  const shown = count === trace.rows.length ? String(count) : `${count} of ${trace.rows.length}`
  const heading: TextSection = {
    text: "",
    heading: `What happened: ${nameOf(wish)} (${shown})`,
    tone: "muted",
    isRow: true,
  }
  const nothing: TextSection = { text: "Nothing of that sort.", tone: "muted", isRow: true }
  const sections = [...missing, { ...heading }, ...(rows.length === 0 ? [nothing] : rows)]
  if (isAll) return { ...document, sections: [...document.sections, BLANK, ...sections] }
  return { ...document, facts: [], sections }
}

const BLANK: TextSection = { text: " ", tone: "muted", isRow: true }

/** `tools, with "npm"` */
function nameOf({ filter, words }: TraceWish): string {
  const what = filter === "problems" ? "problems and retries" : filter === "all" ? "everything" : filter
  return words === "" ? what : `${what} with “${words}”`
}

function rowSections({ rows }: Trace, wish: TraceWish): TextSection[] {
  const start = rows[0]?.at ?? 0
  const isAll = wish.filter === "all" && wish.words === ""
  const found = filteredRows(rows, wish.filter, wish.words)
  const more = found.length - MOST_ROWS
  const left: TextSection[] =
    more > 0
      ? [{ text: `… the first ${more} are left out: filter or search to see them`, tone: "muted", isRow: true }]
      : []
  const shown = found.slice(-MOST_ROWS).map(({ at, title, text, tone, tookMs }): TextSection => {
    const took = tookMs === null ? "" : ` · ${formatDuration(tookMs)}`
    return {
      heading: `+${formatDuration(at - start).padEnd(7)} ${MARKS[tone]} ${title}${took}`,
      headingTone: TONES[tone],
      text: (isAll ? headOf(text, HEAD_LINES) : text.split("\n")).join("\n"),
      tone: "muted",
      isRow: true,
    }
  })
  return [...left, ...shown]
}
