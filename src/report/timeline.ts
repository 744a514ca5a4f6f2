import { formatDuration } from "../core/base/duration.ts"
import { plural } from "../core/view/numbers.ts"
import type { Try } from "../core/view/timeline.ts"
import { nameInGroup } from "../core/view/view.ts"
import type { Report, StepReport } from "./data.ts"
import { type Html, html } from "./html.ts"
import { sinceOf } from "./words.ts"

/**
 * The times at which each step was running, as bars along the duration of the run. Positions are
 * percentages, so the drawing fits any width.
 */

const TICKS = 4
/** Minimum width of a bar in percent, so that very short steps are visible. */
const LEAST = 0.4

interface Span {
  readonly start: number
  readonly end: number
}

export function timelineOf(report: Report): Html {
  const rows = report.steps.filter(({ tries }) => tries.length > 0)
  if (rows.length === 0) return html`<p>No step has begun.</p>`
  const span = spanOf(report)
  const length = span.end - span.start
  const ticks = Array.from({ length: TICKS + 1 }, (_, at) => formatDuration((length * at) / TICKS))
  return html`<div class="timeline">
<div class="lane axis" aria-hidden="true"><span></span><span class="ticks">${ticks.map((tick) => html`<span>${tick}</span>`)}</span><span></span></div>
${rows.map((row) => lane(row, span))}</div>
<p class="legend"><span><i class="key try"></i> running</span> <span><i class="key bad"></i> a try that failed</span> <span><i class="key wait"></i> waiting for a person or a provider</span></p>`
}

/** From the start of the run to its end, or to the last known time. */
function spanOf({ run, moments, steps, madeAt }: Report): Span {
  const last = Math.max(run.createdAt, ...moments.map(({ at }) => at), ...(run.status === "running" ? [madeAt] : []))
  const tried = steps.flatMap(({ tries }) => tries.flatMap(({ endedAt }) => endedAt ?? []))
  return { start: run.createdAt, end: Math.max(run.createdAt + 1, run.endedAt ?? last, ...tried) }
}

function lane({ step, tries, level }: StepReport, span: Span): Html {
  const first = tries[0] as Try
  const last = tries.at(-1) as Try
  const took = last.endedAt === null ? "" : formatDuration(last.endedAt - first.startedAt)
  const said = [
    `begins ${sinceOf(first.startedAt, span.start)}`,
    last.endedAt === null ? "has not ended" : `takes ${took}`,
    ...(tries.length > 1 ? [plural(tries.length, "try").replace("trys", "tries")] : []),
  ].join(", ")
  return html`<div class="lane"><span class="who level${Math.min(level, 3)}">${nameInGroup(step)}<span class="hidden">: ${said}</span></span><svg class="bars" aria-hidden="true" width="100%" height="16">${tries.map((one) => bars(one, span))}</svg><span class="took" aria-hidden="true">${took}</span></div>
`
}

function bars(one: Try, span: Span): Html {
  const isBad = one.result !== null && one.result.reason !== "ok"
  const end = one.endedAt ?? span.end
  const title = `try ${one.attempt}: ${sinceOf(one.startedAt, span.start)} to ${sinceOf(end, span.start)}`
  const waits = one.waits.map(({ from, to }) => bar("wait", { start: from, end: to ?? span.end }, span, "waits"))
  return html`${bar(isBad ? "bad" : "try", { start: one.startedAt, end }, span, title)}${waits}`
}

function bar(kind: string, { start, end }: Span, span: Span, title: string): Html {
  const share = (at: number) =>
    ((Math.min(Math.max(at, span.start), span.end) - span.start) / (span.end - span.start)) * 100
  const width = Math.max(LEAST, share(end) - share(start))
  const x = Math.min(100 - LEAST, share(start))
  return html`<rect class="${kind}" x="${x.toFixed(2)}%" y="2" width="${Math.min(width, 100 - x).toFixed(2)}%" height="12" rx="3"><title>${title}</title></rect>`
}
