import { formatDuration } from "./duration.ts"
import type { WorkflowItem } from "./protocol.ts"
import type { RunView, StepView } from "./view.ts"

/** What the TUI half draws, as plain text: for the clients and terminals that have only text. */

export function formatWorkflows(workflows: readonly WorkflowItem[]): string {
  const lines = workflows.map(({ name, description, inputs, broken }) => {
    if (broken !== undefined) return `${name}: cannot be run\n  ${broken.replaceAll("\n", "\n  ")}`
    const wants = inputs.map((input) => (input.required ? `${input.name}=…` : `[${input.name}=…]`)).join(" ")
    return `${name}${wants === "" ? "" : ` ${wants}`}${description === "" ? "" : `\n  ${description}`}`
  })
  return lines.join("\n")
}

export function formatRun(run: RunView): string {
  const steps = run.steps.map((step) => {
    const why = step.reason !== null && step.reason !== "ok" ? ` (${step.reason})` : ""
    const detail = step.detail === null ? "" : ` — ${step.detail}`
    return `${step.status.padEnd(9)} ${step.id}${why}${detail}`
  })
  return [`${run.workflow} · ${run.status} · run ${run.id}`, ...steps, formatSpent(run)].join("\n")
}

export function formatSpent(spent: Pick<RunView, "tokens" | "cost">): string {
  return `${spent.tokens.input} tokens in, ${spent.tokens.output} out, ${formatCost(spent.cost)}`
}

/** US dollars with enough digits to tell a small price from nothing; an unknown price says so (G5). */
export function formatCost(cost: number | null): string {
  if (cost === null) return "price unknown"
  return cost > 0 && cost < 0.1 ? `$${cost.toFixed(4)}` : `$${cost.toFixed(2)}`
}

export function formatTrace(run: string, step: StepView): string {
  const lines = [
    `${step.id} · ${step.status}${step.reason && step.reason !== "ok" ? ` (${step.reason})` : ""} · run ${run}`,
    ...(step.detail === null ? [] : [step.detail]),
    `profile ${step.profile} (${step.kind}), attempt ${step.attempts}`,
    `model ${step.model ?? "unknown"}${isSubstitute(step) ? ` (asked for ${step.requestedModel})` : ""}`,
    `session ${step.session ?? "none yet"}`,
    formatSpent(step),
    ...(step.startedAt !== null && step.endedAt !== null
      ? [`took ${formatDuration(step.endedAt - step.startedAt)}`]
      : []),
  ]
  if (step.prompt !== null) lines.push("", "── prompt", step.prompt)
  if (step.output !== "") lines.push("", "── output", step.output)
  return lines.join("\n")
}

function isSubstitute(step: StepView): boolean {
  return step.requestedModel !== null && step.model !== step.requestedModel
}
