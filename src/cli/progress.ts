import { formatDuration } from "../core/base/duration.ts"
import { oneLine } from "../core/base/printable.ts"
import type { RunEvent } from "../core/model/events.ts"
import { describeReply, isUnanswered } from "../core/model/request-text.ts"
import { failedChecks } from "../core/model/result.ts"
import { type Run, stepOf } from "../core/model/run.ts"
import { formatUsage } from "../core/view/format.ts"
import { DECIDED, gateTitle } from "../core/view/gate-view.ts"
import { type Branch, treeOf } from "../core/view/tree.ts"
import { viewRun } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { Region } from "./region.ts"
import { hasUsage } from "./report.ts"
import { type Colors, paint, stepMark } from "./style.ts"
import { control, stderr } from "./terminal.ts"
import { treeLines } from "./tree.ts"

/** Minimum interval between two drawings, and the interval at which the times advance. */
const DRAW_MS = 100
const TICK_MS = 1_000

/** Moves to the beginning of the line and clears it. */
const CLEAR_LINE = `${control("G")}${control("2K")}`

/**
 * Shows progress on stderr. When piped, it writes a line for each start and end of a step. On a
 * terminal, it redraws the run as a tree and writes other messages above it. Returns the function
 * that stops it.
 */
export function createProgress(engine: Engine): () => void {
  return stderr.isTTY ? drawTree(engine) : writeLines(engine)
}

function writeLines(engine: Engine): () => void {
  const colors = paint(stderr)
  return engine.subscribe((run, events) => {
    for (const event of events) for (const line of linesOf(run, event, colors)) stderr.write(`${line}\n`)
  })
}

function drawTree(engine: Engine): () => void {
  const colors = paint(stderr)
  const region = new Region(stderr)
  let live: Run | undefined
  let waiting: NodeJS.Timeout | undefined
  const draw = () => {
    clearTimeout(waiting)
    waiting = undefined
    if (live) region.draw(treeLines(viewRun(live, true), Date.now(), region.size, colors))
  }
  const ticker = setInterval(() => live?.status === "running" && draw(), TICK_MS)
  ticker.unref()
  clearLine()
  const unsubscribe = engine.subscribe((run, events) => {
    if (live !== undefined && live.id !== run.id) return
    live = run
    region.say(events.flatMap((event) => (isInTree(event) ? [] : linesOf(run, event, colors))))
    waiting ??= setTimeout(draw, DRAW_MS)
  })
  return () => {
    clearInterval(ticker)
    clearTimeout(waiting)
    unsubscribe()
    region.clear()
  }
}

/** Whether the tree already shows what this event says. */
function isInTree(event: RunEvent): boolean {
  if (event.type === "step.ended") return event.retryAt === undefined
  return ["step.opened", "step.skipped", "step.held", "gate.opened"].includes(event.type)
}

/** Writes a last line that the next one replaces. Does nothing without a terminal. */
export function showLine(text: string): void {
  if (!stderr.isTTY) return
  const line = oneLine(text, (stderr.columns ?? 80) - 1)
  stderr.write(`${CLEAR_LINE}${paint(stderr).dim(line)}`)
}

/** Clears the last line. */
export function clearLine(): void {
  if (stderr.isTTY) stderr.write(CLEAR_LINE)
}

function linesOf(run: Run, event: RunEvent, colors: Colors): string[] {
  const tree = "step" in event ? treeOf(viewRun(run, true).steps) : []
  const branch = "step" in event ? tree.find(({ step }) => step.id === event.step) : undefined
  const step = branch?.step
  if (event.type === "step.opened" && step) {
    return [
      `${stepMark("running", colors)} ${step.id}  ${colors.dim(`${step.profile} · ${step.model ?? "OpenCode's default model"}`)}`,
    ]
  }
  if (event.type === "step.ended" && event.retryAt !== undefined) return retryLine(event, event.retryAt, colors)
  if (event.type === "step.ended" && branch) return [endedLine(branch, colors)]
  if (event.type === "run.created") return [colors.dim(`run ${run.id} · session ${run.parent}`)]
  if (event.type === "step.held" && step) {
    return [`${stepMark("waiting", colors)} ${step.id}  ${colors.yellow(event.hold.detail)}`]
  }
  if (event.type === "step.warned") return [colors.yellow(`! ${event.step}  ${event.warning.text}`)]
  if (event.type === "step.replied" && !isUnanswered(event)) {
    const asked = stepOf(run, event.step)?.requests?.find(({ id }) => id === event.id)
    return [colors.dim(`${event.step}  ${describeReply(event, asked)}`)]
  }
  if (event.type === "step.checked") {
    const red = failedChecks(event.checks)
    return red.map(({ name, detail }) => `${stepMark("failed", colors)} ${event.step}  ${name}: ${detail}`)
  }
  if (event.type === "step.skipped")
    return [`${stepMark("skipped", colors)} ${event.step}  ${colors.dim(event.detail)}`]
  if (event.type === "gate.opened") {
    return [
      `${stepMark("waiting", colors)} ${colors.yellow(gateTitle(event.step, event))} ${colors.dim("(waits for you)")}`,
    ]
  }
  if (event.type === "gate.decided") return [colors.dim(`${event.step}  ${DECIDED[event.action]} by ${event.by}`)]
  if (event.type === "run.pausing") return [colors.yellow(`pausing: ${event.hold.detail}`)]
  if (event.type === "run.resumed") return [colors.dim(`run ${run.id} resumed; finished steps are kept`)]
  return []
}

/**
 * A failed try and the delay before the next one. Empty when a person decided about the retry,
 * which then starts at once.
 */
function retryLine(
  { step, result, at }: Extract<RunEvent, { type: "step.ended" }>,
  retryAt: number,
  colors: Colors,
): string[] {
  if (retryAt <= at) return []
  const why = `${colors.red(result.reason)}${result.detail ? `: ${result.detail}` : ""}`
  return [
    `${stepMark("failed", colors)} ${step}  ${why}${colors.dim(` · tried again in ${formatDuration(retryAt - at)}`)}`,
  ]
}

function endedLine({ step, spent }: Branch, colors: Colors): string {
  const took = step.startedAt !== null && step.endedAt !== null ? formatDuration(step.endedAt - step.startedAt) : ""
  const price = hasUsage(step, spent) ? [formatUsage(spent)] : []
  const why = step.reason === "ok" ? "" : `  ${colors.red(step.reason ?? "")}${step.detail ? `: ${step.detail}` : ""}`
  return `${stepMark(step.status, colors)} ${step.id}  ${colors.dim([took, ...price].join(" · "))}${why}`
}
