import * as z from "zod"
import { NOT_YET, notYet } from "../core/issues.ts"
import { type AskPolicy, DEFAULTS, type InputSpec } from "../core/model.ts"
import { budget, check, duration, gate, intervene, retry } from "./shapes.ts"

/**
 * The shape of a workflow document, declared once: types, defaults, editor help (schema/workflow.schema.json) and the
 * parser all come from here. What later versions build is described and typed, and refused when it is used.
 */

const stepId = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "must be letters, digits, `-` and `_`, beginning with a letter")

/** Says of a key that it is described but refused, and what to do instead. */
function later<T extends z.ZodType>(schema: T, text: string, instead: string, silences: readonly string[] = []) {
  return schema
    .refine(() => false, notYet("key", instead, silences))
    .optional()
    .describe(`${text} ${NOT_YET}`)
}

const LEAVE_OUT = "leave it out"

// ── inputs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const inputType = z.enum(["string", "number", "integer", "boolean"])
const scalar = z.union([z.string(), z.number(), z.boolean()])

const fullInput = z
  .strictObject({
    type: inputType
      .default("string")
      .describe("Type of the value; what is typed on a command line is converted to it."),
    required: z
      .boolean()
      .optional()
      .describe("Whether a run must be given a value. Default: true, unless there is a `default`."),
    description: z.string().optional().describe("What the input is, for whoever starts the run."),
    default: scalar.optional().describe("Value when none is given."),
    enum: z
      .array(z.union([z.string(), z.number()]))
      .min(1)
      .optional()
      .describe("The only values allowed."),
  })
  .superRefine((input, ctx) => {
    const problem = inputProblem(input)
    if (problem) ctx.addIssue({ code: "custom", ...problem })
  })

type FullInput = z.infer<typeof fullInput>
interface InputProblem {
  path: (string | number)[]
  message: string
  params: { hint: string }
}

function inputProblem(input: FullInput): InputProblem | undefined {
  const { type, default: fallback, enum: allowed } = input
  const wrong = allowed?.findIndex((value) => !isOfType(value, type)) ?? -1
  if (wrong >= 0) return { path: ["enum", wrong], message: `must be a ${type}`, params: { hint: "or change `type`" } }
  if (fallback !== undefined && !isOfType(fallback, type)) {
    return { path: ["default"], message: `must be a ${type}`, params: { hint: "or change `type`" } }
  }
  if (fallback !== undefined && allowed && !allowed.some((value) => value === fallback)) {
    return { path: ["default"], message: "must be one of `enum`", params: { hint: `${allowed.join(", ")}` } }
  }
  if (input.required === false && fallback === undefined && (type !== "string" || allowed)) {
    return {
      path: ["required"],
      message: "cannot be false without a `default`",
      params: { hint: "add `default:`; only plain text is empty when it is not given" },
    }
  }
  return undefined
}

/** True when `value` can stand for an input of that type as it is. */
function isOfType(value: unknown, type: InputSpec["type"]): boolean {
  if (type === "integer") return Number.isSafeInteger(value)
  if (type === "number") return typeof value === "number" && Number.isFinite(value)
  return typeof value === type
}

const input = z.union([inputType, fullInput]).transform((value): InputSpec => {
  const full: FullInput = typeof value === "string" ? { type: value } : value
  return {
    type: full.type,
    required: full.required ?? full.default === undefined,
    ...(full.description === undefined ? {} : { description: full.description }),
    ...(full.default === undefined ? {} : { default: full.default }),
    ...(full.enum === undefined ? {} : { enum: full.enum }),
  }
})

const inputName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be letters, digits and `_`, beginning with a letter")

// ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const laterInStep = {
  context: later(
    z.enum(["full", "scoped", "distilled", "fresh"]),
    "How much of earlier steps the worker is given.",
    "read earlier steps in `prompt` with `${step.output}`",
  ),
  files: later(z.array(z.string()), "What the step may write.", "use the profile's `permission`"),
  output: later(z.string(), "File the step's output is written to.", "ask for the file in `prompt`"),
  budget: later(budget, "What the step may spend at most.", "use `settings.budget`"),
  over: later(z.string(), "List that a routed step works through.", "write one step an item"),
  route: later(z.record(z.string(), z.string()), "Profile for each kind of item.", "write one step an item"),
  proposers: later(z.array(z.string()), "Who proposes in an ensemble.", "write one step a proposer"),
  judge: later(z.string(), "Who judges the proposals.", "write a last step that needs the others"),
  mode: later(z.enum(["parallel", "sequential"]), "Order of the proposers.", "use `needs`"),
  verdict: later(z.enum(["synthesize", "pick"]), "What the judge hands on.", LEAVE_OUT),
  quorum: later(z.int().min(1), "Proposals needed at least.", LEAVE_OUT),
  steps: later(z.array(z.unknown()), "Steps inside this one.", "list all steps under the top `steps` and use `needs`"),
  run: later(z.string(), "Command of a check step.", "use `checks`"),
  workflow: later(z.string(), "Workflow that runs as this step.", "copy its steps here"),
}

const askPolicy = z.enum(["ask", "deny", "allow-listed"])
/** The same form as in a profile. */
const asks = z
  .union([
    askPolicy,
    z.strictObject({
      policy: askPolicy.describe("Who answers: `ask` a person, `deny` nobody, `allow-listed` the profile's own rules."),
      timeout: duration.optional().describe("With `ask`: how long a person has."),
      otherwise: z.enum(["deny", "allow"]).default("deny").describe("The answer when that time is over."),
    }),
  ])
  .transform((value): AskPolicy => {
    const { policy, otherwise, timeout } =
      typeof value === "string" ? { policy: value, otherwise: "deny" as const, timeout: undefined } : value
    return { policy, otherwise, ...(timeout === undefined ? {} : { timeoutMs: timeout }) }
  })

const STEP_TYPES = ["single", "ensemble", "routed", "parallel", "check", "gate", "workflow"] as const

const step = z.strictObject({
  id: stepId.describe("Name of the step, unique in the workflow. Later steps read `${id.output}`."),
  type: z
    .enum(STEP_TYPES)
    .refine(
      (type) => type === "single" || type === "gate",
      notYet("value", "use `single` steps, `needs` and `checks`", "all"),
    )
    .default("single")
    .describe(
      "What the step is: `single` (one worker, one prompt) or `gate` (`prompt` is a question to a person). Others are not available in this version.",
    ),
  description: z.string().optional().describe("What the step is for, for people."),
  profile: z.string().min(1).default("default").describe("Profile of orchestrator.json that does the step."),
  prompt: z
    .string()
    .min(1)
    .describe("What the worker is asked; `${inputs.x}` and `${step.output}` are filled in, `$${` is a plain `${`."),
  needs: z
    .array(z.string())
    .default([])
    .describe("Steps that must have ended before this one starts: well, unless it has a `condition`."),
  timeout: duration.optional().describe("Deadline from start to end; without it the profile's, then 30m."),
  idle_timeout: duration
    .optional()
    .describe("Deadline of silence (no text, no tool activity); without it the profile's, then 5m."),
  asks: asks
    .optional()
    .describe(
      "Who answers when the worker asks for a permission or has a question: `ask`, `deny`, `allow-listed`, or an object; without it the profile's, then a person.",
    ),
  condition: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Expression, with or without `${}` around it: asked once all that the step needs has ended, well or not; the step is skipped when it is false.",
    ),
  retry: retry.optional().describe("Tries after a failure; without it there is one."),
  effects: z
    .enum(["external"])
    .optional()
    .describe(
      "`external`: what the step does outside cannot be undone, so after a crash or a failure it is never done again without a person's word.",
    ),
  on_failure: z
    .enum(["fail", "skip", "retry"])
    .optional()
    .describe(
      "What a failure means after all tries: `fail` (default), or `skip`: it counts as skipped and the run goes on. `retry` is short for `retry: {}`: two tries.",
    ),
  checks: z
    .array(check)
    .optional()
    .describe("What must hold after the worker has answered: commands (a text is one that must pass) and files."),
  intervene: intervene
    .optional()
    .describe(
      "When the run pauses for a person after this step: `never`, `on-error`, `on-warning`, `always`; without it the profile's, then the workflow's.",
    ),
  ...laterInStep,
})

/** A step that runs at the beginning or the end: it needs what its place says, and names nothing itself. */
const hook = step.omit({ needs: true })
const hookList = (text: string) => z.array(hook).default([]).describe(text)
const hooks = z.strictObject({
  on_start: hookList("Steps before everything else: what needs nothing waits for them."),
  on_success: hookList("Steps after all others when the run came to success."),
  on_failure: hookList("Steps after all others when the run failed, but not after an abort or its deadline."),
  on_complete: hookList("Steps after all others, whether the run came to success or failed."),
})

// ── the document ───────────────────────────────────────────────────────────────────────────────────────────────────

const settings = z.strictObject({
  max_parallel: z.int().min(1).max(64).default(DEFAULTS.maxParallel).describe("Steps that run at the same time."),
  timeout: duration.default(DEFAULTS.runTimeoutMs).describe("Deadline of the whole run. Default: 4h."),
  on_failure: z
    .enum(["stop", "continue"])
    .default("stop")
    .describe("After a failed step: `stop` starts nothing more, `continue` goes on with what does not need it."),
  intervene: intervene
    .optional()
    .describe(
      "When the run pauses for a person after a step: `never`, `on-error`, `on-warning`, `always`; without it that of orchestrator.json, then `never`.",
    ),
  budget: budget
    .optional()
    .describe("What the run may spend at most; nothing more starts after that until a person says so."),
  gate: gate.optional().describe("How long the run waits for a person, and what is done when nobody comes."),
})

const dialect = (text: string) => later(z.unknown(), text, "write the workflow as `steps:`", ["steps"])

export const workflowSchema = z
  .strictObject({
    $schema: z.string().optional().describe("Where an editor finds this schema."),
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "must be letters, digits, `.`, `-` and `_`")
      .optional()
      .describe("Name the workflow is run by. Default: the file's name without its ending."),
    description: z.string().optional().describe("What the workflow is for, shown in lists."),
    version: z.union([z.string(), z.number()]).optional().describe("Version of the document, for its authors."),
    inputs: z
      .record(inputName, input)
      .default({})
      .describe("What a run is given: `feature: string`, or the full form with `type`, `default` and so on."),
    settings: settings.prefault({}).describe("How the run goes as a whole."),
    steps: z.array(step).min(1).describe("The steps; their order is given by `needs`."),
    hooks: hooks
      .prefault({})
      .describe("Steps at the beginning and the end of a run. Those at the end may read every step."),
    phases: dialect("Steps grouped in phases."),
    tasks: dialect("Steps as a list of tasks."),
    pipeline: dialect("Steps grouped in stages."),
    specs: dialect("The plan form with `specs` and `tasks`."),
  })
  .describe("A workflow of Baton.")

/** A document after defaults: durations are milliseconds. */
export type WorkflowDocument = z.infer<typeof workflowSchema>

/** The JSON Schema of a workflow document, for editors and for `schema/`. */
export function workflowJsonSchema(): object {
  return z.toJSONSchema(workflowSchema, { io: "input", target: "draft-7" })
}
