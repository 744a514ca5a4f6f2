import type { Ajv, ErrorObject, ValidateFunction } from "ajv"
import type { JsonSchema } from "../core/model.ts"
import type { Structured } from "../core/ports.ts"

/** Things wrong with an answer that are told at once. */
const TOLD = 10
const BLOCK = /^[ \t]*(`{3,}|~{3,})[ \t]*json[ \t]*\r?\n([\s\S]*?)^[ \t]*\1[ \t]*$/gim

/** Schemas of steps are asked about again and again, and take some milliseconds to compile. */
const compiled = new Map<string, ValidateFunction>()
const MAX_COMPILED = 64

/** An answer as data, checked against the schema; see the `Checker` port. */
export async function structure(answer: string, schema: JsonSchema): Promise<Structured> {
  const parsed = dataIn(answer)
  if ("error" in parsed) return parsed
  return validate(parsed.value, schema)
}

/** Checks data against a schema. Never rejects: a schema that is none is an error of the answer's step, and says so. */
async function validate(value: unknown, schema: JsonSchema): Promise<Structured> {
  let holds: ValidateFunction
  try {
    holds = await compile(schema)
  } catch (error) {
    return {
      error: `the step's schema is not a JSON Schema: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
  if (holds(value)) return { value }
  const errors = (holds.errors ?? []).map(sentenceOf)
  const more = errors.length > TOLD ? [`and ${errors.length - TOLD} more`] : []
  return { error: [...new Set(errors.slice(0, TOLD)), ...more].join("; ") }
}

/** The data in an answer: of its last fenced block of JSON, or else of all of it. */
function dataIn(answer: string): Structured {
  const blocks = [...answer.matchAll(BLOCK)]
  const text = (blocks.at(-1)?.[2] ?? answer).trim()
  if (text === "") return { error: "there is no JSON in the answer" }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const where = blocks.length > 0 ? "the last block of JSON" : "the answer (it has no block marked `json`)"
    return { error: `${where} is not valid JSON: ${why}` }
  }
}

async function compile(schema: JsonSchema): Promise<ValidateFunction> {
  const key = JSON.stringify(schema)
  const known = compiled.get(key)
  if (known) return known
  const holds = (await validatorFor(schema)).compile(schema)
  if (compiled.size >= MAX_COMPILED) compiled.clear()
  compiled.set(key, holds)
  return holds
}

/** Loaded at the first use: most runs want no data. */
async function validatorFor({ $schema }: JsonSchema): Promise<Ajv> {
  const options = { allErrors: true, strict: false, logger: false } as const
  const isOld = typeof $schema === "string" && /draft-0[67]/.test($schema)
  const ajv = isOld ? new (await import("ajv")).Ajv(options) : new (await import("ajv/dist/2020.js")).Ajv2020(options)
  const { default: formats } = await import("ajv-formats")
  formats.default(ajv)
  return ajv
}

/** `/tasks/0/title must be string`: the path of what is wrong, and what. */
function sentenceOf({ instancePath, message, params }: ErrorObject): string {
  const more = params as { additionalProperty?: string; allowedValues?: unknown; allowedValue?: unknown }
  const detail = more.additionalProperty ?? (more.allowedValues === undefined ? more.allowedValue : more.allowedValues)
  const said = detail === undefined ? "" : `: ${typeof detail === "string" ? detail : JSON.stringify(detail)}`
  return `${instancePath === "" ? "the answer" : instancePath} ${message ?? "is wrong"}${said}`
}
