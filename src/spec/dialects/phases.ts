import * as z from "zod"
import type { Path } from "../../core/documents/issues.ts"
import type { StepType } from "../../core/model/workflow.ts"
import { context, head, hooks, settings } from "../schema.ts"
import { worker } from "../shapes.ts"
import { shared, stepKeys } from "../step-shape.ts"
import { Text } from "./draft.ts"
import { Drawing, type Form, isObject, listOf, textOf } from "./form.ts"

/**
 * The dialect with `phases`: each phase names the models that do it and reads the results of
 * earlier phases.
 */

const { proposers, judge, mode, verdict, quorum, over, by, route, max } = stepKeys

/** The differences between the types of phases. */
interface PhaseTraits {
  /** The key that names the workers, which only this type has. */
  readonly wants: "model" | "models" | "routing" | "phases"
  /** When that key may be missing: `default` means if the phase has a `default`. */
  readonly mayLack: "always" | "default" | "never"
  readonly hasJudge: boolean
  /** True when it works on the tasks that an earlier phase returned. */
  readonly takesTasks: boolean
  /** True when it contains phases. */
  readonly hasPhases: boolean
}
type PhaseType = Extract<StepType, "single" | "ensemble" | "routed" | "parallel">

const NEITHER = { mayLack: "never", hasJudge: false, takesTasks: false, hasPhases: false } as const
const TYPES: Readonly<Record<PhaseType, PhaseTraits>> = {
  single: { ...NEITHER, wants: "model", mayLack: "always" },
  ensemble: { ...NEITHER, wants: "models", hasJudge: true },
  routed: { ...NEITHER, wants: "routing", mayLack: "default", takesTasks: true },
  parallel: { ...NEITHER, wants: "phases", hasPhases: true },
}

/** The traits of a phase; those of `single` when its type is missing or unknown. */
function traitsOf({ type }: Readonly<Record<string, unknown>>): PhaseTraits {
  return typeof type === "string" && Object.hasOwn(TYPES, type) ? TYPES[type as PhaseType] : TYPES.single
}

const flat = z.strictObject({
  name: stepKeys.id.describe("Name of the phase, unique in the workflow. Others name it in `input`."),
  type: z
    .enum(Object.keys(TYPES) as [PhaseType, ...PhaseType[]])
    .default("single")
    .describe(
      "`single`: one model. `ensemble`: several propose, one judges. `routed`: each task goes to the model of its category. `parallel`: contains `phases` that run side by side.",
    ),
  model: worker.optional().describe("With `single`: who does it: a profile, a role of `models`, or `provider/model`."),
  models: proposers.describe("With `ensemble`: who proposes."),
  judge,
  routing: route.describe("With `routed`: the worker for the tasks of each category."),
  default: stepKeys.default,
  input: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe(
      "The answers that the phase reads: `plan.output`, or a list. Without it the phase waits for the one before it and may read all earlier answers.",
    ),
  output: stepKeys.output.describe("File that its answer is written to; `{name}` is an input of the workflow."),
  context_strategy: stepKeys.context.describe(
    "What the phase is given besides its input: `full`, `scoped`, `distilled`, `fresh`.",
  ),
  prompt: stepKeys.prompt.describe(
    "The phase's task; without it a prompt is derived from the phase's name. The answers named in `input` are added, unless the prompt itself reads some.",
  ),
  ...{ mode, verdict, quorum, over, by, max },
  ...shared,
})
type Phase = z.infer<typeof flat> & { readonly phases?: readonly Phase[] | undefined }

const phase: z.ZodType<Phase> = flat
  .extend({
    phases: z
      .array(z.lazy((): z.ZodType<Phase> => phase))
      .min(1)
      .optional()
      .describe("With `parallel`: the phases inside."),
  })
  .superRefine((one, ctx) => {
    const say = (path: string[], message: string, hint: string) =>
      ctx.addIssue({ code: "custom", path, message, params: { hint } })
    for (const [type, { wants: key }] of Object.entries(TYPES)) {
      if (one[key] !== undefined && type !== one.type)
        say([key], `is only for phases of type \`${type}\``, `set \`type: ${type}\`, or leave it out`)
    }
    const { wants: key, mayLack, hasJudge } = TYPES[one.type]
    const mustHave = mayLack === "never" || (mayLack === "default" && one.default === undefined)
    if (mustHave && one[key] === undefined) say([], `of type \`${one.type}\` must have \`${key}\``, `add \`${key}\``)
    if (hasJudge && one.judge === undefined) say([], `of type \`${one.type}\` must have \`judge\``, "add `judge`")
    if (!hasJudge && one.judge !== undefined) say(["judge"], "is only for phases of type `ensemble`", "leave it out")
  })
  .meta({ id: "phase" })

const schema = z
  .strictObject({
    ...head,
    settings: settings.prefault({}).describe("Settings of the run as a whole."),
    context: context.prefault({}).describe("What all phases may read: variables and secrets."),
    phases: z.array(phase).min(1).describe("The phases, in their order."),
    hooks: hooks.prefault({}).describe("Steps at the beginning and the end of a run."),
  })
  .describe("A workflow in phases.")

export const phases: Form = {
  recognises: (document) => "phases" in document,
  schema,
  vocabulary: { step: "phase", needs: "input", hookNeeds: "needs", worker: "model" },
  draw(source) {
    const found = [...allPhases(isObject(source.value) ? source.value.phases : undefined, ["phases"])]
    const drawing = new Drawing(
      source,
      found.flatMap(({ name }) => name ?? []),
    )
    const texts = found.flatMap(({ path }) => [[...path, "prompt"], [...path, "over"], ...drawing.texts(path)])
    drawing.collect([...texts, ...drawing.hookTexts()])
    for (const { path } of found) collectBraces(drawing, [...path, "output"])
    if (found.some(({ path }) => drawing.at([...path, "prompt"]) === undefined)) {
      const text = { required: false, description: "what is wanted, in your own words" }
      drawing.declare("task", ["phases"], text)
    }
    drawing.copyHooks()
    drawPhases(drawing, ["phases"], ["steps"])
    return drawing.draft
  },
}

function* allPhases(list: unknown, path: Path): Generator<{ readonly path: Path; readonly name: string | undefined }> {
  for (const [at, one] of listOf(list).entries()) {
    if (!isObject(one)) continue
    yield { path: [...path, at], name: textOf(one.name) }
    yield* allPhases(one.phases, [...path, at, "phases"])
  }
}

/** Matches `{feature}`, which in a path means an input. */
const BRACES = /(?<!\$)\{([A-Za-z_]\w*)\}/g

function collectBraces(drawing: Drawing, path: Path): void {
  for (const [, name = ""] of (textOf(drawing.at(path)) ?? "").matchAll(BRACES)) drawing.declare(name, path)
}

/** One entry of a phase's `input`: the phase it names, and its path in the document. */
interface Input {
  readonly phase: string
  readonly path: Path
}

function inputsOf(drawing: Drawing, from: Path): Input[] {
  const value = drawing.at([...from, "input"])
  const written = Array.isArray(value)
    ? value.map((one: unknown, at) => ({ one, path: [...from, "input", at] }))
    : [{ one: value, path: [...from, "input"] }]
  return written.flatMap(({ one, path }) =>
    typeof one === "string" ? [{ phase: one.replace(/\.outputs?$/, ""), path }] : [],
  )
}

/**
 * Converts phases in their order, or the phases inside a parallel one, whose inputs are `around`.
 */
function drawPhases(drawing: Drawing, from: Path, to: Path, around?: readonly Input[]): void {
  const list = listOf(drawing.at(from))
  const places = list.flatMap((one, at): PhaseContext[] => {
    const before = around === undefined && at > 0 ? list[at - 1] : undefined
    const previous = isObject(before) ? textOf(before.name) : undefined
    return isObject(one) ? [{ from: [...from, at], to: [...to, at], phase: one, previous, around: around ?? [] }] : []
  })
  const takers = new Map<string, Record<string, unknown>[]>()
  for (const place of places) {
    const source = taskSource(drawing, place)?.phase
    if (source === undefined) continue
    const known = takers.get(source)
    if (known) known.push(place.phase)
    else takers.set(source, [place.phase])
  }
  for (const place of places) {
    const { name, schema } = place.phase
    drawPhase(drawing, place)
    const routed = typeof name === "string" && schema === undefined ? takers.get(name) : undefined
    if (routed) drawing.draft.set([...place.to, "schema"], tasksSchema(routed), place.from)
  }
}

interface PhaseContext {
  readonly from: Path
  readonly to: Path
  readonly phase: Record<string, unknown>
  /** The phase before it; undefined for the first phase and inside a parallel one. */
  readonly previous: string | undefined
  /** The inputs of the parallel phase that contains it. */
  readonly around: readonly Input[]
}

const RENAMED = {
  name: "id",
  type: "type",
  models: "proposers",
  judge: "judge",
  mode: "mode",
  verdict: "verdict",
  quorum: "quorum",
  routing: "route",
  default: "default",
  by: "by",
  max: "max",
  context_strategy: "context",
} as const

function drawPhase(drawing: Drawing, place: PhaseContext): void {
  const { from, to, phase, previous } = place
  const { draft } = drawing
  for (const [key, name] of Object.entries(RENAMED)) drawing.copy([...from, key], [...to, name])
  if (phase.model !== undefined) drawing.copy([...from, "model"], [...to, "profile"])
  // On another type of phase it is refused, and so it must not be left out.
  if (phase.over !== undefined) drawing.expression([...from, "over"], [...to, "over"])
  drawing.copyShared(from, to)
  const inputs = inputsOf(drawing, from)
  if (phase.input !== undefined) {
    for (const [at, { phase: name, path }] of inputs.entries()) draft.set([...to, "needs", at], name, path)
  } else if (previous !== undefined) draft.set([...to, "needs", 0], previous, from)
  // A phase without `input` may read all earlier answers.
  const reads = phase.input !== undefined
  if (previous !== undefined && !reads && phase.context_strategy === undefined)
    draft.set([...to, "context"], "full", from)
  drawOutput(drawing, from, to)
  const { hasPhases, takesTasks } = traitsOf(phase)
  if (hasPhases) {
    const known = phase.context_strategy === undefined ? (reads ? inputs : place.around) : []
    drawPhases(drawing, [...from, "phases"], [...to, "steps"], known)
    return
  }
  if (takesTasks) drawOver(drawing, place)
  drawPrompt(drawing, place)
}

function drawOutput(drawing: Drawing, from: Path, to: Path): void {
  const path = [...from, "output"]
  const written = textOf(drawing.at(path))
  if (written === undefined) {
    drawing.copy(path, [...to, "output"])
    return
  }
  const text = new Text()
  let start = 0
  for (const match of written.matchAll(BRACES)) {
    const at = match.index
    drawing.take(text, path, start, at)
    text.take(`\${inputs.${match[1]}}`, path, () => at)
    start = at + match[0].length
  }
  drawing.take(text, path, start)
  drawing.draft.setText([...to, "output"], text, path)
}

/** Sets the list of a routed phase without `over`: the tasks of the phase it reads. */
function drawOver(drawing: Drawing, place: PhaseContext): void {
  const source = taskSource(drawing, place)
  if (source) drawing.draft.set([...place.to, "over"], `\${${source.phase}.structured.tasks}`, source.path)
}

/**
 * The phase whose answer holds the tasks of a routed one: its first input, or else the phase before
 * it.
 */
function taskSource(drawing: Drawing, { from, phase, previous }: PhaseContext): Input | undefined {
  if (!traitsOf(phase).takesTasks || phase.over !== undefined) return undefined
  return inputsOf(drawing, from)[0] ?? (previous === undefined ? undefined : { phase: previous, path: from })
}

/** The JSON Schema for the answer of a phase that provides the tasks of these routed phases. */
function tasksSchema(routed: readonly Record<string, unknown>[]): object {
  const categories = routed.flatMap((one) =>
    isObject(one.routing) && one.default === undefined ? Object.keys(one.routing) : [],
  )
  const by = routed.map((one) => textOf(one.by)).find((one) => one !== undefined) ?? "category"
  const category = categories.length === 0 ? { type: "string" } : { enum: [...new Set(categories)] }
  const item = { [by]: category, task: { type: "string" }, files: { type: "array", items: { type: "string" } } }
  const tasks = {
    type: "array",
    minItems: 1,
    items: { type: "object", required: [by, "task", "files"], properties: item },
  }
  return { type: "object", required: ["tasks"], properties: { tasks } }
}

/** Default prompts for phases with these names. */
const KNOWN: Readonly<Record<string, string>> = {
  workshop:
    "Think it through before anything is planned: what is really wanted, which directions there are, what speaks for and against each, what is not known yet. Say which direction you would take, and why. Change no files.",
  plan: "Plan it: what is to be done in which order and in which files, how each part is tested, what could go wrong, what is left out. Change no files.",
  decompose:
    "Cut it into tasks that one worker each can do alone. For each task: its category, the task with all that its worker must know, and the files it may write. No two tasks may write the same file. Change no files.",
  execute: "Do it.",
  integrate:
    "Put the parts together: make them fit, run what tests there are, and mend what does not work. Say what you changed.",
  audit:
    "Judge the work against what was wanted. Read the changes and run the tests yourself. Begin with APPROVED or REJECTED, then say why, and what is missing. Change no files.",
}

/** Sets the prompt of a phase, followed by the answers that its inputs name. */
function drawPrompt(drawing: Drawing, place: PhaseContext): void {
  const { from, to, phase } = place
  const own = [...from, "prompt"]
  if (phase.prompt !== undefined && textOf(phase.prompt) === undefined) {
    drawing.copy(own, [...to, "prompt"])
    return
  }
  const text = phase.prompt === undefined ? promptOf(drawing, place) : drawing.take(new Text(), own)
  const isSaid = phase.prompt !== undefined && (phase.context_strategy !== undefined || drawing.readsSteps(own))
  for (const { phase: name, path } of isSaid ? [] : told(drawing, place)) {
    text.add(`${text.value.endsWith("\n") ? "" : "\n"}\n## ${name}\n\n\${${name}.output}\n`, path)
  }
  drawing.draft.setText([...to, "prompt"], text, phase.prompt === undefined ? from : own)
}

/**
 * The inputs whose answers a phase is told; a routed phase is not told the answer that holds its
 * tasks.
 */
function told(drawing: Drawing, place: PhaseContext): Input[] {
  const over = textOf(place.phase.over)?.match(/[A-Za-z_][\w-]*(?=\s*\.)/g) ?? []
  const cut = new Set<string | undefined>([taskSource(drawing, place)?.phase, ...over])
  const inputs = place.phase.input === undefined ? place.around : inputsOf(drawing, place.from)
  return inputs.filter(({ phase }) => drawing.names.steps.has(phase) && !cut.has(phase))
}

/** The prompt of a phase that has none of its own. */
function promptOf(drawing: Drawing, { from, phase }: PhaseContext): Text {
  const name = textOf(phase.name) ?? ""
  const text = new Text()
  const about = textOf(drawing.at(["description"]))
  const workflow = `\`${name}\`${about === undefined ? "" : ` of: ${about.trim().replaceAll("${", () => "$${")}`}`
  text.add(`This is the phase ${workflow}\n`, from)
  for (const input of drawing.names.inputs) {
    if (input !== "task") text.add(`\n${input}: \${inputs.${input}}`, from)
  }
  if (drawing.names.inputs.has("task"))
    text.add("\n${inputs.task == '' ? '' : 'What is wanted: ' + inputs.task}\n", from)
  text.add(`\n${KNOWN[name] ?? "Do what this phase is for."}\n`, from)
  if (textOf(phase.description) !== undefined)
    drawing.take(text.add("\n", from), [...from, "description"]).add("\n", from)
  if (traitsOf(phase).takesTasks) text.add("\nYour task: ${item.task}\nYou may write: ${fn:json(item.files)}\n", from)
  return text
}
