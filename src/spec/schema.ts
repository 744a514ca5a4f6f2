import * as z from "zod"
import { DURATION_RULE, MAX_DURATION_MS, parseDuration } from "../core/duration.ts"
import { NOT_YET, notYet } from "../core/issues.ts"
import { type AskPolicy, DEFAULTS, type InputSpec } from "../core/model.ts"

/**
 * The shape of a workflow document, declared once: types, defaults, editor help (schema/workflow.schema.json) and the
 * parser all come from here. What later versions build is described and typed, and refused when it is used.
 */

const duration = z
  .union([z.string(), z.number()])
  .transform((value) => parseDuration(value) ?? Number.NaN)
  .refine((ms) => ms >= 1 && ms <= MAX_DURATION_MS, DURATION_RULE)

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

const gatePolicy = z.enum(["never", "on-warning", "on-error", "always"])
const budget = z.strictObject({ usd: z.number().positive().optional(), tokens: z.int().positive().optional() })
const check = z.union([z.string(), z.strictObject({ run: z.string() })])

const laterInStep = {
  condition: later(z.string(), "Expression that decides whether the step runs.", LEAVE_OUT),
  retry: later(
    z.strictObject({
      max_attempts: z.int().min(1).optional(),
      delay: duration.optional(),
      backoff: z.enum(["fixed", "exponential"]).optional(),
    }),
    "Tries after a failure.",
    LEAVE_OUT,
  ),
  on_failure: later(
    z.enum(["fail", "skip", "retry"]),
    "What a failure of this step means.",
    "use `settings.on_failure`",
  ),
  checks: later(z.array(check), "Commands that must succeed after the step.", LEAVE_OUT),
  context: later(
    z.enum(["full", "scoped", "distilled", "fresh"]),
    "How much of earlier steps the worker is given.",
    "read earlier steps in `prompt` with `${step.output}`",
  ),
  files: later(z.array(z.string()), "What the step may write.", "use the profile's `permission`"),
  output: later(z.string(), "File the step's output is written to.", "ask for the file in `prompt`"),
  intervene: later(gatePolicy, "When the run pauses for a person after this step.", LEAVE_OUT),
  budget: later(budget, "What the step may spend at most.", LEAVE_OUT),
  over: later(z.string(), "List that a routed step works through.", "write one step an item"),
  route: later(z.record(z.string(), z.string()), "Profile for each kind of item.", "write one step an item"),
  proposers: later(z.array(z.string()), "Who proposes in an ensemble.", "write one step a proposer"),
  judge: later(z.string(), "Who judges the proposals.", "write a last step that needs the others"),
  mode: later(z.enum(["parallel", "sequential"]), "Order of the proposers.", "use `needs`"),
  verdict: later(z.enum(["synthesize", "pick"]), "What the judge hands on.", LEAVE_OUT),
  quorum: later(z.int().min(1), "Proposals needed at least.", LEAVE_OUT),
  steps: later(z.array(z.unknown()), "Steps inside this one.", "list all steps under the top `steps` and use `needs`"),
  run: later(z.string(), "Command of a check step.", LEAVE_OUT),
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
    .refine((type) => type === "single", notYet("value", "use `single` steps and `needs`", "all"))
    .default("single")
    .describe("What the step is. Only `single` (one worker, one prompt) is available in this version."),
  description: z.string().optional().describe("What the step is for, for people."),
  profile: z.string().min(1).default("default").describe("Profile of orchestrator.json that does the step."),
  prompt: z
    .string()
    .min(1)
    .describe("What the worker is asked; `${inputs.x}` and `${step.output}` are filled in, `$${` is a plain `${`."),
  needs: z.array(z.string()).default([]).describe("Steps that must have succeeded before this one starts."),
  timeout: duration.optional().describe("Deadline from start to end; without it the profile's, then 30m."),
  idle_timeout: duration
    .optional()
    .describe("Deadline of silence (no text, no tool activity); without it the profile's, then 5m."),
  asks: asks
    .optional()
    .describe(
      "Who answers when the worker asks for a permission or has a question: `ask`, `deny`, `allow-listed`, or an object; without it the profile's, then a person.",
    ),
  ...laterInStep,
})

// ── the document ───────────────────────────────────────────────────────────────────────────────────────────────────

const settings = z.strictObject({
  max_parallel: z.int().min(1).max(64).default(DEFAULTS.maxParallel).describe("Steps that run at the same time."),
  timeout: duration.default(DEFAULTS.runTimeoutMs).describe("Deadline of the whole run. Default: 4h."),
  on_failure: z
    .enum(["stop", "continue"])
    .default("stop")
    .describe("After a failed step: `stop` starts nothing more, `continue` goes on with what does not need it."),
  intervene: later(gatePolicy, "When the run pauses for a person.", LEAVE_OUT),
  budget: later(budget, "What the run may spend at most.", LEAVE_OUT),
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
    hooks: later(z.record(z.string(), z.array(check)), "Commands at the start and end of a run.", LEAVE_OUT),
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
