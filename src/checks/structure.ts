import { fencedBlocks } from "../core/base/fences.ts"
import type { JsonSchema } from "../core/model/workflow.ts"
import type { Structured } from "../core/ports/ports.ts"

/**
 * Compiles a schema to a validator, which returns one sentence for each error of a value. Throws
 * when the schema is invalid.
 */
export type Compile = (schema: JsonSchema) => (value: unknown) => readonly string[]

/** Maximum number of errors that are reported at once. */
const TOLD = 10
/**
 * Number of cached validators. The schema of a step is used repeatedly, and compiling it takes some
 * milliseconds.
 */
const MAX_KNOWN = 64

/** Reads an answer as data and validates it against a schema; see the `Checker` port. */
export function createStructure(
  compile: Compile,
): (answer: string, schema: JsonSchema, nonce?: string) => Promise<Structured> {
  const known = new Map<string, (value: unknown) => readonly string[]>()
  const checkerOf = (schema: JsonSchema) => {
    const key = JSON.stringify(schema)
    const check = known.get(key) ?? compile(schema)
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(key, check)
    return check
  }
  return (answer, schema, nonce) => {
    const data = nonce === undefined ? dataIn(answer) : markedDataIn(answer, nonce)
    return Promise.resolve("error" in data ? data : checked(data.value, schema, checkerOf))
  }
}

function checked(value: unknown, schema: JsonSchema, compile: Compile): Structured {
  try {
    const wrong = compile(schema)(value)
    if (wrong.length === 0) return { value }
    const more = wrong.length > TOLD ? [`and ${wrong.length - TOLD} more`] : []
    return { error: [...wrong.slice(0, TOLD), ...more].join("; ") }
  } catch (error) {
    return { error: `the step's schema cannot be used: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/**
 * The data of an answer to a prompt with a nonce: its one block that carries it. A block without it
 * is a quotation, whatever is in it.
 */
function markedDataIn(answer: string, nonce: string): Structured {
  const blocks = fencedBlocks(answer, `json ${nonce}`, false)
  const [block] = blocks
  if (block === undefined)
    return { error: "the answer has no block that is marked as asked for, with `json` and the mark" }
  if (blocks.length > 1) return { error: `the answer has ${blocks.length} blocks of data, and exactly one counts` }
  try {
    return { value: JSON.parse(block.body) as unknown }
  } catch (error) {
    return { error: `the block of data is not valid JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** The data of an answer: its last fenced block of JSON, otherwise the whole answer. */
function dataIn(answer: string): Structured {
  // The last block of JSON counted before prompts had a nonce.
  const blocks = fencedBlocks(answer, "json", false)
  const text = (blocks.at(-1)?.body ?? answer).trim()
  if (text === "") return { error: "there is no JSON in the answer" }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const where = blocks.length > 0 ? "the last block of JSON" : "the answer (it has no block marked `json`)"
    return { error: `${where} is not valid JSON: ${why}` }
  }
}
