import { DECIDED, type GateView } from "../../core/view/gate-view.ts"
import { formatCost, plural } from "../../core/view/numbers.ts"
import {
  doerOf,
  doneByWords,
  nameInGroup,
  type PendingRequestView,
  type RunView,
  type StepView,
  type WorkerView,
} from "../../core/view/view.ts"
import { clip, formatElapsed, formatTokens, widthOf, wrap } from "../state/text.ts"
import { stateNow, stateOf, stepIcon, stepTime, type Tone } from "../state/view-model.ts"
import { type Cell, fill, muted, space, textOf } from "./table.ts"

/**
 * Lines of the dashboard about the selected step: first what needs a person, then its facts, its
 * prompt and its output. Plain data, cut to the size of the pane.
 */

export interface DetailInput {
  readonly run: RunView
  readonly step: StepView
  /** The latest output of its worker. */
  readonly tail: string | null
  /** False until the prompt and the answer have been loaded. */
  readonly isLoaded: boolean
  readonly worker: WorkerView | undefined
  readonly ask: PendingRequestView | undefined
  readonly gate: GateView | undefined
  readonly now: number
  readonly width: number
  readonly height: number
  /** The key that answers a request or decides a gate. */
  readonly answerKey: string
}

/** Columns of the label in front of a line. */
const LABEL = 11
/** How many details of a request, failed checks and warnings are listed. The rest is counted. */
const DETAILS_SHOWN = 2
const CHECKS_SHOWN = 3
const WARNINGS_SHOWN = 3
const TONE_OF: Partial<Record<Tone, Tone>> = { muted: "text" }

/** Returns at most `height` lines, each exactly `width` columns wide. */
export function detailLines(input: DetailInput): Cell[][] {
  const { width, height } = input
  const said = [...needsYou(input), ...facts(input), ...checksAndWarnings(input)]
  // Facts leave room for at least three lines of prompt and output.
  const top = headOf(said, Math.max(2, height - 3), width).map((line) => fill(line, width))
  const free = height - top.length
  if (free <= 0) return top
  const room = width - LABEL
  const answer = answerOf(input)
  const asked = promptOf(input)
  const answerRows = answer === undefined ? 0 : Math.min(wrap(dense(answer.text), room, free).length, free)
  const promptRows = Math.min(
    wrap(dense(asked?.text ?? ""), room, free).length,
    Math.max(Math.floor(free / 3), free - answerRows, 1),
  )
  const prompt = asked === undefined ? [] : labelled(asked.label, head(asked.text, room, promptRows), asked.tone)
  const left = free - prompt.length
  if (answer === undefined || left <= 0) return [...top, ...prompt.map((line) => fill(line, width))]
  const cut = answer.isTail ? tail(answer.text, room, left) : head(answer.text, room, left)
  const lines = [...prompt, ...labelled(answer.label, cut, answer.tone)]
  return [...top, ...lines.map((line) => fill(line, width))]
}

/** What its worker or a person is asked. Only a step with a worker is always asked something. */
function promptOf({ step, isLoaded, gate }: DetailInput) {
  const doer = doerOf(step)
  // An open gate has its question above.
  if (doer === "person" && gate) return undefined
  if (step.prompt !== null)
    return { label: doer === "person" ? "Asked" : "Prompt", text: step.prompt, tone: "text" as const }
  return doer === "worker"
    ? { label: "Prompt", text: isLoaded ? "Not asked yet." : "…", tone: "muted" as const }
    : undefined
}

function answerOf({ step, tail, isLoaded }: DetailInput) {
  const live = tail?.trimEnd() ?? ""
  if (step.output.trim() !== "")
    return { label: "Answer", text: step.output.trim(), tone: "text" as const, isTail: false }
  if (live !== "") return { label: "Writes", text: live, tone: "text" as const, isTail: true }
  if (doerOf(step) !== "worker") return undefined
  if (step.status === "running") {
    return { label: "Writes", text: isLoaded ? "Nothing yet." : "…", tone: "muted" as const, isTail: false }
  }
  return step.attempts === 0 ? undefined : { label: "Answer", text: "Nothing.", tone: "muted" as const, isTail: false }
}

/**
 * The request or gate that waits for a person, with the key for it; otherwise the reason of the
 * step's state.
 */
function needsYou({ ask, gate, step, now, width, answerKey }: DetailInput): Cell[][] {
  const room = width - LABEL
  if (ask) {
    const way = `${answerKey} answers${ask.expiresAt === null ? "" : `, ${formatElapsed(ask.expiresAt - now)} left`}`
    const details = ask.details.filter((line) => !ask.title.includes(line))
    const more = details.length - DETAILS_SHOWN + (ask.more ?? 0)
    const shown = details.slice(0, DETAILS_SHOWN).map((line) => clip(line, room))
    const said = [...head(ask.title, room, 2), ...shown, ...(more > 0 ? [`… ${plural(more, "more line")}`] : []), way]
    return labelled("Needs you", said, "warning")
  }
  if (gate) {
    const left = formatElapsed(Math.max(0, gate.expiresAt - now))
    const way = `${answerKey} decides; else ${DECIDED[gate.otherwise]} in ${left}`
    // The checks, warnings and answer of the step follow in lines of their own.
    return labelled("Needs you", [...head(gate.title, room, 2), way], "warning")
  }
  return step.detail === null
    ? []
    : labelled("Why", head(step.detail, room, 3), step.status === "failed" ? "error" : "text")
}

function facts({ run, step, worker, now, width }: DetailInput): Cell[][] {
  const room = width - LABEL
  const icon = stepIcon(step.status)
  const seen = worker?.lastActivityAt
  const state = worker && worker.run !== null ? stateNow(worker, now) : undefined
  const { tokens, cost, knownUsd } = step
  const isSpent = tokens.input + tokens.output > 0
  const doing =
    state === undefined || state === "working" || state === "asking"
      ? []
      : [state === "tool" ? (worker?.tool ?? "tool") : state]
  const state_ = [
    stateOf(step),
    ...doing,
    stepTime(step, now),
    ...(seen == null ? [] : [`last sign ${formatElapsed(now - seen)} ago`]),
    ...(step.attempts > 1 ? [`${step.attempts} tries`] : []),
    ...(isSpent ? [formatTokens(tokens), formatCost(cost, knownUsd)] : []),
  ].filter((fact) => fact !== "")
  const lines = [
    labelled("State", wrap(`${icon.text} ${state_.join(" · ")}`, room, 2), TONE_OF[icon.tone] ?? icon.tone),
    labelled("Who", wrap(whoOf(step, worker), room, 2), "text"),
  ]
  const after = step.needs.map((id) => {
    const needed = run.steps.find((one) => one.id === id)
    return needed === undefined ? id : nameInGroup(needed)
  })
  if (after.length > 0) lines.push(labelled("After", [clip(after.join(", "), room)], "muted"))
  const files = [...(step.saved === null ? [] : [step.saved]), ...step.files]
  if (files.length > 0) lines.push(labelled("Files", [clip(files.join(", "), room)], "muted"))
  return lines.flat()
}

/** Example: `coder (agent) · anthropic/sonnet, asked for anthropic/opus`. */
function whoOf(step: StepView, worker: WorkerView | undefined): string {
  if (doerOf(step) !== "worker") return doneByWords(step)
  const model = step.reason === null ? (worker?.model ?? step.model ?? step.requestedModel) : step.model
  const isOther = step.requestedModel !== null && model !== null && step.requestedModel !== model
  const other = isOther ? `, asked for ${step.requestedModel}` : ""
  const mode = step.mode === "foreground" ? ", with you" : ""
  return `${step.profile} (${step.kind}${mode}) · ${model === null ? "no model yet" : model}${other}`
}

function checksAndWarnings({ step, width }: DetailInput): Cell[][] {
  const room = width - LABEL
  const red = step.checks.filter((check) => !check.isOk)
  const green = step.checks.length - red.length
  const lines = red.slice(0, CHECKS_SHOWN).flatMap((check) => {
    const isWarning = check.severity === "warning"
    const title = clip(`${isWarning ? "!" : "✗"} ${check.name}: ${check.detail}`, room)
    const output = check.output.trim().split("\n").slice(-2)
    const said = check.output.trim() === "" ? [] : output.map((line) => clip(`  ${line}`, room))
    return labelled("Check", [title, ...said], isWarning ? "warning" : "error")
  })
  if (red.length > CHECKS_SHOWN)
    lines.push(...labelled("", [`… ${plural(red.length - CHECKS_SHOWN, "more failed check")}`], "muted"))
  if (green > 0) lines.push(...labelled("Checks", [`✓ ${green} of ${step.checks.length} passed`], "success"))
  const warnings = step.warnings
    .slice(0, WARNINGS_SHOWN)
    .flatMap(({ text }) => labelled("Warning", [clip(`! ${text}`, room)], "warning"))
  const more = step.warnings.length - WARNINGS_SHOWN
  return [...lines, ...warnings, ...(more > 0 ? labelled("", [`… ${plural(more, "more warning")}`], "muted") : [])]
}

/** The first `rows` lines. When lines are left out, the last one ends in an ellipsis. */
function headOf(lines: readonly Cell[][], rows: number, width: number): Cell[][] {
  const last = lines[rows - 1]
  if (lines.length <= rows || last === undefined) return [...lines]
  const before = last.slice(0, -1)
  const end = last.slice(-1).map((part) => ({ ...part, text: clip(`${part.text} …`, width - widthOf(textOf(before))) }))
  return [...lines.slice(0, rows - 1), [...before, ...end]]
}

/** The first `rows` rows of a text. When rows are left out, the last one ends in an ellipsis. */
function head(text: string, width: number, rows: number): string[] {
  const lines = wrap(dense(text), width, rows + 1)
  if (lines.length <= rows) return lines
  return [...lines.slice(0, rows - 1), clip(`${lines[rows - 1]} …`, width)]
}

/** The last `rows` rows of a text. */
function tail(text: string, width: number, rows: number): string[] {
  return wrap(dense(text), width).slice(-rows)
}

/** Drops empty lines, because the pane is small. */
function dense(text: string): string {
  return text.replace(/\n\s*\n/g, "\n")
}

/** Puts the label before the first line and indents the others. */
function labelled(label: string, lines: readonly string[], tone: Tone): Cell[][] {
  return lines.map((text, at) => [
    at === 0 ? muted(label.padEnd(LABEL)) : space(LABEL),
    { text: text.replace(/\t/g, "  "), tone },
  ])
}
