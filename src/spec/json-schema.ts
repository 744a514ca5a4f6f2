import { Ajv as Draft7, type ErrorObject } from "ajv"
import { Ajv2020 } from "ajv/dist/2020.js"
import formats from "ajv-formats"
import { nearest } from "../core/base/nearest.ts"
import type { Path } from "../core/documents/issues.ts"
import type { JsonSchema } from "../core/model/workflow.ts"

/**
 * Checks and compiles the JSON Schemas that users write: draft 2020-12, or draft 7 when `$schema`
 * says so. Schemas are checked strictly, because a misspelt keyword would otherwise allow
 * everything.
 */

interface SchemaFault {
  readonly path: Path
  /** A predicate without its subject, as in `src/core/documents/issues.ts`. */
  readonly message: string
}

const OPTIONS = {
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  logger: false,
  addUsedSchema: false,
} as const

const isDraft7 = ({ $schema }: JsonSchema) => typeof $schema === "string" && $schema.includes("draft-07")

/**
 * A new Ajv instance for one schema, so that the `$id` of one user's schema cannot collide with
 * another's. It does not validate the schema: `schemaFaults` did.
 */
function ajvFor(schema: JsonSchema): Draft7 {
  const options = { ...OPTIONS, validateSchema: false }
  const ajv = isDraft7(schema) ? new Draft7(options) : new Ajv2020(options)
  formats.default(ajv)
  return ajv
}

/**
 * Instances that only validate schemas, one per draft: making one takes longer than reading a
 * document.
 */
const metaValidators = new Map<boolean, Draft7>()

function metaValidatorFor(schema: JsonSchema): Draft7 {
  const is7 = isDraft7(schema)
  const validator = metaValidators.get(is7) ?? (is7 ? new Draft7(OPTIONS) : new Ajv2020(OPTIONS))
  metaValidators.set(is7, validator)
  return validator
}

/**
 * The faults of a schema itself, each with its path inside the schema; empty when the schema can be
 * used.
 */
export function schemaFaults(schema: JsonSchema): SchemaFault[] {
  try {
    const validator = metaValidatorFor(schema)
    if (validator.validateSchema(schema) === true) {
      ajvFor(schema).compile(schema)
      return []
    }
    return distinct(
      (validator.errors ?? []).map((error) => ({ path: pathOf(error.instancePath), message: wordsOf(error) })),
    )
  } catch (error) {
    return [faultOf(schema, error instanceof Error ? error.message : String(error))]
  }
}

/**
 * Compiles a schema into a function that checks an answer and returns one sentence per mismatch,
 * with its path inside the answer; empty when the answer fits. Throws when the schema itself cannot
 * be used, which validating the workflow reports earlier.
 */
export function compileSchema(schema: JsonSchema): (value: unknown) => string[] {
  const check = ajvFor(schema).compile(schema)
  return (value) => {
    if (check(value)) return []
    return [...new Set((check.errors ?? []).map((error) => `${error.instancePath || "/"} ${wordsOf(error)}`))]
  }
}

const pathOf = (pointer: string): Path =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))

/** Keeps one fault per path: when all alternatives fail, the first failure is enough. */
function distinct(faults: readonly SchemaFault[]): SchemaFault[] {
  const places = new Set<string>()
  return faults.filter(({ path }) => !places.has(path.join("/")) && places.add(path.join("/")))
}

function wordsOf({ keyword, message, params }: ErrorObject): string {
  if (keyword === "additionalProperties") return `must not have \`${params.additionalProperty}\``
  if (keyword === "enum")
    return `must be one of ${(params.allowedValues as unknown[]).map((one) => JSON.stringify(one)).join(", ")}`
  if (keyword === "const") return `must be ${JSON.stringify(params.allowedValue)}`
  return message ?? "is not valid"
}

const KEYWORDS = [
  ...["type", "properties", "required", "items", "enum", "const", "description", "title", "format", "pattern"],
  ...["additionalProperties", "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "anyOf"],
  ...["oneOf", "allOf", "not", "prefixItems", "uniqueItems", "patternProperties", "$defs", "$ref", "default"],
]

/**
 * The fault for an error that Ajv threw. Such an error has no path, so the word it names is
 * searched for.
 */
function faultOf(schema: JsonSchema, message: string): SchemaFault {
  const keyword = /unknown keyword: "(.+)"$/.exec(message)?.[1]
  if (keyword !== undefined) {
    const close = nearest(keyword, KEYWORDS)
    const way = close === undefined ? "" : `; did you mean \`${close}\`?`
    return { path: find(schema, keyword) ?? [], message: `is not a keyword of JSON Schema${way}` }
  }
  const named = /(?:format|reference|regular expression:?) "?\/?([^"/\s]+)/.exec(message)?.[1]
  const place = named === undefined ? undefined : find(schema, undefined, named)
  return { path: place ?? [], message: `cannot be used: ${message.replace(/^strict mode: /, "")}` }
}

/**
 * The path of the first key with that name, or of the first text that contains `text`; depth first.
 */
function find(value: unknown, key: string | undefined, text?: string): Path | undefined {
  if (typeof value === "string") return text !== undefined && value.includes(text) ? [] : undefined
  if (typeof value !== "object" || value === null) return undefined
  for (const [name, inner] of Object.entries(value)) {
    const here = Array.isArray(value) ? Number(name) : name
    if (key !== undefined && name === key) return [here]
    const below = find(inner, key, text)
    if (below !== undefined) return [here, ...below]
  }
  return undefined
}
