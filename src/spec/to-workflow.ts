import { defined } from "../core/base/defined.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import { doneBy, groupTraits } from "../core/model/step-types.ts"
import type {
  Check,
  Group,
  Hook,
  Intervene,
  JsonSchema,
  Opinion,
  Retry,
  Settings,
  Step,
  Workflow,
} from "../core/model/workflow.ts"
import { cappedSchemas } from "./list-caps.ts"
import type { WorkflowDocument } from "./schema.ts"
import type { StepDocument } from "./step-shape.ts"
import { groupOf } from "./step-types.ts"

/** Converts a checked document into the workflow that runs. */

/** The retry policy that `on_failure: retry` stands for when the step has no `retry`. */
const TWO_TRIES: Retry = { maxAttempts: DEFAULTS.retryAttempts, delayMs: 0, backoff: "fixed" }

/** Returns the workflow that a step of type `workflow` names. */
export type Embed = (name: string) => Workflow

/** What the conversion of a step needs from the rest of the document. */
interface Conversion {
  readonly embed: Embed
  /** The schemas that contain the limit of a routed step, by the schemas in the document. */
  readonly capped: ReadonlyMap<JsonSchema, JsonSchema>
}

/** Converts a checked document. `name` is the workflow's name when the document gives none. */
export function toWorkflow(document: WorkflowDocument, name: string, embed: Embed): Workflow {
  const { variables, secrets } = document.context
  const { distill } = document.settings
  return {
    name: document.name ?? name,
    ...defined({
      description: document.description,
      version: document.version === undefined ? undefined : String(document.version),
      metadata: document.metadata,
    }),
    inputs: document.inputs,
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
    ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
    ...defined({ distiller: distill }),
    settings: toSettings(document.settings),
    steps: toSteps(document, embed),
  }
}

/**
 * The document's steps followed by its hooks. Steps without `needs` wait for the `on_start` hooks,
 * and hooks at the end wait for every other step, and for the hooks that they need.
 */
function toSteps({ steps, hooks }: WorkflowDocument, embed: Embed): Step[] {
  const { on_start, on_success, on_failure, on_complete } = hooks
  const all = [...steps, ...on_start, ...on_success, ...on_failure, ...on_complete]
  const conversion = { embed, capped: cappedSchemas(all) }
  const start = on_start.map((step) => toStep(step, conversion))
  const ids = start.map((step) => step.id)
  const graph = steps
    .map((step) => toStep(step, conversion))
    .map((step) => (step.needs.length > 0 ? step : { ...step, needs: ids }))
  const needs = [...ids, ...graph.map((step) => step.id)]
  const atEnd = (list: typeof on_success, hook: Hook) =>
    list.map((step): Step => ({ ...toStep({ ...step, needs: [...needs, ...step.needs] }, conversion), hook }))
  return [
    ...start,
    ...graph,
    ...atEnd(on_success, "success"),
    ...atEnd(on_failure, "failure"),
    ...atEnd(on_complete, "complete"),
  ]
}

function toSettings(settings: WorkflowDocument["settings"]): Settings {
  const { intervene, budget, gate } = settings
  return {
    maxParallel: settings.max_parallel,
    timeoutMs: settings.timeout,
    onFailure: settings.on_failure,
    ...defined({ intervene, budget, gateTimeoutMs: gate?.timeout, gateDefault: gate?.default }),
  }
}

function toStep(step: StepDocument, conversion: Conversion): Step {
  const { description, model, condition, intervene, asks, context, files, output, schema, budget, effects, loop } = step
  const all = [...(step.run === undefined ? [] : [commandOf(step.run)]), ...(step.checks ?? [])]
  const checks = all.filter((one): one is Check => "type" in one).map((check) => withTimeout(check, step))
  const opinions = all.filter((one): one is Opinion => !("type" in one))
  return {
    id: step.id,
    type: step.type,
    ...defined({ description }),
    profile: step.profile,
    ...defined({ model }),
    prompt: step.prompt ?? "",
    needs: step.needs,
    ...defined({
      ...{
        group: inheriting(
          groupOf(step, { step: (one) => toStep(one, conversion), workflow: conversion.embed }),
          intervene,
        ),
        loop,
        context,
        files,
        output,
        schema: schema && (conversion.capped.get(schema) ?? schema),
        budget,
      },
      ...{ timeoutMs: step.timeout, idleTimeoutMs: step.idle_timeout, asks, condition },
      retry: step.retry ?? (step.on_failure === "retry" ? TWO_TRIES : undefined),
      checks: checks.length > 0 || step.checks !== undefined ? checks : undefined,
      opinions: opinions.length > 0 ? opinions : undefined,
      ...{ effects, intervene, onFailure: step.on_failure === "retry" ? undefined : step.on_failure },
    }),
  }
}

/** The deadline of a step without a worker is that of each of its commands. */
function withTimeout(check: Check, { type, timeout }: StepDocument): Check {
  const isOwn = doneBy(type) !== "checks" || timeout === undefined || check.type !== "command"
  return isOwn || check.timeoutMs !== undefined ? check : { ...check, timeoutMs: timeout }
}

/**
 * A group whose steps have its `intervene` where they have none: a person is asked about the steps
 * inside, and not again about the group.
 */
function inheriting(group: Group | undefined, intervene: Intervene | undefined): Group | undefined {
  if (group === undefined || intervene === undefined) return group
  return groupTraits(group).withSteps(group, (steps) =>
    steps.map((inner) => {
      if (inner.intervene !== undefined || doneBy(inner.type) === "person") return inner
      return { ...inner, intervene, ...defined({ group: inheriting(inner.group, intervene) }) }
    }),
  )
}

const commandOf = (run: string): Check => ({ type: "command", run, expect: "pass", severity: "error" })
