import { DEFAULTS } from "../core/model/defaults.ts"
import type { JsonSchema } from "../core/model/workflow.ts"
import type { StepDocument } from "./step-shape.ts"

/**
 * Puts the `max` of a routed step into the schema of the answer that holds its list. The worker is
 * told the limit with the schema, and a list that is too long goes back to it before anything else
 * is done, instead of failing the routed step after all steps before it have been paid.
 */

interface ListCap {
  /** Keys from the top of the answer to the list. */
  readonly keys: readonly string[]
  readonly max: number
}

/** Matches a list that is a part of a step's structured answer, and nothing else. */
const LIST = /^\s*(?:\$\{)?\s*([A-Za-z][\w-]*)\s*\.\s*structured((?:\s*\.\s*[A-Za-z_]\w*)*)\s*\}?\s*$/

/** Returns the schemas of these steps and of those inside that get a limit, with the limit. */
export function cappedSchemas(steps: readonly StepDocument[]): ReadonlyMap<JsonSchema, JsonSchema> {
  const capped = new Map<JsonSchema, JsonSchema>()
  collect(steps, new Map(), capped)
  return capped
}

function collect(
  steps: readonly StepDocument[],
  outer: ReadonlyMap<string, StepDocument>,
  capped: Map<JsonSchema, JsonSchema>,
): void {
  const visible = new Map([...outer, ...steps.map((step) => [step.id, step] as const)])
  for (const { type, over, max = DEFAULTS.maxItems, steps: inside } of steps) {
    if (inside) collect(inside, visible, capped)
    const [, id, path = ""] = (type === "routed" && LIST.exec(over ?? "")) || []
    const schema = visible.get(id ?? "")?.schema
    if (schema === undefined) continue
    const keys = path.split(".").flatMap((key) => key.trim() || [])
    capped.set(schema, withCap(capped.get(schema) ?? schema, { keys, max }))
  }
}

function withCap(schema: JsonSchema, { keys, max }: ListCap): JsonSchema {
  const direct = atList(schema, keys, max)
  if (direct) return direct
  // The list is described elsewhere, for example by a `$ref`: the limit is added beside it.
  const limit = keys.reduceRight<JsonSchema>((inner, key) => ({ properties: { [key]: inner } }), { maxItems: max })
  return { ...schema, allOf: [...(Array.isArray(schema.allOf) ? schema.allOf : []), limit] }
}

/** The schema with the limit at the list, or undefined when it does not describe the list there. */
function atList(schema: JsonSchema, [key, ...rest]: readonly string[], max: number): JsonSchema | undefined {
  if (key === undefined) {
    if (schema.type !== "array") return undefined
    const { maxItems } = schema
    return { ...schema, maxItems: typeof maxItems === "number" ? Math.min(maxItems, max) : max }
  }
  const { properties } = schema
  if (!isSchema(properties) || !Object.hasOwn(properties, key)) return undefined
  const property = properties[key]
  const inner = isSchema(property) ? atList(property, rest, max) : undefined
  return inner && { ...schema, properties: { ...properties, [key]: inner } }
}

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value)
