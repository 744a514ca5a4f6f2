import { formatDuration } from "../core/duration.ts"
import { formatSpent } from "../core/format.ts"
import type { RunView, StepView } from "../core/view.ts"
import { type Colors, paint, stepMark } from "./style.ts"

/** Lines of a step's output in the report; `baton trace STEP` has the rest. */
const OUTPUT_LINES = 12

/** What a run produced, for a person: each step with its session, spending and output, then the sum. */
export function formatReport(view: RunView, stream: { readonly isTTY?: boolean }): string {
  const colors = paint(stream)
  const took = view.endedAt === null ? "" : ` in ${formatDuration(view.endedAt - view.createdAt)}`
  const total = `${view.workflow} ${statusWord(view, colors)}${took} · ${formatSpent(view)} · run ${view.id}`
  return `${view.steps.map((step) => stepBlock(step, colors)).join("\n")}\n${total}\n${wayOut(view)}`
}

/** How to go on with a run that is not over, and why it waits; empty for one that is. */
export function wayOut(view: RunView): string {
  if (view.status === "interrupted") return `Go on with: baton resume ${view.id}\n`
  if (view.status !== "paused") return ""
  return `Paused: ${view.hold?.detail ?? "held"}\nGo on with: baton resume ${view.id}\n`
}

function statusWord(view: RunView, colors: Colors): string {
  const cause = view.cause === "deadline" ? " (the run passed its deadline)" : ""
  if (view.status === "success") return colors.green("success")
  if (view.status === "failed") return colors.red(`failed${cause}`)
  return colors.yellow(view.status)
}

function stepBlock(step: StepView, colors: Colors): string {
  const facts = [
    ...(step.reason !== null && step.reason !== "ok" ? [step.reason] : []),
    ...(step.model === null ? [] : [step.model]),
    ...(step.reason === null ? [step.status] : [formatSpent(step)]),
    ...(step.session === null ? [] : [`session ${step.session}`]),
  ]
  const detail = step.detail === null ? [] : [colors.yellow(step.detail)]
  const output = step.output === "" ? [] : step.output.split("\n")
  const shown = output.slice(0, OUTPUT_LINES)
  const more = output.length - shown.length
  if (more > 0) shown.push(colors.dim(`… ${more} more lines: baton trace ${step.id}`))
  const body = [...detail, ...shown].map((line) => `  ${line}`)
  return `${[`${stepMark(step.status, colors)} ${colors.bold(step.id)}  ${colors.dim(facts.join(" · "))}`, ...body].join("\n")}\n`
}
