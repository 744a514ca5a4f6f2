import { formatDuration } from "../base/duration.ts"
import type { CheckResult } from "../model/result.ts"
import { verdictLines } from "../model/verdict.ts"
import { DECIDED, type GateView, gateTitle, openGates, wayOn } from "./gate-view.ts"
import type { Need } from "./needs.ts"
import { formatCost } from "./numbers.ts"
import type { WorkflowItem } from "./protocol.ts"
import type { Trace, TraceRow } from "./trace.ts"
import { treeOf } from "./tree.ts"
import {
  type Delegated,
  doerOf,
  doneByWords,
  type PendingRequestView,
  type RunView,
  type StepView,
  stepWord,
  type WorkerView,
} from "./view.ts"

/** Formats what the TUI half draws as plain text, for clients and terminals that have only text. */

export function formatWorkflows(workflows: readonly WorkflowItem[]): string {
  const lines = workflows.map(({ name, description, inputs, broken, isBuiltIn }) => {
    if (broken !== undefined) return `${name}: cannot be run\n  ${broken.replaceAll("\n", "\n  ")}`
    const wants = inputs.map((input) => (input.required ? `${input.name}=…` : `[${input.name}=…]`)).join(" ")
    const origin = isBuiltIn ? "  (built in)" : ""
    return `${name}${wants === "" ? "" : ` ${wants}`}${origin}${description === "" ? "" : `\n  ${description}`}`
  })
  return lines.join("\n")
}

export function formatRun(run: RunView): string {
  const steps = treeOf(run.steps).flatMap(({ step, level }) => {
    const why = step.reason !== null && step.reason !== "ok" && step.gate === null ? ` (${step.reason})` : ""
    const detail = step.detail === null ? "" : ` — ${step.detail}`
    const tries = step.attempts > 1 ? ` · ${step.attempts} tries` : ""
    const voices = step.verdict === null ? "" : ` · ${step.verdict.answered}/${step.verdict.asked} answered`
    const indent = "  ".repeat(level)
    const warnings = step.warnings.map(({ text }) => `${" ".repeat(10)}warning: ${text}`)
    return [`${stepWord(step).padEnd(9)} ${indent}${step.id}${why}${detail}${tries}${voices}`, ...warnings]
  })
  return [`${run.workflow} · ${run.status} · run ${run.id}`, ...waysOut(run), ...steps, formatUsage(run)].join("\n")
}

/** Says why a run waits, and what to type. */
function waysOut(run: RunView): string[] {
  if (run.hold === null || run.endedAt !== null) return []
  const gates = openGates(run)
  if (gates.length > 0) {
    return gates.flatMap(({ title, step, why }) => [
      title,
      `  /workflow continue ${step}${why === "gate" ? " [answer]" : ` · /workflow retry ${step} [message]`} · /workflow skip ${step} · /workflow abort ${run.id}`,
    ])
  }
  return [`${run.hold.detail}; go on with /workflow ${wayOn(run.hold)} ${run.id}`]
}

export function formatUsage({ tokens, cost, knownUsd }: Pick<RunView, "tokens" | "cost" | "knownUsd">): string {
  return `${tokens.input} tokens in, ${tokens.output} out, ${formatCost(cost, knownUsd)}`
}

export function formatTrace(run: string, step: StepView, trace?: Trace): string {
  const lines = [
    `${step.id} · ${stepWord(step)}${step.reason && step.reason !== "ok" ? ` (${step.reason})` : ""} · run ${run}`,
    ...(step.detail === null || step.gate !== null ? [] : [step.detail]),
    ...(step.gate === null ? [] : [`waits for a person: ${gateTitle(step.id, step.gate)}`]),
    ...whoLines(step),
    ...usageLines(step),
    ...(step.delegated === null ? [] : [`and delegated: ${formatDelegated(step.delegated)}`]),
    ...(step.startedAt !== null && step.endedAt !== null
      ? [`took ${formatDuration(step.endedAt - step.startedAt)}`]
      : []),
    ...(step.files.length === 0 ? [] : [`wrote ${step.files.join(", ")}`]),
    ...(step.saved === null ? [] : [`its answer is in ${step.saved}`]),
    ...step.warnings.map(({ text }) => `warning: ${text}`),
  ]
  if (step.verdict !== null) lines.push("", "── verdict", ...verdictLines(step.verdict))
  if (step.checks.length > 0) lines.push("", "── checks", ...step.checks.map(formatCheck))
  if (step.context !== null) lines.push("", "── context from the session it was started from", step.context)
  if (step.prompt !== null) lines.push("", doerOf(step) === "person" ? "── asked" : "── prompt", step.prompt)
  if (step.output !== "") lines.push("", doerOf(step) === "person" ? "── answer" : "── output", step.output)
  if (trace) lines.push("", "── what happened", ...trace.missing, ...trace.rows.flatMap((row) => rowLines(row, trace)))
  return lines.join("\n")
}

/** What the step has spent, so far while it runs. A person and a check spend nothing. */
function usageLines(step: StepView): string[] {
  if (step.tokens.input + step.tokens.output > 0)
    return [`${formatUsage(step)}${step.endedAt === null ? " so far" : ""}`]
  if (doerOf(step) !== "worker") return []
  return [step.reason === null ? "tokens and cost not known yet" : formatUsage(step)]
}

const TRACE_MARKS = { plain: " ", good: "✓", bad: "✗", warn: "!" } as const
/** The default number of lines of a row's text. */
const ROW_LINES = 8

/** Formats a row of a trace: time, title and duration, then the beginning of its text. */
export function rowLines({ at, title, text, tone, tookMs }: TraceRow, { rows }: Pick<Trace, "rows">): string[] {
  const since = formatDuration(at - (rows[0]?.at ?? at))
  const took = tookMs === null ? "" : ` · ${formatDuration(tookMs)}`
  return [
    `+${since.padEnd(7)} ${TRACE_MARKS[tone]} ${title}${took}`,
    ...headOf(text, ROW_LINES).map((line) => `    ${line}`),
  ]
}

/** Returns the first lines of a text and the number of further lines. */
export function headOf(text: string, most: number): string[] {
  const lines = text === "" ? [] : text.trimEnd().split("\n")
  if (lines.length <= most + 1) return lines
  return [...lines.slice(0, most), `… ${lines.length - most} more lines`]
}

/** Says who performed a step, and where. A step without a worker shows only its type. */
function whoLines(step: StepView): string[] {
  if (doerOf(step) !== "worker") {
    return [`${doneByWords(step)}${step.attempts > 1 ? `, attempt ${step.attempts}` : ""}`]
  }
  return [
    `profile ${step.profile} (${step.kind}), attempt ${step.attempts}`,
    `model ${step.model ?? "unknown"}${isSubstitute(step) ? ` (asked for ${step.requestedModel})` : ""}`,
    `session ${step.session ?? "none yet"}`,
  ]
}

/** Formats a check with its result. A failed check also shows the end of its output. */
export function formatCheck({ name, isOk, severity, detail, output }: CheckResult): string {
  const mark = isOk ? "✓" : severity === "warning" ? "!" : "✗"
  const tail = isOk || output.trim() === "" ? "" : `\n${output.trimEnd().replace(/^/gm, "    ")}`
  return `${mark} ${name}: ${detail}${tail}`
}

/**
 * Formats the usage of the workers that a step's worker started, which is added to the step's own.
 */
function formatDelegated(delegated: Delegated): string {
  const count = delegated.runs.length
  return `${count} ${count === 1 ? "task" : "tasks"} to other workers: ${formatUsage(delegated)}`
}

function isSubstitute(step: StepView): boolean {
  return step.requestedModel !== null && step.model !== step.requestedModel
}

/**
 * Formats one line per worker: what a terminal or a client without dialogs shows for `/workers`.
 * Times are milliseconds since 1970.
 */
export function formatWorkers(workers: readonly WorkerView[], now: number): string {
  return workers
    .map((worker) => {
      const facts = [
        worker.state + (worker.tool === null ? "" : ` ${worker.tool}`),
        `${worker.kind} ${worker.profile}`,
        ...(worker.mode === "foreground" ? ["foreground"] : []),
        ...(worker.model === null ? [] : [worker.model]),
        ...(worker.workflow === null ? [] : [`step ${worker.step} of ${worker.workflow}`]),
        ...(worker.startedAt === null ? [] : [formatDuration(Math.max(0, now - worker.startedAt))]),
        ...(worker.session === null ? [] : [worker.session]),
      ]
      return `${worker.name} · ${facts.join(" · ")}`
    })
    .join("\n")
}

/** Formats everything that needs a person, with the commands that answer, decide or continue it. */
export function formatNeeds(needs: readonly Need[], now: number): string {
  return needs.map((need) => formatNeed(need, now)).join("\n\n")
}

function formatNeed(need: Need, now: number): string {
  const { run, who, text, workflow } = need
  const where = workflow === null || workflow === who ? "" : ` (${workflow})`
  const way = (...lines: string[]) => [`${who}${where}: ${text}`, ...lines.map((line) => `  ${line}`)].join("\n")
  switch (need.type) {
    case "gate":
      return formatGate(need.gate, now)
    case "request":
      return formatRequest(need.request, now)
    case "turn":
      return way("/handback [text]")
    case "hold":
      return way(`/workflow ${wayOn(need.hold)} ${run}`, `/workflow abort ${run}`)
    case "trust":
      return way("/workflow trust")
    case "interrupted":
      return way(`/workflow resume ${run}`, `/workflow abort ${run}`)
  }
}

function formatGate(gate: GateView, now: number): string {
  const at = `${gate.run}/${gate.step}`
  const left = formatDuration(Math.max(0, gate.expiresAt - now))
  const ways = gate.why === "gate" ? [`continue ${at} [answer]`] : [`continue ${at}`, `retry ${at} [message]`]
  const lines = [...ways, `skip ${at}`, `abort ${gate.run}`].map((way) => `  /workflow ${way}`)
  const about = gate.details.map((line) => `  ${line}`)
  const last = `  in ${left} it is ${DECIDED[gate.otherwise]} by itself`
  return [`${gate.title} (${gate.workflow})`, ...about, ...lines, last].join("\n")
}

function formatRequest(ask: PendingRequestView, now: number): string {
  const where = ask.workflow === null ? "" : ` (${ask.workflow})`
  const choices = ask.questions.flatMap((question) => [
    `  ${question.text}`,
    ...question.options.map((option) => `    - ${option.label}`),
  ])
  const answer = ask.kind === "permission" ? `/inbox allow|always|deny ${ask.id}` : `/inbox answer ${ask.id} TEXT`
  const more = ask.more === undefined ? [] : [`  … ${ask.more} more lines`]
  const lines = [...ask.details.map((line) => `  ${line}`), ...more, ...choices, `  ${answer}`]
  const waits = formatDuration(Math.max(0, now - ask.askedAt))
  return [`${ask.worker}${where} waits ${waits}: ${ask.title}`, ...lines].join("\n")
}
