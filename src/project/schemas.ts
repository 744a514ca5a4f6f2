import { configJsonSchema } from "../config/schema.ts"
import { NOT_YET, valueAt } from "../core/documents/issues.ts"
import { jsonSchemaOf, workflowSchema } from "../spec/schema.ts"

/** Where a value can be written, nearest to a step first. */
export const LEVELS = ["step", "profile", "settings", "limits", "top"] as const
export type Level = (typeof LEVELS)[number]

export interface KeyInfo {
  readonly description: string
  readonly default?: unknown
}

/** The keys that can be written at each level, as the schemas declare them; refused ones left out. */
export function keysOfLevels(): KeysOfLevels {
  known ??= readKeys()
  return known
}

export type KeysOfLevels = Readonly<Record<Level, ReadonlyMap<string, KeyInfo>>>
/** The schemas do not change while a process runs, and cost more to write out than a question does to answer. */
let known: KeysOfLevels | undefined

function readKeys(): KeysOfLevels {
  const workflow = jsonSchemaOf(workflowSchema)
  const config = configJsonSchema()
  return {
    step: keysAt(workflow, ["properties", "steps", "items"]),
    profile: keysAt(config, ["properties", "profiles", "additionalProperties"]),
    settings: keysAt(workflow, ["properties", "settings"]),
    limits: keysAt(config, ["properties", "limits"]),
    top: keysAt(config, []),
  }
}

function keysAt(schema: object, path: readonly string[]): Map<string, KeyInfo> {
  const at = path.reduce<unknown>((part, key) => follow(schema, valueAt(follow(schema, part), [key])), schema)
  const properties = valueAt(follow(schema, at), ["properties"]) ?? {}
  return new Map(
    Object.entries(properties as Record<string, { description?: string; default?: unknown }>).flatMap(
      ([key, { description = "", default: value }]): [string, KeyInfo][] =>
        description.endsWith(NOT_YET)
          ? []
          : [[key, { description, ...(value === undefined ? {} : { default: value }) }]],
    ),
  )
}

/** What a schema says by reference is somewhere else in it. */
function follow(root: object, part: unknown): unknown {
  const ref = valueAt(part, ["$ref"])
  return typeof ref === "string" ? valueAt(root, ref.replace(/^#\/?/, "").split("/").filter(Boolean)) : part
}
