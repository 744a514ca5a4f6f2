import * as z from "zod"
import { writeDuration } from "../core/base/duration.ts"
import { DEFAULTS } from "../core/model/defaults.ts"

/** What counts for a key that was written nowhere. */
export interface Unset {
  /** As a person would write it, or in words where it is not a value of the key. */
  readonly value: unknown
  /** The value for a worker that a person works with (`mode: foreground`), where it is another. */
  readonly foreground?: unknown
  /** The parts of the value, where it has a short form and can be asked about part by part. */
  readonly parts?: Readonly<Record<string, unknown>>
}

/**
 * Registered beside a key's declaration where `.default()` cannot say it: because another place is asked first, such as
 * the profile of a step, or because the value is not the input's own form. It is not the `default` of the schema files:
 * editors insert that, and what is written at a step would override its profile.
 */
export const unset = z.registry<Unset>()

/** Of keys that a profile and a step both have, in either place. */
export const ASKS_UNSET: Unset = { value: DEFAULTS.asks.policy, parts: DEFAULTS.asks }
export const MODEL_UNSET: Unset = { value: "that of the session the run was started in, else OpenCode's default" }
export const TIMEOUT_UNSET: Unset = {
  value: writeDuration(DEFAULTS.stepTimeoutMs),
  foreground: writeDuration(DEFAULTS.foregroundTimeoutMs),
}
export const IDLE_TIMEOUT_UNSET: Unset = { value: writeDuration(DEFAULTS.stepIdleTimeoutMs) }

const KEY = "x-unset"

/** The JSON Schema of a document, with what `unset` holds of its keys in it. */
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

/** What `schemaWithUnset` put into the schema of one key. */
export function unsetIn(schema: object): Unset | undefined {
  return (schema as { readonly [KEY]?: Unset })[KEY]
}
