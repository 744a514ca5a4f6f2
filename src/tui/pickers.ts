import { formatCost } from "../core/format.ts"
import type { WorkflowItem } from "../core/protocol.ts"
import type { RunView, StepView } from "../core/view.ts"
import { cell, clip, cut, formatTokens, widthOf } from "./format.ts"
import { notesOf, progress, runIcon, runTime, spent, stateOf, stepIcon, stepTime } from "./view-model.ts"

/** Rows of OpenCode's select dialog, as plain data. The dialog sorts nothing and cuts a title at 61 columns. */
export interface Choice<Value> {
  readonly title: string
  readonly value: Value
  readonly description: string
  readonly footer: string
  readonly category: string
}

const NAME_COLUMNS = 26
const FOOTER_COLUMNS = 30

/** Columns a row of a select dialog has for text: the dialog's width, at most the terminal's, less its padding. */
export function rowColumns(size: "large" | "xlarge", terminal: number): number {
  return Math.min(size === "large" ? 88 : 116, terminal - 2) - 8
}

/** Cuts the description so that title, description and footer stand apart on a row of `columns`. */
function fitRow<Value>(choice: Choice<Value>, columns: number): Choice<Value> {
  const room = columns - widthOf(choice.title) - 1 - (choice.footer === "" ? 0 : widthOf(choice.footer) + 2)
  return { ...choice, description: cut(choice.description, Math.max(0, room)) }
}

/** The picker's rows: what can be run, then the files that cannot (the host hides disabled rows, so these open their
 *  problem instead). */
export function workflowChoices(workflows: readonly WorkflowItem[], columns: number): Choice<WorkflowItem>[] {
  const width = columnOf(workflows.map((item) => item.name))
  const sound = workflows.filter((item) => item.broken === undefined)
  const broken = workflows.filter((item) => item.broken !== undefined)
  const choices = [
    ...sound.map((item) => ({
      title: cell(item.name, width),
      value: item,
      description: item.description.replace(/\s+/g, " "),
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
  return choices.map((choice) => fitRow(choice, columns))
}

/** `topic [tone]`: required inputs bare, optional ones in brackets. */
function inputsOf(item: WorkflowItem): string {
  return clip(item.inputs.map((input) => (input.required ? input.name : `[${input.name}]`)).join(" "), FOOTER_COLUMNS)
}

function columnOf(names: readonly string[]): number {
  return Math.min(NAME_COLUMNS, Math.max(0, ...names.map(widthOf)))
}

/** `demo · success 3/3 · 41s · 12k tokens · $0.12` */
export function runTitle(run: RunView, now: number): string {
  const facts = [`${run.status} ${progress(run)}`, runTime(run, now), spent(run)].filter((fact) => fact !== "")
  return `${runIcon(run.status).text} ${run.workflow} · ${facts.join(" · ")}`
}

/** One row a step: icon and id, state and model (of a held one: why), then time, tokens and cost flush right. */
export function stepChoices(run: RunView, now: number, columns: number): Choice<string>[] {
  const name = columnOf(run.steps.map((step) => step.id))
  const state = Math.max(0, ...run.steps.map((step) => widthOf(stateOf(step))))
  const choices = run.steps.map((step) => ({
    title: `${stepIcon(step.status).text} ${cell(step.id, name)}`,
    value: step.id,
    description: `${cell(stateOf(step), state)}  ${aboutStep(step)}`,
    footer: [stepTime(step, now), ...spentBy(step)].filter((fact) => fact !== "").join(" · "),
    category: "",
  }))
  return choices.map((choice) => fitRow(choice, columns))
}

/** Why it waits, or the model; with what a person should know besides. */
function aboutStep(step: StepView): string {
  const about = step.status === "waiting" ? (step.detail?.replace(/\s+/g, " ") ?? "") : shortModel(step)
  // Then these are what it waits with.
  if (step.gate?.why === "warning") return about
  return [about, notesOf(step)].filter((text) => text !== "").join(" · ")
}

function spentBy(step: StepView): string[] {
  return step.reason === null ? [] : [formatTokens(step.tokens), formatCost(step.cost)]
}

/** The model without its provider: the trace has both. */
function shortModel(step: StepView): string {
  return step.model === null ? "" : step.model.slice(step.model.indexOf("/") + 1)
}
