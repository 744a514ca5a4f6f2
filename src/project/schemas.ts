import { configSchema } from "../config/schema.ts"
import { NOT_YET, valueAt } from "../core/documents/issues.ts"
import { schemaWithUnset, type Unset, unsetIn } from "../shapes/unset.ts"
import { workflowSchema } from "../spec/schema.ts"

/** The levels at which a value can be written, nearest to a step first. */
export const LEVELS = ["step", "profile", "settings", "limits", "top"] as const
export type Level = (typeof LEVELS)[number]

export interface KeyInfo {
  readonly description: string
  /** The value that applies when the key is set nowhere; undefined when there is none. */
  readonly unset?: Unset
}

/**
 * The keys that can be written at each level, as the schemas declare them, without refused ones.
 */
export function keysOfLevels(): KeysOfLevels {
  known ??= readKeys()
  return known
}

export type KeysOfLevels = Readonly<Record<Level, ReadonlyMap<string, KeyInfo>>>
/** A cache, because converting the schemas costs more than answering a question. */
let known: KeysOfLevels | undefined

function readKeys(): KeysOfLevels {
  const workflow = schemaWithUnset(workflowSchema)
  const config = schemaWithUnset(configSchema)
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
    Object.entries(properties as Record<string, KeySchema>).flatMap(([key, declared]): [string, KeyInfo][] => {
      const { description = "" } = declared
      if (description.endsWith(NOT_YET)) return []
      const unset = unsetIn(declared) ?? (declared.default === undefined ? undefined : { value: declared.default })
      return [[key, { description, ...(unset === undefined ? {} : { unset }) }]]
    }),
  )
}

interface KeySchema {
  readonly description?: string
  readonly default?: unknown
}

/** Resolves a `$ref` of a schema to the part of `root` that it points to. */
function follow(root: object, part: unknown): unknown {
  const ref = valueAt(part, ["$ref"])
  return typeof ref === "string" ? valueAt(root, ref.replace(/^#\/?/, "").split("/").filter(Boolean)) : part
}
