import * as z from "zod"
import type { Path } from "../../core/documents/issues.ts"
import { context, head, hooks, settings } from "../schema.ts"
import { worker } from "../shapes.ts"
import { shared, stepKeys } from "../step-shape.ts"
import { Text } from "./draft.ts"
import { Drawing, type Form, isObject, listOf, textOf } from "./form.ts"

/**
 * The dialect with `pipeline`: stages run one after another, each with one agent or several side by
 * side.
 */

const job = {
  agent: worker.optional().describe("Who does it: a profile, a role of `models`, or `provider/model`."),
  prompt: stepKeys.prompt.describe("The agent's task; without it a prompt is derived from the name of the stage."),
  needs: z
    .array(z.string())
    .optional()
    .describe("Stages, or parts of stages, that must have ended before this one starts. Default: the stage before it."),
  output: stepKeys.output,
  context: stepKeys.context.describe(
    "What the agent is given besides its prompt. Default: all earlier answers, unless the prompt itself reads some.",
  ),
  model: stepKeys.model,
  ...shared,
}

const part = z
  .strictObject({
    ...job,
    agent: worker.describe("Who does it: a profile, a role of `models`, or `provider/model`."),
    name: stepKeys.id.optional().describe("Its name in the `needs` of others. Default: the agent's name."),
  })
  .superRefine(({ name, agent }, ctx) => {
    if (name !== undefined || stepKeys.id.safeParse(agent).success) return
    ctx.addIssue({
      code: "custom",
      path: ["agent"],
      message: "cannot be the name of this part",
      params: { hint: "add `name`" },
    })
  })
  .meta({ id: "part" })

const stage = z
  .strictObject({
    stage: stepKeys.id.describe("Name of the stage, unique in the workflow."),
    ...job,
    parallel: z.array(part).min(1).optional().describe("Several agents, side by side, instead of `agent`."),
  })
  .superRefine((one, ctx) => {
    const say = (path: string[], message: string, hint: string) =>
      ctx.addIssue({ code: "custom", path, message, params: { hint } })
    if (one.parallel === undefined && one.agent === undefined)
      return say([], "must have `agent` or `parallel`", "`agent: NAME`")
    if (one.parallel === undefined) return
    const stray = Object.keys(job).find(
      (key) => !["needs", "description"].includes(key) && one[key as keyof typeof one] !== undefined,
    )
    if (stray !== undefined) say([stray], "cannot be combined with `parallel`", "put it on its parts")
  })
  .meta({ id: "stage" })

const schema = z
  .strictObject({
    ...head,
    settings: settings.prefault({}).describe("Settings of the run as a whole."),
    context: context.prefault({}).describe("What all stages may read: variables and secrets."),
    pipeline: z.array(stage).min(1).describe("The stages, in their order."),
    hooks: hooks.prefault({}).describe("Steps at the beginning and the end of a run."),
  })
  .describe("A workflow as a pipeline.")

/** A future step of the graph: a stage, or a part of one. */
interface Job {
  readonly id: string | undefined
  readonly idPath: Path
  readonly stage: string
  readonly path: Path
  /** Path of its description, or of its stage's when it has none of its own. */
  readonly description: Path
  /** Path of its `needs`, or of its stage's when it has none of its own. */
  readonly needs: Path
  /** Ids of the jobs in the stage before, which are its needs when none are written. */
  readonly before: readonly string[]
}

export const pipeline: Form = {
  recognises: (document) => "pipeline" in document,
  schema,
  vocabulary: { step: "stage", needs: "needs", hookNeeds: "needs", worker: "agent" },
  draw(source) {
    const list = listOf(isObject(source.value) ? source.value.pipeline : undefined)
    const jobs: Job[] = []
    const stages = new Map<string, readonly string[]>()
    let before: readonly string[] = []
    for (const [at, one] of list.entries()) {
      if (!isObject(one)) continue
      const own = jobsOf(one, ["pipeline", at], before)
      jobs.push(...own)
      before = own.flatMap(({ id }) => id ?? [])
      if (typeof one.stage === "string") stages.set(one.stage, before)
    }
    const ids = new Set(jobs.flatMap(({ id }) => id ?? []))
    const drawing = new Drawing(source, ids)
    const texts = jobs.flatMap(({ path }) => [[...path, "prompt"], ...drawing.texts(path)])
    drawing.collect([...texts, ...drawing.hookTexts()])
    const unsaid = jobs.find(({ path }) => drawing.at([...path, "prompt"]) === undefined)
    if (unsaid) drawing.declare("task", unsaid.path, { description: "what is wanted, in your own words" })
    drawing.copyHooks()
    for (const [at, one] of jobs.entries())
      drawJob(drawing, one, ["steps", at], (name) => (ids.has(name) ? [name] : (stages.get(name) ?? [name])))
    return drawing.draft
  },
}

function jobsOf(stage: Record<string, unknown>, path: Path, before: readonly string[]): Job[] {
  const name = textOf(stage.stage) ?? ""
  if (!Array.isArray(stage.parallel)) {
    const at = (key: string) => [...path, key]
    const own = { idPath: at("stage"), path, description: at("description"), needs: at("needs") }
    return [{ id: textOf(stage.stage), stage: name, before, ...own }]
  }
  return stage.parallel.flatMap((part: unknown, at): Job[] => {
    if (!isObject(part)) return []
    const own = [...path, "parallel", at]
    const key = part.name === undefined ? "agent" : "name"
    const ownOrStages = (key: string) => [...(part[key] === undefined ? path : own), key]
    const paths = { idPath: [...own, key], description: ownOrStages("description"), needs: ownOrStages("needs") }
    return [{ id: textOf(part[key]), stage: name, path: own, before, ...paths }]
  })
}

function drawJob(drawing: Drawing, job: Job, to: Path, resolve: (name: string) => readonly string[]): void {
  const { draft } = drawing
  const { id, path, before } = job
  if (id !== undefined) draft.set([...to, "id"], id, job.idPath)
  drawing.copy([...path, "agent"], [...to, "profile"])
  for (const key of ["context", "model"]) drawing.copy([...path, key], [...to, key])
  drawing.template([...path, "output"], [...to, "output"])
  drawing.copyShared(path, to)
  drawing.copy(job.description, [...to, "description"])
  const needs = new Map<string, Path>()
  if (drawing.at(job.needs) === undefined) for (const name of before) needs.set(name, path)
  for (const [at, name] of listOf(drawing.at(job.needs)).entries()) {
    if (typeof name === "string")
      for (const one of resolve(name)) if (!needs.has(one)) needs.set(one, [...job.needs, at])
  }
  for (const [at, [name, from]] of [...needs].entries()) draft.set([...to, "needs", at], name, from)
  const own = [...path, "prompt"]
  if (drawing.at(own) === undefined) draft.setText([...to, "prompt"], promptOf(drawing, job), path)
  else drawing.template(own, [...to, "prompt"])
  const isGiven = needs.size > 0 && !drawing.readsSteps(own)
  if (isGiven && drawing.at([...path, "context"]) === undefined) draft.set([...to, "context"], "full", path)
}

/** The prompt of a stage that has none of its own. */
function promptOf(drawing: Drawing, { id, stage, path, description }: Job): Text {
  const what = stage === id ? `the stage \`${id}\`` : `the stage \`${stage}\`, as \`${id}\``
  const text = new Text().add(
    `What is wanted: \${inputs.task}\n\nThis is ${what}: do your part of it, and nothing of the other stages.\n`,
    path,
  )
  if (textOf(drawing.at(description)) !== undefined) drawing.take(text.add("\n", path), description)
  return text
}
