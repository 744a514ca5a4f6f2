import * as z from "zod"
import type { InputSpec } from "../core/model/workflow.ts"

/** The shape of the inputs of a workflow document. */

const inputType = z.enum(["string", "number", "integer", "boolean"])
const scalar = z.union([z.string(), z.number(), z.boolean()])

const fullInput = z
  .strictObject({
    type: inputType.default("string").describe("Type of the value; text from a command line is converted to it."),
    required: z
      .boolean()
      .optional()
      .describe("Whether a run must be given a value. Default: true, unless there is a `default`."),
    description: z.string().optional().describe("What the input means, shown to the person who starts the run."),
    default: scalar.optional().describe("Value that is used when none is given."),
    enum: z
      .array(z.union([z.string(), z.number()]))
      .min(1)
      .optional()
      .describe("The only values allowed."),
  })
  .superRefine((input, ctx) => {
    const problem = inputProblem(input)
    if (problem) ctx.addIssue({ code: "custom", ...problem })
  })

/** The types of inputs in words, for messages. */
export const TYPE_NAMES = {
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
} as const

type FullInput = z.infer<typeof fullInput>
interface InputProblem {
  path: (string | number)[]
  message: string
  params: { hint: string }
}

function inputProblem(input: FullInput): InputProblem | undefined {
  const { type, default: fallback, enum: allowed } = input
  const wrong = allowed?.findIndex((value) => !isOfType(value, type)) ?? -1
  if (wrong >= 0) return wrongType(["enum", wrong], allowed?.[wrong], type)
  if (fallback !== undefined && !isOfType(fallback, type)) return wrongType(["default"], fallback, type)
  if (input.required === true && fallback !== undefined) {
    const hint = "leave one of the two out"
    return { path: ["required"], message: "cannot be true with a `default`", params: { hint } }
  }
  if (fallback !== undefined && allowed && !allowed.some((value) => value === fallback)) {
    return { path: ["default"], message: "must be one of `enum`", params: { hint: `${allowed.join(", ")}` } }
  }
  if (input.required === false && fallback === undefined && (type !== "string" || allowed)) {
    return {
      path: ["required"],
      message: "cannot be false without a `default`",
      params: { hint: "add `default:`; only an input of type `string` without `enum` can be left empty" },
    }
  }
  return undefined
}

function wrongType(path: (string | number)[], value: unknown, type: InputSpec["type"]): InputProblem {
  const isTooLarge = type === "integer" && Number.isInteger(value) && Number(value) > 0
  const message = isTooLarge ? `is too large: at most ${Number.MAX_SAFE_INTEGER}` : `must be ${TYPE_NAMES[type]}`
  return { path, message, params: { hint: "or change `type`" } }
}

/** True when `value` has the type of the input without conversion. */
function isOfType(value: unknown, type: InputSpec["type"]): boolean {
  if (type === "integer") return Number.isSafeInteger(value)
  if (type === "number") return typeof value === "number" && Number.isFinite(value)
  return typeof value === type
}

export const input = z.union([inputType, fullInput]).transform((value): InputSpec => {
  const full: FullInput = typeof value === "string" ? { type: value } : value
  return {
    type: full.type,
    required: full.required ?? full.default === undefined,
    ...(full.description === undefined ? {} : { description: full.description }),
    ...(full.default === undefined ? {} : { default: full.default }),
    ...(full.enum === undefined ? {} : { enum: full.enum }),
  }
})

export const inputName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be letters, digits and `_`, beginning with a letter")
