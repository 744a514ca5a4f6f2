import type { WorkflowItem } from "../core/protocol.ts"
import type { RunView, StepView } from "../core/view.ts"
import { cell, formatCost, formatTokens, widthOf } from "./format.ts"
import { progress, runIcon, runTime, spent, stateOf, stepIcon, stepTime } from "./view-model.ts"

/** Rows of OpenCode's select dialog, as plain data. The dialog sorts nothing and cuts a title at 61 columns. */
export interface Choice<Value> {
  readonly title: string
  readonly value: Value
  readonly description: string
  readonly footer: string
  readonly category: string
}

const NAME_COLUMNS = 26

/** The picker's rows: what can be run, then the files that cannot (the host hides disabled rows, so these open their
 *  problem instead). */
export function workflowChoices(workflows: readonly WorkflowItem[]): Choice<WorkflowItem>[] {
  const width = columnOf(workflows.map((item) => item.name))
  const sound = workflows.filter((item) => item.broken === undefined)
  const broken = workflows.filter((item) => item.broken !== undefined)
  return [
    ...sound.map((item) => ({
      title: cell(item.name, width),
      value: item,
      description: item.description,
      footer: inputsOf(item),
      category: broken.length > 0 ? "Workflows" : "",
    })),
    ...broken.map((item) => ({
      title: cell(item.name, width),
      value: item,
      description: (item.broken ?? "").split("\n", 1)[0] ?? "",
      footer: "",
      category: "Cannot be run",
    })),
  ]
}

/** `topic, [tone]`: required inputs bare, optional ones in brackets. */
function inputsOf(item: WorkflowItem): string {
  return item.inputs.map((input) => (input.required ? input.name : `[${input.name}]`)).join(" ")
}

function columnOf(names: readonly string[]): number {
  return Math.min(NAME_COLUMNS, Math.max(0, ...names.map(widthOf)))
}

/** `demo · success 3/3 · 41s · 12k tokens · $0.12` */
export function runTitle(run: RunView, now: number): string {
  const facts = [`${run.status} ${progress(run)}`, runTime(run, now), spent(run)].filter((fact) => fact !== "")
  return `${runIcon(run.status).text} ${run.workflow} · ${facts.join(" · ")}`
}

/** One row a step: icon and id, state and model, then time, tokens and cost flush right. */
export function stepChoices(run: RunView, now: number): Choice<string>[] {
  const name = columnOf(run.steps.map((step) => step.id))
  const state = Math.max(0, ...run.steps.map((step) => widthOf(stateOf(step))))
  return run.steps.map((step) => ({
    title: `${stepIcon(step.status).text} ${cell(step.id, name)}`,
    value: step.id,
    description: `${cell(stateOf(step), state)}  ${shortModel(step)}`,
    footer: [stepTime(step, now), ...spentBy(step)].filter((fact) => fact !== "").join(" · "),
    category: "",
  }))
}

function spentBy(step: StepView): string[] {
  return step.reason === null ? [] : [formatTokens(step.tokens), formatCost(step.cost)]
}

/** The model without its provider: the trace has both. */
function shortModel(step: StepView): string {
  return step.model === null ? "" : step.model.slice(step.model.indexOf("/") + 1)
}
