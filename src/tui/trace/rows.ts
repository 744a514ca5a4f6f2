import { formatDuration } from "../../core/base/duration.ts"
import { headOf } from "../../core/view/format.ts"
import { filteredRows, TRACE_FILTERS, type Trace, type TraceFilter, type TraceRow } from "../../core/view/trace.ts"
import type { TextDocument, TextSection } from "../dialogs/text-document.ts"
import type { Tone } from "../state/view-model.ts"

/** The trace of a step as rows, filtered and searched as the person asked. */

export interface TraceSelection {
  readonly filter: TraceFilter
  /** Text that a row must contain; empty matches all rows. */
  readonly words: string
}

export const ALL: TraceSelection = { filter: "all", words: "" }

const TONES: Record<TraceRow["tone"], Tone> = { plain: "text", good: "text", bad: "error", warn: "warning" }
const MARKS: Record<TraceRow["tone"], string> = { plain: "·", good: "✓", bad: "✗", warn: "!" }
/** Lines of a row's text without a filter or a search. With one, all lines are shown. */
const HEAD_LINES = 5
/** Only the newest rows are drawn, because more than this takes the terminal a second. */
const MOST_ROWS = 300

/** The filter after this one, starting again after the last. */
export function nextFilter(filter: TraceFilter): TraceFilter {
  return TRACE_FILTERS[(TRACE_FILTERS.indexOf(filter) + 1) % TRACE_FILTERS.length] as TraceFilter
}

/**
 * Appends the trace rows to the document. With a filter or a search, the document consists only of
 * the rows.
 */
export function withRows(document: TextDocument, trace: Trace | undefined, selection: TraceSelection): TextDocument {
  if (trace === undefined) return document
  const rows = rowSections(trace, selection)
  const count = filteredRows(trace.rows, selection.filter, selection.words).length
  const missing = trace.missing.map((text): TextSection => ({ text, tone: "warning" }))
  const isAll = selection.filter === "all" && selection.words === ""
  const shown = count === trace.rows.length ? String(count) : `${count} of ${trace.rows.length}`
  const heading: TextSection = {
    text: "",
    heading: `What happened: ${nameOf(selection)} (${shown})`,
    tone: "muted",
    isRow: true,
  }
  const nothing: TextSection = { text: "No matching rows.", tone: "muted", isRow: true }
  const sections = [...missing, { ...heading }, ...(rows.length === 0 ? [nothing] : rows)]
  if (isAll) return { ...document, sections: [...document.sections, BLANK, ...sections] }
  return { ...document, facts: [], sections }
}

const BLANK: TextSection = { text: " ", tone: "muted", isRow: true }

/** Example: `tools with “npm”`. */
function nameOf({ filter, words }: TraceSelection): string {
  const what = filter === "problems" ? "problems and retries" : filter === "all" ? "everything" : filter
  return words === "" ? what : `${what} with “${words}”`
}

function rowSections({ rows }: Trace, selection: TraceSelection): TextSection[] {
  const start = rows[0]?.at ?? 0
  const isAll = selection.filter === "all" && selection.words === ""
  const found = filteredRows(rows, selection.filter, selection.words)
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
