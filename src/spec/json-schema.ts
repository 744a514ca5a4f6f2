import { Ajv as Draft7, type ErrorObject } from "ajv"
import { Ajv2020 } from "ajv/dist/2020.js"
import formats from "ajv-formats"
import { nearest } from "../core/base/nearest.ts"
import type { Path } from "../core/documents/issues.ts"
import type { JsonSchema } from "../core/model/workflow.ts"

/**
 * JSON Schemas that users write: draft 2020-12, or draft 7 where `$schema` says so. Checked strictly, so that a misspelt
 * keyword is found instead of allowing everything.
 */

interface SchemaFault {
  readonly path: Path
  /** A predicate, as in `src/core/documents/issues.ts`. */
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

/** A fresh one for each schema: what one user's schema is called must not meet another's. That it is valid was looked at
 *  before, by the two below. */
function ajvFor(schema: JsonSchema): Draft7 {
  const options = { ...OPTIONS, validateSchema: false }
  const ajv = isDraft7(schema) ? new Draft7(options) : new Ajv2020(options)
  formats.default(ajv)
  return ajv
}

/** Those that only look at schemas: to make one takes longer than to read a document. */
const lookers = new Map<boolean, Draft7>()

function lookerFor(schema: JsonSchema): Draft7 {
  const is7 = isDraft7(schema)
  const looker = lookers.get(is7) ?? (is7 ? new Draft7(OPTIONS) : new Ajv2020(OPTIONS))
  lookers.set(is7, looker)
  return looker
}

/** What is wrong with a schema itself, each at its place inside it; empty: it can be used. */
export function schemaFaults(schema: JsonSchema): SchemaFault[] {
  try {
    const looker = lookerFor(schema)
    if (looker.validateSchema(schema) === true) {
      ajvFor(schema).compile(schema)
      return []
    }
    return distinct(
      (looker.errors ?? []).map((error) => ({ path: pathOf(error.instancePath), message: wordsOf(error) })),
    )
  } catch (error) {
    return [faultOf(schema, error instanceof Error ? error.message : String(error))]
  }
}

/**
 * Makes a checker of answers. `validate` gives a sentence for each thing wrong, with its path inside the answer; none:
 * it fits. Throws when the schema itself cannot be used, which `validate` of a workflow finds before.
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

/** One sentence a place: of alternatives that all fail the first says enough. */
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

/** What ajv throws has no place; the word it names is looked for. */
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

/** Where a key of that name, or a text with that in it, stands; depth first. */
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
