import * as z from "zod"
import type { Path } from "../../core/documents/issues.ts"
import { HOOKS_AT_END, HOOKS_AT_START } from "../outline.ts"
import { context, head, settings } from "../schema.ts"
import { worker } from "../shapes.ts"
import { shared, stepKeys } from "../step-shape.ts"
import { Text } from "./draft.ts"
import { Drawing, type Form, isObject, listOf, textOf } from "./form.ts"
import { pipeline } from "./pipeline.ts"
import { plan } from "./plan.ts"

/**
 * The dialect with `tasks`, which has agents, parameters and dependencies, as job schedulers do.
 */

const task = z
  .strictObject({
    id: stepKeys.id.describe("Name of the task, unique in the workflow. Later tasks read `${id.output}`."),
    agent: worker.describe(
      "The task's worker: a profile of orchestrator.json, a role of its `models`, or `provider/model`.",
    ),
    parameters: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("`task` is the agent's task; every other parameter is added to the prompt with its name."),
    dependencies: z
      .array(z.string())
      .optional()
      .describe("Tasks that must have ended before this one starts. A hook names other hooks."),
    context: stepKeys.context.describe(
      "What the agent is given besides its task. Default: the answers of its dependencies, unless the task itself reads some.",
    ),
    output: stepKeys.output,
    model: stepKeys.model,
    ...shared,
  })
  .superRefine(({ parameters, description }, ctx) => {
    if (typeof parameters?.task === "string" && parameters.task !== "") return
    if (parameters?.task === undefined && description !== undefined) return
    const isMissing = parameters?.task === undefined
    const path = parameters === undefined ? [] : isMissing ? ["parameters"] : ["parameters", "task"]
    const message = isMissing ? "must say what is to be done" : "must be text"
    ctx.addIssue({ code: "custom", path, message, params: { hint: "`parameters: { task: … }`" } })
  })
  .meta({ id: "task" })

const hookList = z.array(task).default([])
const hooks = z.strictObject({
  on_start: hookList.describe("Tasks that run first."),
  on_success: hookList.describe("Tasks that run last when the run has succeeded."),
  on_failure: hookList.describe("Tasks that run last when the run has failed."),
  on_complete: hookList.describe("Tasks that run last, whether the run has succeeded or failed."),
})

const schema = z
  .strictObject({
    ...head,
    settings: settings.prefault({}).describe("Settings of the run as a whole."),
    context: context.prefault({}).describe("What all tasks may read: variables and secrets."),
    tasks: z.array(task).min(1).describe("The tasks; their order is given by `dependencies`."),
    hooks: hooks.prefault({}).describe("Tasks at the beginning and the end of a run."),
  })
  .describe("A workflow as a list of tasks.")

const HOOKS = [HOOKS_AT_START, ...HOOKS_AT_END]

export const tasks: Form = {
  recognises: (document) => "tasks" in document && !pipeline.recognises(document) && !plan.recognises(document),
  schema,
  vocabulary: { step: "task", needs: "dependencies", hookNeeds: "dependencies", worker: "agent" },
  draw(source) {
    const lists: readonly { readonly from: Path; readonly to: Path }[] = [
      { from: ["tasks"], to: ["steps"] },
      ...HOOKS.map((when) => ({ from: ["hooks", when], to: ["hooks", when] })),
    ]
    const read = (path: Path) =>
      path.reduce<unknown>((at, key) => (isObject(at) ? at[String(key)] : undefined), source.value)
    const all = lists.flatMap(({ from, to }) =>
      listOf(read(from)).map((value, at) => ({
        value,
        from: [...from, at],
        to: [...to, at],
        isAtEnd: from[0] === "hooks" && from[1] !== HOOKS_AT_START,
      })),
    )
    const drawing = new Drawing(
      source,
      all.flatMap(({ value }) => (isObject(value) ? (textOf(value.id) ?? []) : [])),
    )
    drawing.collect(all.flatMap(({ value, from }) => [...textsOf(value, from), ...drawing.texts(from)]))
    for (const one of all) drawTask(drawing, one.from, one.to, one.isAtEnd)
    return drawing.draft
  },
}

/** Paths of the texts that make up the agent's prompt. */
function textsOf(task: unknown, from: Path): Path[] {
  if (!isObject(task)) return []
  const parameters = isObject(task.parameters) ? Object.keys(task.parameters) : []
  const prompt = parameters.includes("task") ? [] : [[...from, "description"]]
  return [...parameters.map((key) => [...from, "parameters", key]), ...prompt]
}

function drawTask(drawing: Drawing, from: Path, to: Path, isAtEnd: boolean): void {
  const { draft } = drawing
  drawing.copy([...from, "id"], [...to, "id"])
  drawing.copy([...from, "agent"], [...to, "profile"])
  drawing.copy([...from, "dependencies"], [...to, "needs"])
  for (const key of ["context", "model"]) drawing.copy([...from, key], [...to, key])
  drawing.template([...from, "output"], [...to, "output"])
  drawing.copyShared(from, to)
  const { text, main } = promptOf(drawing, from)
  const dependencies = listOf(drawing.at([...from, "dependencies"]))
  const reads = textsOf(drawing.at(from), from).some((path) => drawing.readsSteps(path))
  if (dependencies.length > 0 && !reads && drawing.at([...from, "context"]) === undefined) {
    // With `full`, a hook at the end would be given the answers of all tasks.
    if (isAtEnd) takeAnswers(drawing, text, dependencies, [...from, "dependencies"])
    else draft.set([...to, "context"], "full", [...from, "dependencies"])
  }
  if (text.value !== "") draft.setText([...to, "prompt"], text, main)
}

/** Adds the answers of the hooks that a hook depends on. */
function takeAnswers(drawing: Drawing, text: Text, ids: readonly unknown[], from: Path): void {
  for (const [at, id] of ids.entries()) {
    if (typeof id !== "string" || !drawing.names.steps.has(id)) continue
    text.add(`${text.value.endsWith("\n") ? "" : "\n"}\n## ${id}\n\n\${${id}.output}\n`, [...from, at])
  }
}

/** The agent's prompt: the task, then every other parameter with its name. */
function promptOf(drawing: Drawing, from: Path): { readonly text: Text; readonly main: Path } {
  const parameters = drawing.at([...from, "parameters"])
  const own = isObject(parameters) ? Object.entries(parameters) : []
  const isOwn = isObject(parameters) && textOf(parameters.task) !== undefined
  const main = isOwn ? [...from, "parameters", "task"] : [...from, "description"]
  const text = drawing.take(new Text(), main)
  for (const [key, value] of own) {
    if (key === "task") continue
    const path = [...from, "parameters", key]
    text.add(`\n\n${key}: `, path)
    if (typeof value === "string") drawing.take(text, path)
    else
      text.add(
        JSON.stringify(value).replaceAll("${", () => "$${"),
        path,
      )
  }
  return { text, main }
}
