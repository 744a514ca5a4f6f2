import type { WorkflowItem } from "../../core/view/protocol.ts"
import { cell, clip, cut, widthOf } from "../state/text.ts"

/**
 * Row of OpenCode's select dialog, as plain data. The dialog does not sort its rows, and it cuts
 * titles at 61 columns.
 */
export interface Choice<Value> {
  readonly title: string
  readonly value: Value
  readonly description: string
  readonly footer: string
  readonly category: string
}

const NAME_COLUMNS = 26
const FOOTER_COLUMNS = 30

/**
 * Columns available for text in a row of a select dialog: the dialog's width, limited by the
 * terminal's, minus the padding.
 */
export function rowColumns(size: "large" | "xlarge", terminal: number): number {
  return Math.min(size === "large" ? 88 : 116, terminal - 2) - 8
}

/** Cuts the description so that title, description and footer of a row do not touch. */
function fitRow<Value>(choice: Choice<Value>, columns: number): Choice<Value> {
  const room = columns - widthOf(choice.title) - 1 - (choice.footer === "" ? 0 : widthOf(choice.footer) + 2)
  return { ...choice, description: cut(choice.description, Math.max(0, room)) }
}

/**
 * Rows of the workflow picker: the project's workflows, then its files that cannot be run, then the
 * built-in workflows. The host hides disabled rows, so a broken file is a normal row that opens its
 * problem.
 */
export function workflowChoices(workflows: readonly WorkflowItem[], columns: number): Choice<WorkflowItem>[] {
  const width = columnOf(workflows.map((item) => item.name))
  const sound = workflows.filter((item) => item.broken === undefined)
  const broken = workflows.filter((item) => item.broken !== undefined)
  const builtIn = sound.filter((item) => item.isBuiltIn)
  const own = sound.filter((item) => !item.isBuiltIn)
  const isOne = broken.length === 0 && (own.length === 0 || builtIn.length === 0)
  const row = (item: WorkflowItem, category: string) => ({
    title: cell(item.name, width),
    value: item,
    description: item.description.replace(/\s+/g, " "),
    footer: inputsOf(item),
    category: isOne ? "" : category,
  })
  const choices = [
    ...own.map((item) => row(item, "Workflows")),
    ...broken.map((item) => ({
      ...row(item, "Cannot be run"),
      description: (item.broken ?? "").split("\n", 1)[0] ?? "",
      footer: "",
    })),
    ...builtIn.map((item) => row(item, "Built in")),
  ]
  return choices.map((choice) => fitRow(choice, columns))
}

/** Example: `topic [tone]`. Optional inputs are in brackets. */
function inputsOf(item: WorkflowItem): string {
  return clip(item.inputs.map((input) => (input.required ? input.name : `[${input.name}]`)).join(" "), FOOTER_COLUMNS)
}

function columnOf(names: readonly string[]): number {
  return Math.min(NAME_COLUMNS, Math.max(0, ...names.map(widthOf)))
}
