import * as z from "zod"
import type { Path } from "../../core/documents/issues.ts"
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
    dependencies: z.array(z.string()).optional().describe("Tasks that must have ended before this one starts."),
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

const HOOKS = ["on_start", "on_success", "on_failure", "on_complete"]

export const tasks: Form = {
  recognises: (document) => "tasks" in document && !pipeline.recognises(document) && !plan.recognises(document),
  schema,
  vocabulary: { step: "task", needs: "dependencies", worker: "agent" },
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
        isHook: from[0] === "hooks",
      })),
    )
    const drawing = new Drawing(
      source,
      all.flatMap(({ value }) => (isObject(value) ? (textOf(value.id) ?? []) : [])),
    )
    drawing.collect(all.flatMap(({ value, from }) => [...textsOf(value, from), ...drawing.texts(from)]))
    for (const one of all) drawTask(drawing, one.from, one.to, one.isHook)
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

function drawTask(drawing: Drawing, from: Path, to: Path, isHook: boolean): void {
  const { draft } = drawing
  drawing.copy([...from, "id"], [...to, "id"])
  drawing.copy([...from, "agent"], [...to, "profile"])
  if (!isHook) drawing.copy([...from, "dependencies"], [...to, "needs"])
  for (const key of ["context", "model"]) drawing.copy([...from, key], [...to, key])
  drawing.template([...from, "output"], [...to, "output"])
  drawing.copyShared(from, to)
  const { text, main } = promptOf(drawing, from)
  if (text.value !== "") draft.setText([...to, "prompt"], text, main)
  const waits = listOf(drawing.at([...from, "dependencies"])).length > 0
  const reads = textsOf(drawing.at(from), from).some((path) => drawing.readsSteps(path))
  if (waits && !reads && !isHook && drawing.at([...from, "context"]) === undefined) {
    draft.set([...to, "context"], "full", [...from, "dependencies"])
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
