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
 * The shape of a workflow document in the canonical form. It is declared once: types, defaults,
 * editor help (schema/workflow.schema.json) and the parser derive from it.
 */

const hookList = (text: string) => z.array(hook).default([]).describe(text)
export const hooks = z.strictObject({
  on_start: hookList("Steps that run first: every step without `needs` waits for them."),
  on_success: hookList("Steps that run last when the run has succeeded."),
  on_failure: hookList("Steps that run last when the run has failed, but not after an abort or its deadline."),
  on_complete: hookList("Steps that run last, whether the run has succeeded or failed."),
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
    .describe("After a failed step: `stop` starts no more steps, `continue` runs the steps that do not need it."),
  intervene: intervene
    .optional()
    .describe(
      "When the run pauses for a person after a step: `never`, `on-error`, `on-warning`, `always`; without it that of orchestrator.json, then `never`.",
    )
    .register(unset, { value: DEFAULTS.intervene }),
  budget: budget
    .optional()
    .describe("The most that the run may spend; after that nothing more starts until a person says so."),
  gate: gate
    .optional()
    .describe("How long the run waits for a person, and what happens when nobody answers.")
    .register(unset, { value: { timeout: writeDuration(DEFAULTS.gateTimeoutMs) } }),
  distill: worker
    .optional()
    .describe(
      "The worker (a profile, role or model) that writes the handoffs of `context: distilled`; without it each step's own worker does.",
    ),
})

const ENV_TEXT = /^\{env:([^{}\s]+)\}$/
const secret = z
  .union([
    z.string().regex(ENV_TEXT, "must be `{env:NAME}`, and never the secret itself"),
    z.strictObject({ env: z.string().min(1).describe("Environment variable that holds it.") }),
    z.strictObject({ file: z.string().min(1).describe("File that holds only the secret.") }),
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
    .describe("Sources of the secrets that prompts read as `${secrets.X}`; their values are never stored."),
})

/** Keys that every dialect has. */
export const head = {
  $schema: schemaKey,
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "must be letters, digits, `.`, `-` and `_`")
    .optional()
    .describe("Name the workflow is run by. Default: the file's name without its ending."),
  description: z.string().optional().describe("What the workflow is for, shown in lists."),
  version: z
    .union([z.string(), z.number()])
    .optional()
    .describe("Version of the document, for its authors; `baton plan` and the report show it."),
  metadata: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      "Notes of its authors: `author`, `tags` and so on. `baton plan` and the report show them; they change nothing.",
    ),
  inputs: z
    .record(inputName, input)
    .default({})
    .describe("The inputs of a run: `feature: string`, or the full form with `type`, `default` and so on."),
}

export const workflowSchema = z
  .strictObject({
    ...head,
    settings: settings.prefault({}).describe("Settings of the run as a whole."),
    context: context.prefault({}).describe("What all steps may read: variables and secrets."),
    steps: z.array(step).min(1).describe("The steps; their order is given by `needs`."),
    hooks: hooks
      .prefault({})
      .describe("Steps at the beginning and the end of a run. Those at the end may read every step."),
  })
  .describe("A Baton workflow.")

/** A document with its defaults filled in; durations are in milliseconds. */
export type WorkflowDocument = z.infer<typeof workflowSchema>

const jsonSchemas = new WeakMap<z.ZodType, object>()

/**
 * The JSON Schema of a zod schema. It is made once, because that takes longer than reading a
 * document.
 */
export function jsonSchemaOf(schema: z.ZodType): object {
  const made = jsonSchemas.get(schema) ?? z.toJSONSchema(schema, { io: "input", target: "draft-7" })
  jsonSchemas.set(schema, made)
  return made
}

/** The JSON Schema of a workflow document in the canonical form. */
export const canonicalJsonSchema = () => jsonSchemaOf(workflowSchema)
