import { formatDuration } from "../core/base/duration.ts"
import { typedAmounts } from "../core/documents/amount.ts"
import { verdictLines } from "../core/model/verdict.ts"
import { formatUsage } from "../core/view/format.ts"
import { CONTINUES, type GateView, openGates } from "../core/view/gate-view.ts"
import { type Branch, treeOf } from "../core/view/tree.ts"
import { doerOf, doneByWords, nameInGroup, type RunView, type StepView, stepWord } from "../core/view/view.ts"
import { type Colors, paint, stepMark } from "./style.ts"

/** Maximum lines of a step's output in the report. `baton trace STEP` shows all of them. */
const OUTPUT_LINES = 12

/**
 * The result of a run for a person: each step with its session, usage and output, then the total.
 */
export function formatReport(view: RunView, stream: { readonly isTTY?: boolean }): string {
  const colors = paint(stream)
  const took = view.endedAt === null ? "" : ` in ${formatDuration(view.endedAt - view.createdAt)}`
  const total = `${view.workflow} ${statusWord(view, colors)}${took} · ${formatUsage(view)} · run ${view.id}`
  return `${treeOf(view.steps)
    .map((branch) => stepBlock(branch, colors))
    .join("")}\n${total}\n${howToContinue(view)}`
}

/** Why a run waits or how to continue it, with the commands. Empty for a successful run. */
export function howToContinue(view: RunView): string {
  const { id, status, hold } = view
  if (status === "interrupted") return `Go on with: baton resume ${id}\n`
  if (status === "failed") return `Run the failed steps again: baton resume ${id}\n`
  if (status !== "paused") return ""
  const gates = openGates(view)
  if (gates.length > 0) return gates.map(gateText).join("")
  return `Paused: ${hold?.detail ?? "held"}\nGo on with: ${wayToContinue(view)}\n`
}

/** The command that continues a run which is held or interrupted, as a person can type it. */
export function wayToContinue({ id, hold, raise }: RunView): string {
  if (hold?.cause !== "budget") return `baton ${hold?.cause === "gate" ? "continue" : "resume"} ${id}`
  return `baton raise ${id} ${typedAmounts(raise, "options") || "--usd N"}  (what it may spend in all)`
}

function gateText({ run, step, title, why, details }: GateView): string {
  const ways = [
    ["baton continue", run, CONTINUES[why]],
    ...(why === "gate"
      ? []
      : [["baton retry", `${run} ${step} --message "…"`, "one more try; the message is optional"]]),
    ["baton skip", `${run} ${step}`, "the run does without it"],
    ["baton abort", run, "end the run"],
  ].map(([command, rest, meaning]) => [`${command} ${rest}`, meaning] as const)
  const width = Math.max(...ways.map(([line]) => line.length))
  const lines = ways.map(([line, meaning]) => `  ${line.padEnd(width)}  ${meaning}\n`)
  return `Waits for you: ${[title, ...details.map((line) => `  ${line}`)].join("\n")}\n${lines.join("")}`
}

function statusWord(view: RunView, colors: Colors): string {
  const cause = view.cause === "deadline" ? " (the run passed its deadline)" : ""
  if (view.status === "success") return colors.green("success")
  if (view.status === "failed") return colors.red(`failed${cause}`)
  return colors.yellow(view.status)
}

/**
 * Whether the usage of a step is worth a word: it has spent something, or it has ended and could
 * have. A person and a check spend nothing.
 */
export function hasUsage(step: StepView, { tokens }: Branch["spent"]): boolean {
  if (tokens.input + tokens.output > 0) return true
  return step.reason !== null && (doerOf(step) === "worker" || doerOf(step) === "parts")
}

function stepBlock({ step, level, spent }: Branch, colors: Colors): string {
  const doer = doerOf(step)
  const facts = [
    ...(step.reason !== null && step.reason !== "ok" ? [step.reason] : []),
    ...(step.attempts > 1 ? [`${step.attempts} tries`] : []),
    ...(doer === "worker" ? (step.model === null ? [] : [step.model]) : [doneByWords(step)]),
    ...(step.reason === null ? [stepWord(step)] : []),
    ...(hasUsage(step, spent) ? [formatUsage(spent)] : []),
    ...(step.session === null || doer !== "worker" ? [] : [`session ${step.session}`]),
  ]
  // The reason of a waiting step is shown at the end, with the possible commands.
  const detail = step.detail === null || step.gate !== null ? [] : [colors.yellow(step.detail)]
  const notes = step.warnings.map(({ text }) => colors.yellow(`! ${text}`))
  const verdict = step.verdict === null ? [] : verdictLines(step.verdict).map((line) => colors.dim(line))
  const body = [...detail, ...notes, ...verdict, ...outputOf(step, level > 0, colors)].map((line) => `  ${line}`)
  const head = `${stepMark(step.status, colors)} ${colors.bold(nameInGroup(step))}  ${colors.dim(facts.join(" · "))}`
  const block = [head, ...body].map((line) => `${"  ".repeat(level)}${line}`).join("\n")
  return `${level === 0 ? "\n" : ""}${block}\n`
}

/**
 * The first lines of the output. A successful part has none here, because the output of its group
 * contains it.
 */
function outputOf(step: StepView, isPart: boolean, colors: Colors): string[] {
  if (step.output === "" || (isPart && step.status === "success")) return []
  const output = step.output.split("\n")
  const more = output.length - OUTPUT_LINES
  const rest = more > 0 ? [colors.dim(`… ${more} more lines: baton trace ${step.id}`)] : []
  return [...output.slice(0, OUTPUT_LINES), ...rest]
}
