import * as z from "zod"
import { writeDuration } from "../core/base/duration.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import type { SecretSource } from "../core/model/workflow.ts"
import { unset } from "../shapes/unset.ts"
import { duration, intervene, schemaKey } from "../shapes/values.ts"
import { input, inputName } from "./input-shape.ts"
import { budget, gate, worker } from "./shapes.ts"
import { hook, step } from "./step-shape.ts"

/**
 * The shape of a workflow document in the canonical form, declared once: types, defaults, editor help
 * (schema/workflow.schema.json) and the parser all come from here.
 */

const hookList = (text: string) => z.array(hook).default([]).describe(text)
export const hooks = z.strictObject({
  on_start: hookList("Steps before everything else: what needs nothing waits for them."),
  on_success: hookList("Steps after all others when the run came to success."),
  on_failure: hookList("Steps after all others when the run failed, but not after an abort or its deadline."),
  on_complete: hookList("Steps after all others, whether the run came to success or failed."),
})

export const settings = z.strictObject({
  max_parallel: z.int().min(1).max(64).default(DEFAULTS.maxParallel).describe("Steps that run at the same time."),
  timeout: duration
    .default(DEFAULTS.runTimeoutMs)
    .describe("Deadline of the whole run. Default: 4h.")
    .register(unset, { value: writeDuration(DEFAULTS.runTimeoutMs) }),
  on_failure: z
    .enum(["stop", "continue"])
    .default("stop")
    .describe("After a failed step: `stop` starts nothing more, `continue` goes on with what does not need it."),
  intervene: intervene
    .optional()
    .describe(
      "When the run pauses for a person after a step: `never`, `on-error`, `on-warning`, `always`; without it that of orchestrator.json, then `never`.",
    )
    .register(unset, { value: DEFAULTS.intervene }),
  budget: budget
    .optional()
    .describe("What the run may spend at most; nothing more starts after that until a person says so."),
  gate: gate
    .optional()
    .describe("How long the run waits for a person, and what is done when nobody comes.")
    .register(unset, { value: { timeout: writeDuration(DEFAULTS.gateTimeoutMs) } }),
  distill: worker
    .optional()
    .describe(
      "Who makes the handoffs of `context: distilled`: a profile, role or model; without it the workers themselves.",
    ),
})

const ENV_TEXT = /^\{env:([^{}\s]+)\}$/
const secret = z
  .union([
    z.string().regex(ENV_TEXT, "must be `{env:NAME}`, and never the secret itself"),
    z.strictObject({ env: z.string().min(1).describe("Environment variable that holds it.") }),
    z.strictObject({ file: z.string().min(1).describe("File that holds it, and nothing else.") }),
  ])
  .transform((value): SecretSource => (typeof value === "string" ? { env: ENV_TEXT.exec(value)?.[1] ?? "" } : value))

export const context = z.strictObject({
  variables: z
    .record(inputName, z.unknown())
    .default({})
    .describe("Values that expressions read as `${context.variables.x}`."),
  secrets: z
    .record(inputName, secret)
    .default({})
    .describe("Where secrets are found that prompts read as `${secrets.X}`; they are never written down."),
})

/** Keys that every form of a workflow has. */
export const head = {
  $schema: schemaKey,
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "must be letters, digits, `.`, `-` and `_`")
    .optional()
    .describe("Name the workflow is run by. Default: the file's name without its ending."),
  description: z.string().optional().describe("What the workflow is for, shown in lists."),
  version: z.union([z.string(), z.number()]).optional().describe("Version of the document, for its authors."),
  metadata: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("What its authors want to note: `author`, `tags` and so on. Means nothing to Baton."),
  inputs: z
    .record(inputName, input)
    .default({})
    .describe("What a run is given: `feature: string`, or the full form with `type`, `default` and so on."),
}

export const workflowSchema = z
  .strictObject({
    ...head,
    settings: settings.prefault({}).describe("How the run goes as a whole."),
    context: context.prefault({}).describe("What all steps may read: variables and secrets."),
    steps: z.array(step).min(1).describe("The steps; their order is given by `needs`."),
    hooks: hooks
      .prefault({})
      .describe("Steps at the beginning and the end of a run. Those at the end may read every step."),
  })
  .describe("A workflow of Baton.")

/** A document after defaults: durations are milliseconds. */
export type WorkflowDocument = z.infer<typeof workflowSchema>

const jsonSchemas = new WeakMap<z.ZodType, object>()

/** The JSON Schema of what a document may look like. Made once: it takes longer than reading a document. */
export function jsonSchemaOf(schema: z.ZodType): object {
  const made = jsonSchemas.get(schema) ?? z.toJSONSchema(schema, { io: "input", target: "draft-7" })
  jsonSchemas.set(schema, made)
  return made
}

/** The JSON Schema of a workflow document in the canonical form. */
export const canonicalJsonSchema = () => jsonSchemaOf(workflowSchema)
