import * as z from "zod"
import { writeDuration } from "../core/base/duration.ts"
import { DEFAULTS } from "../core/model/defaults.ts"

/** The value that applies when a key is set nowhere. */
export interface Unset {
  /** As a person would write it, or a description when it is not a value of the key. */
  readonly value: unknown
  /** The value for a worker that a person works with (`mode: foreground`), if it differs. */
  readonly foreground?: unknown
  /** The parts of the value, if it has a short form and its parts can be explained one by one. */
  readonly parts?: Readonly<Record<string, unknown>>
}

/**
 * Fallback values, registered beside a key's declaration when `.default()` cannot express them:
 * either another place is asked first, such as the profile of a step, or the value is not in the
 * key's input form. They are not the `default` of the schema files, because editors insert that,
 * and a value inserted at a step would override its profile.
 */
export const unset = z.registry<Unset>()

/** The fallback values of keys that both a profile and a step have. */
export const ASKS_UNSET: Unset = { value: DEFAULTS.asks.policy, parts: DEFAULTS.asks }
export const MODEL_UNSET: Unset = { value: "that of the session the run was started in, else OpenCode's default" }
export const TIMEOUT_UNSET: Unset = {
  value: writeDuration(DEFAULTS.stepTimeoutMs),
  foreground: writeDuration(DEFAULTS.foregroundTimeoutMs),
}
export const IDLE_TIMEOUT_UNSET: Unset = { value: writeDuration(DEFAULTS.stepIdleTimeoutMs) }

const KEY = "x-unset"

/** The JSON Schema of a document, including the fallback values that `unset` holds. */
export function schemaWithUnset(schema: z.ZodType): object {
  return z.toJSONSchema(schema, {
    io: "input",
    target: "draft-7",
    override({ zodSchema, jsonSchema }) {
      const found = unset.get(zodSchema)
      if (found) jsonSchema[KEY] = found
    },
  })
}

/** The fallback value that `schemaWithUnset` put into the schema of one key. */
export function unsetIn(schema: object): Unset | undefined {
  return (schema as { readonly [KEY]?: Unset })[KEY]
}
