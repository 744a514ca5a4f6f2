import { isInexact } from "../core/base/json.ts"
import { suggest } from "../core/base/nearest.ts"
import { isMissing } from "../core/model/inputs.ts"
import type { Problem, Result } from "../core/model/problem.ts"
import type { InputSpec, InputValue, Workflow } from "../core/model/workflow.ts"
import { TYPE_NAMES } from "./input-shape.ts"

/** Name of the input that receives the free text of a command line. */
const TASK = "task"

/**
 * Binds the given values to the inputs of a workflow. Text is converted to the declared type,
 * defaults are filled in, and an optional text that was not given is empty, so that every declared
 * input has a value. `task` is the free text of the command and goes to the input named `task`.
 * Problems have no position in a file: their `file` is the workflow's name.
 */
export function bindInputs(
  workflow: Workflow,
  raw: Readonly<Record<string, InputValue>>,
  task?: string,
): Result<Record<string, InputValue>> {
  const declared = Object.keys(workflow.inputs)
  const problems: Problem[] = []
  const report = (message: string, hint: string) =>
    problems.push({ file: workflow.name, line: 0, column: 0, message, hint })

  const given = new Map(Object.entries(raw))
  if (task !== undefined && task !== "") {
    if (!declared.includes(TASK)) report("takes no task text", takes(workflow))
    else if (given.has(TASK)) report("the task is given twice", "as text and as `task=…`: leave one out")
    else given.set(TASK, task)
  }
  for (const name of given.keys()) {
    if (!declared.includes(name)) report(`unknown input \`${name}\``, suggest(name, declared, "inputs"))
  }
  const values = declared.map((name): [string, InputValue] => {
    const spec = workflow.inputs[name] as InputSpec
    const value = given.get(name)
    if (value !== undefined) return [name, convert(name, spec, value, report)]
    if (spec.default === undefined && spec.required) report(`input \`${name}\` is missing`, missing(name, spec))
    return [name, spec.default ?? ""]
  })
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: Object.fromEntries(values) }
}

type InputReporter = (message: string, hint: string) => void

/** Converts a value to the type of its input, and reports a value that does not fit. */
export function convert(name: string, spec: InputSpec, value: InputValue, report: InputReporter): InputValue {
  if (isMissing(spec, value)) {
    report(`input \`${name}\` is empty`, missing(name, spec))
    return value
  }
  const converted = toType(spec.type, value)
  const limit = converted === undefined ? limitOf(spec.type, value) : undefined
  if (limit !== undefined) {
    const [what, most] = limit > 0 ? ["large", "at most"] : ["small", "at least"]
    report(`input \`${name}\` is too ${what}: \`${value}\``, `${most} ${limit}`)
    return value
  }
  if (converted === undefined) {
    report(`input \`${name}\` must be ${TYPE_NAMES[spec.type]}, not \`${value}\``, `write ${EXAMPLES[spec.type](name)}`)
    return value
  }
  if (spec.enum && !spec.enum.some((allowed) => allowed === converted)) {
    report(`input \`${name}\` cannot be \`${value}\``, suggest(String(value), spec.enum.map(String), "values"))
  }
  return converted
}

/** The largest or smallest value of a type, when this number is beyond it. */
function limitOf(type: InputSpec["type"], value: InputValue): number | undefined {
  if ((type !== "integer" && type !== "number") || !isNumeric(value)) return undefined
  const number = Number(value)
  const isExact = type === "integer" || isInexact(number, String(value))
  const most = isExact ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE
  return Math.abs(number) > most ? Math.sign(number) * most : undefined
}

function isNumeric(value: InputValue): boolean {
  if (typeof value !== "string") return typeof value === "number"
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value)
}

/** The value converted to that type; undefined when that is not possible. */
function toType(type: InputSpec["type"], value: InputValue): InputValue | undefined {
  if (type === "string") return String(value)
  if (type === "boolean") {
    return value === true || value === "true" ? true : value === false || value === "false" ? false : undefined
  }
  const number = isNumeric(value) ? Number(value) : Number.NaN
  const fits = type === "integer" ? Number.isSafeInteger(number) : Number.isFinite(number)
  return fits && !isInexact(number, String(value)) ? number : undefined
}

const EXAMPLES: Readonly<Record<InputSpec["type"], (name: string) => string>> = {
  string: (name) => `\`${name}=…\``,
  number: (name) => `\`${name}=0.5\``,
  integer: (name) => `\`${name}=3\``,
  boolean: (name) => `\`${name}=true\` or \`${name}=false\``,
}

function missing(name: string, spec: InputSpec): string {
  const how = name === TASK ? "write it after the name, or `task=…`" : `write \`${name}=…\``
  return spec.description ? `${how}: ${spec.description}` : how
}

function takes(workflow: Workflow): string {
  const names = Object.keys(workflow.inputs)
  return names.length === 0 ? "it has no inputs" : `it takes ${names.map((name) => `\`${name}=…\``).join(", ")}`
}
