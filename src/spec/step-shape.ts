import * as z from "zod"
import { DEFAULTS } from "../core/model/defaults.ts"
import { type Doer, doneBy } from "../core/model/step-types.ts"
import type { Loop, StepType } from "../core/model/workflow.ts"
import { ASKS_UNSET, IDLE_TIMEOUT_UNSET, MODEL_UNSET, TIMEOUT_UNSET, unset } from "../shapes/unset.ts"
import { asks, duration, intervene, name } from "../shapes/values.ts"
import { check } from "./check-shapes.ts"
import { schemaFaults } from "./json-schema.ts"
import { budget, isInside, retry, worker } from "./shapes.ts"

/** The shape of a step in a workflow document, including steps that contain other steps. */

const loop = z
  .strictObject({
    max: z.int().min(1).max(100).describe("Maximum number of rounds, 1 to 100."),
    until: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Expression that is evaluated after each round and ends the loop when true; without it the first successful round ends the loop.",
      ),
    stagnant: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .describe("Number of rounds without any change in the project after which a person is asked. Default: 3."),
  })
  .transform(({ max, until, stagnant }): Loop => ({ max, ...(until === undefined ? {} : { until }), stagnant }))

const insidePath = z
  .string()
  .min(1)
  .refine(isInside, {
    message: "must be a path inside the project, relative to its folder",
    params: { hint: "like `docs/plan.md`" },
  })

const schema = z.record(z.string(), z.unknown()).superRefine((value, ctx) => {
  for (const { path, message } of schemaFaults(value)) ctx.addIssue({ code: "custom", path: [...path], message })
})

/**
 * Every step type and its description in the schema. step-types.ts says which keys each may have.
 */
const STEP_TYPES = {
  single: "one worker, one prompt",
  ensemble: "several propose, one judges",
  routed: "each item of a list goes to the worker of its category",
  parallel: "contains steps that run side by side",
  check: "runs only commands and file checks",
  gate: "`prompt` is a question to a person",
  workflow: "runs another workflow",
} satisfies Record<StepType, string>
const TYPE_NAMES = Object.keys(STEP_TYPES) as [StepType, ...StepType[]]

/** The order in which the schema lists the types: those done by workers come first. */
const DOERS: readonly Doer[] = ["worker", "parts", "checks", "person"]
const TYPE_WORDS = DOERS.flatMap((doer) => TYPE_NAMES.filter((type) => doneBy(type) === doer))
  .map((type) => `\`${type}\` (${STEP_TYPES[type]})`)
  .join(", ")

/** Keys for what every worker of a step is told, may do, and returns. */
const work = {
  prompt: z
    .string()
    .min(1)
    .optional()
    .describe("The worker's task; `${inputs.x}` and `${step.output}` are filled in, `$${` is a plain `${`."),
  model: worker
    .optional()
    .describe("A role of `models`, or `provider/model`, used instead of the profile's own model.")
    .register(unset, MODEL_UNSET),
  idle_timeout: duration
    .optional()
    .describe("Maximum time of silence (no text, no tool activity); without it the profile's, then 5m.")
    .register(unset, IDLE_TIMEOUT_UNSET),
  asks: asks
    .optional()
    .describe(
      "Who answers when the worker asks for a permission or has a question: `ask`, `deny`, `allow-listed`, or an object; without it the profile's, then a person.",
    )
    .register(unset, ASKS_UNSET),
  effects: z
    .enum(["external"])
    .optional()
    .describe(
      "`external`: the step has effects outside the project that cannot be undone, so after a crash or a failure it runs again only when a person says so.",
    ),
  context: z
    .enum(["full", "scoped", "distilled", "fresh"])
    .optional()
    .describe(
      "What the worker is given besides its prompt: nothing (`fresh`, default), its files and what its prompt names (`scoped`), handoffs of the steps before it (`distilled`), or all their answers (`full`).",
    ),
  files: z
    .array(insidePath)
    .min(1)
    .optional()
    .describe("Patterns of the files that the step owns and may write. `${…}` is filled in."),
  schema: schema
    .optional()
    .describe(
      "JSON Schema (draft 2020-12, or draft 7 if `$schema` says so) of the answer, which then must be JSON; later steps read `${id.structured.x}`.",
    ),
}

const ensemble = {
  proposers: z
    .array(worker)
    .min(1)
    .max(20)
    .optional()
    .describe("With `ensemble`: who proposes: profiles, roles, models."),
  judge: z
    .union([worker, z.array(worker).min(1)])
    .optional()
    .describe(
      "With `ensemble`: who judges the proposals; in a list, each entry stands in when the one before it fails.",
    ),
  mode: z
    .enum(["parallel", "sequential"])
    .optional()
    .describe("With `ensemble`: `parallel` (default), or `sequential`: each later proposer sees the earlier proposals.")
    .register(unset, { value: "parallel" }),
  verdict: z
    .enum(["synthesize", "pick"])
    .optional()
    .describe(
      "With `ensemble`: the judge combines all proposals into one answer (`synthesize`, default) or picks one (`pick`).",
    ),
  quorum: z
    .int()
    .min(1)
    .optional()
    .describe("With `ensemble`: minimum number of proposals. Default: more than half of the proposers."),
}

const routed = {
  over: z.string().min(1).optional().describe("With `routed`: expression whose value is the list of items."),
  by: z
    .string()
    .min(1)
    .optional()
    .describe("With `routed`: key of an item that holds its category. Default: `category`."),
  route: z
    .record(z.string(), worker)
    .optional()
    .describe("With `routed`: the worker (a profile, role or model) for the items of each category."),
  default: worker
    .optional()
    .describe("With `routed`: the worker for items of other categories; without it such items are an error."),
  max: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe(
      `With \`routed\`: maximum number of items. Default: ${DEFAULTS.maxItems}. A worker whose \`schema\` describes the list is told it, and asked again when its list is longer.`,
    ),
}

const flat = z.strictObject({
  id: name.describe("Name of the step, unique in the workflow. Later steps read `${id.output}`."),
  type: z.enum(TYPE_NAMES).default("single").describe(`What the step is: ${TYPE_WORDS}.`),
  description: z.string().optional().describe("What the step is for, for people."),
  profile: worker
    .default("default")
    .describe("The step's worker: a profile of orchestrator.json, a role of its `models`, or `provider/model`."),
  needs: z
    .array(z.string())
    .default([])
    .describe(
      "Steps that must have ended before this one starts. They must have succeeded, unless it has a `condition`.",
    ),
  timeout: duration
    .optional()
    .describe(
      "Deadline from start to end; without it the profile's, then 30m. Of a step of type `check`: the deadline of each command.",
    )
    .register(unset, TIMEOUT_UNSET),
  condition: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Expression, with or without `${}` around it. It is evaluated when every step in `needs` has ended, successfully or not; the step is skipped when it is false.",
    ),
  retry: retry
    .optional()
    .describe("How often the step is tried when it fails; without it there is one try.")
    .register(unset, { value: { max_attempts: 1 } }),
  on_failure: z
    .enum(["fail", "skip", "retry"])
    .optional()
    .describe(
      "What happens when all tries have failed: `fail` (default) fails the step, `skip` counts it as skipped and the run continues. `retry` is short for `retry: {}`, which means two tries.",
    )
    .register(unset, { value: "fail" }),
  checks: z
    .array(check)
    .optional()
    .describe(
      "Conditions checked after the worker has answered: commands (a plain text is a command that must pass), files, and another worker's opinion.",
    ),
  intervene: intervene
    .optional()
    .describe(
      "When the run pauses for a person after this step: `never`, `on-error`, `on-warning`, `always`; without it the profile's, then the workflow's. Of a `parallel` or `workflow` step: after each step inside that has none of its own.",
    )
    .register(unset, { value: DEFAULTS.intervene }),
  loop: loop.optional().describe("Repeats the step until its end condition holds or the rounds are used up."),
  budget: budget.optional().describe("The most that the step may spend, all its tries and parts together."),
  output: insidePath
    .optional()
    .describe("File inside the project that the step's answer is written to. `${…}` is filled in."),
  ...work,
  ...ensemble,
  ...routed,
  run: z.string().min(1).optional().describe("With `check`: command, run by the shell in the project's folder."),
  workflow: z.string().min(1).optional().describe("With `workflow`: name of the workflow that runs as this step."),
  with: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe("With `workflow`: its inputs, by name. `${…}` is filled in."),
})

/** The schema's description of a step key; empty when the key is unknown. */
export const descriptionOf = (key: string) => (flat.shape as Record<string, z.ZodType>)[key]?.description ?? ""

/** A step after defaults: durations are milliseconds. */
export type StepDocument = z.infer<typeof flat> & { readonly steps?: readonly StepDocument[] | undefined }

/** Keys that a step has in every dialect. */
export const shared = flat.pick({
  description: true,
  condition: true,
  retry: true,
  timeout: true,
  idle_timeout: true,
  on_failure: true,
  checks: true,
  intervene: true,
  asks: true,
  effects: true,
  files: true,
  schema: true,
  budget: true,
  loop: true,
}).shape

/** The schema of each step key, for use in other dialects. */
export const stepKeys = flat.shape

const parts = z
  .array(z.lazy((): z.ZodType<StepDocument> => step))
  .min(1)
  .optional()
  .describe("With `parallel`: the steps inside; their `needs` name each other.")

export const step: z.ZodType<StepDocument> = flat.extend({ steps: parts }).meta({ id: "step" })

/** The description of the key with which a hook names other hooks. */
export const HOOK_NEEDS =
  "Hooks that must have ended before this one starts; a hook at the end runs after all ordinary steps without naming them."

/** A step that runs at the beginning or the end. */
export const hook = flat.extend({ needs: flat.shape.needs.describe(HOOK_NEEDS), steps: parts }).meta({ id: "hook" })
