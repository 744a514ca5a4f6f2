import * as z from "zod"
import type { Path } from "../../core/documents/issues.ts"
import { context, head, hooks, settings } from "../schema.ts"
import { isInside, worker } from "../shapes.ts"
import { shared, stepKeys } from "../step-shape.ts"
import { Text } from "./draft.ts"
import { Drawing, type Form, isObject, listOf, textOf } from "./form.ts"

/**
 * The dialect that planners write: `specs`, which come first, and `tasks` with the files that each
 * may write.
 */

const file = z
  .string()
  .min(1)
  .refine(isInside, {
    message: "must be a path inside the project, relative to its folder",
    params: { hint: "like `specs/api.md`" },
  })

const spec = z
  .strictObject({
    // A check requires the file afterwards, and the paths of checks are not templates.
    file: file
      .refine((path) => !path.includes("${"), {
        message: "is used exactly as written; expressions are not filled in here",
        params: { hint: "write the path out, or make it a task with `output`" },
      })
      .describe("File that the specification is written to; the path is used exactly as written."),
    description: z.string().min(1).optional().describe("What it specifies."),
    agent: worker.optional().describe("Who writes it. Default: `default`."),
  })
  .meta({ id: "spec" })

const number = z.union([z.int().min(0), stepKeys.id])
const task = z
  .strictObject({
    id: number.describe("Number or name of the task, unique; task 1 is the step `task-1`."),
    agent: worker
      .optional()
      .describe("Who does it: a profile, a role of `models`, or `provider/model`. Default: `default`."),
    task: z.string().min(1).describe("What is to be done."),
    depends_on: z.array(number).optional().describe("Tasks that must have ended before this one starts."),
    output: stepKeys.output,
    context: stepKeys.context.describe("What the agent is given besides its task. Default: `scoped`."),
    model: stepKeys.model,
    ...shared,
    files: z.array(file).optional().describe("Files that the task owns: no other task may write them."),
  })
  .meta({ id: "planned" })

const schema = z
  .strictObject({
    ...head,
    settings: settings.prefault({}).describe("Settings of the run as a whole."),
    context: context.prefault({}).describe("What all tasks may read: variables and secrets."),
    specs: z.array(spec).optional().describe("Specifications, written before everything else."),
    tasks: z.array(task).min(1).describe("The tasks; their order is given by `depends_on`."),
    hooks: hooks.prefault({}).describe("Steps at the beginning and the end of a run."),
  })
  .describe("A plan: specifications and tasks.")

export const plan: Form = {
  recognises: (document) => "specs" in document || listOf(document.tasks).some(isPlanned),
  schema,
  vocabulary: { step: "task", needs: "depends_on", hookNeeds: "needs", worker: "agent" },
  draw(source) {
    const at = (key: string) => listOf(isObject(source.value) ? source.value[key] : undefined)
    const specs = specIds(at("specs"))
    const tasks = at("tasks").flatMap((value, index) => (isObject(value) ? [{ value, path: ["tasks", index] }] : []))
    const drawing = new Drawing(source, [...specs, ...tasks.flatMap(({ value }) => idOf(value.id) ?? [])])
    const described = specs.map((_, index) => ["specs", index, "description"])
    const texts = tasks.flatMap(({ path }) => [[...path, "task"], ...drawing.texts(path)])
    drawing.collect([...described, ...texts, ...drawing.hookTexts()])
    drawing.copyHooks()
    for (const [index, id] of specs.entries()) drawSpec(drawing, ["specs", index], ["steps", index], id)
    for (const [index, { path }] of tasks.entries()) drawTask(drawing, path, ["steps", specs.length + index], specs)
    return drawing.draft
  },
}

/** True for a task of a plan, false for one of the dialect with `tasks`. */
function isPlanned(task: unknown): boolean {
  return isObject(task) && ("task" in task || "depends_on" in task || typeof task.id === "number")
}

/** The step id of a task's id: numbers are not valid names of steps. */
const idOf = (id: unknown) => (typeof id === "number" ? `task-${id}` : textOf(id))

/** Ids of the steps that write the files of `specs`: `spec-api` for a file named `api`. */
function specIds(specs: readonly unknown[]): string[] {
  const taken = new Set<string>()
  return specs.map((one) => {
    const name = (isObject(one) ? textOf(one.file) : undefined)?.replace(/^.*\//, "").replace(/\.[^.]*$/, "") ?? "file"
    const base = `spec-${name.replaceAll(/[^\w-]/g, "-")}`
    const id =
      Array.from({ length: specs.length }, (_, at) => (at === 0 ? base : `${base}-${at + 1}`)).find(
        (id) => !taken.has(id),
      ) ?? base
    taken.add(id)
    return id
  })
}

function drawSpec(drawing: Drawing, from: Path, to: Path, id: string): void {
  const { draft } = drawing
  const file = textOf(drawing.at([...from, "file"])) ?? ""
  draft.set([...to, "id"], id, [...from, "file"])
  drawing.copy([...from, "agent"], [...to, "profile"])
  const text = new Text().add(`Write the specification \`${literal(file)}\`, and no other file`, from)
  if (textOf(drawing.at([...from, "description"])) !== undefined)
    drawing.take(text.add(": ", from), [...from, "description"])
  text.add(".\n\nThese tasks will be done by it:\n", from)
  for (const [at] of listOf(drawing.at(["tasks"])).entries())
    drawing.take(text.add("\n- ", from), ["tasks", at, "task"])
  draft.setText([...to, "prompt"], text, from)
  draft.set([...to, "files"], [literal(file)], [...from, "file"])
  draft.set([...to, "checks"], [{ file }], [...from, "file"])
}

const literal = (text: string) => text.replaceAll("${", () => "$${")

function drawTask(drawing: Drawing, from: Path, to: Path, specs: readonly string[]): void {
  const { draft } = drawing
  const id = idOf(drawing.at([...from, "id"]))
  if (id !== undefined) draft.set([...to, "id"], id, [...from, "id"])
  drawing.copy([...from, "agent"], [...to, "profile"])
  drawing.copy([...from, "model"], [...to, "model"])
  drawing.template([...from, "output"], [...to, "output"])
  const files = listOf(drawing.at([...from, "files"])).map((_, at) => [...from, "files", at])
  drawing.copyShared(from, to, files.length > 0 ? [] : ["files"])
  const waits = listOf(drawing.at([...from, "depends_on"]))
  for (const [at, one] of waits.entries()) {
    const need = idOf(one)
    if (need !== undefined) draft.set([...to, "needs", at], need, [...from, "depends_on", at])
  }
  if (waits.length === 0) for (const [at, spec] of specs.entries()) draft.set([...to, "needs", at], spec, from)
  if (drawing.at([...from, "context"]) === undefined) draft.set([...to, "context"], "scoped", from)
  else drawing.copy([...from, "context"], [...to, "context"])
  const path = [...from, "task"]
  const text = drawing.take(new Text(), path)
  for (const [at, file] of files.entries())
    drawing.take(text.add(at === 0 ? "\n\nYou may write only these files: " : ", ", from), file)
  if (files.length > 0) text.add(".", from)
  const read = listOf(drawing.at(["specs"])).flatMap((one) => (isObject(one) ? (textOf(one.file) ?? []) : []))
  if (read.length > 0) text.add(`\n\nThe specifications are in: ${read.map(literal).join(", ")}. Keep to them.`, from)
  if (textOf(drawing.at(path)) !== undefined) draft.setText([...to, "prompt"], text, path)
}
