import { type ASTNode, TypeError as CelTypeError, Environment, EvaluationError, ParseError } from "@marcbachmann/cel-js"
import { type ExpressionProblem, type KnownNames, type Reference, rewrite, unknownName } from "./names.ts"

/**
 * Checks and evaluates the expressions between `${` and `}`. They are written in the Common
 * Expression Language (CEL), and only this module uses its library. CEL is not Turing complete and
 * sees only the values it is given; the guard below bans the constructs that can still run away.
 */

export type ExpressionType = "string" | "double" | "bool"

/** Types of the names that an expression may use, as far as they are known before it runs. */
export interface Types {
  readonly inputs: ReadonlyMap<string, ExpressionType>
  readonly variables: ReadonlyMap<string, ExpressionType>
}

/** The problems and references of an expression or template. Offsets count from its beginning. */
export interface Findings {
  readonly problems: readonly ExpressionProblem[]
  readonly references: readonly Reference[]
}

/**
 * Maximum characters of an expression. It bounds the cost of searching names at every hyphen of a
 * word.
 */
const MAX_LENGTH = 10_000
const LIMITS = { maxAstNodes: 400, maxDepth: 32, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 8 }
const TOO_LONG: ExpressionProblem = { offset: 0, message: `the expression has more than ${MAX_LENGTH} characters` }
const MAX_MACRO_NESTING = 2
const MACROS: readonly string[] = ["map", "filter", "all", "exists", "exists_one"]
const MAX_UNKNOWN_NAMES = 10

/**
 * With `known` false any name is accepted, because names were checked when the document was read.
 */
function environment(known: boolean): Environment {
  const env = new Environment({
    unlistedVariablesAreDyn: !known,
    homogeneousAggregateLiterals: false,
    limits: LIMITS,
  })
  // Numbers of a workflow are doubles and literals are ints: without these `inputs.count + 1` has
  // no meaning.
  const arithmetic: Record<string, (a: number, b: number) => number> = {
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "/": (a, b) => a / b,
    "%": (a, b) => a % b,
  }
  for (const [op, apply] of Object.entries(arithmetic)) {
    const onNumbers = (a: unknown, b: unknown) => apply(Number(a), Number(b))
    env.registerOperator(`double ${op} int`, onNumbers)
    env.registerOperator(`int ${op} double`, onNumbers)
  }
  env.registerOperator("double % double", arithmetic["%"] as (a: number, b: number) => number)
  env.registerOperator("double == int", (a: unknown, b: unknown) => Number(a) === Number(b))
  for (const type of ["int", "double", "bool"]) {
    env.registerOperator(`string + ${type}`, (a: unknown, b: unknown) => `${a}${b}`)
    env.registerOperator(`${type} + string`, (a: unknown, b: unknown) => `${a}${b}`)
  }
  env.registerFunction("fn_uppercase(string): string", (text: string) => text.toUpperCase())
  env.registerFunction("fn_lowercase(string): string", (text: string) => text.toLowerCase())
  env.registerFunction("fn_trim(string): string", (text: string) => text.trim())
  env.registerFunction("fn_json(dyn): string", (value: unknown) => JSON.stringify(plain(value)))
  return env
}

const strict = environment(true)
const lenient = environment(false)

/** The type that the value must have: any that has a text, a boolean, or a list. */
export type ExpectedType = "text" | "bool" | "list"

const EMPTY = { text: "`${}` is empty", bool: "the condition is empty", list: "the expression is empty" } as const

/**
 * Checks an expression without running it: syntax, every name, and types as far as they are known.
 * References are returned even when there are problems.
 */
export function checkExpression(
  source: string,
  known: KnownNames,
  types: Types,
  wanted: ExpectedType = "text",
): Findings {
  const findings = checkNames(source, known, types, wanted)
  if (findings.problems.length === 0 || !/^\s*\{[\s\S]*\}\s*$/.test(source) || MAP.test(source)) return findings
  const offset = source.indexOf("{")
  const hint = "write `${…}`, with one pair of braces"
  return { problems: [{ offset, message: "`${{…}}` is not an expression", hint }], references: [] }
}

/** Matches the beginning of a map such as `{ 'a': 1 }`. */
const MAP = /^\s*\{\s*(?:"[^"]*"|'[^']*'|[\w.]+)\s*:/

function checkNames(source: string, known: KnownNames, types: Types, wanted: ExpectedType): Findings {
  if (source.length > MAX_LENGTH) return { problems: [TOO_LONG], references: [] }
  if (source.trim() === "") {
    return { problems: [{ offset: 0, message: EMPTY[wanted] }], references: [] }
  }
  const { text, offsets, references, problems } = rewrite(source, known)
  if (problems.length > 0) return { problems, references }
  const env = strict.clone()
  for (const [at, reference] of references.entries()) {
    env.registerVariable(variable(at), typeOf(reference, types))
  }
  return { problems: check(env, { text, source, offsets, wanted }, known), references }
}

function typeOf(reference: Reference, types: Types): ExpressionType | "dyn" {
  switch (reference.kind) {
    case "input":
      return types.inputs.get(reference.name) ?? "dyn"
    case "variable":
      return types.variables.get(reference.name) ?? "dyn"
    case "step":
      return reference.field === "structured" ? "dyn" : "string"
    case "secret":
      return "string"
    case "round":
      return "double"
    case "item":
      return "dyn"
  }
}

interface Checkable {
  /** The expression with its names replaced by variables, as CEL reads it. */
  readonly text: string
  readonly source: string
  readonly offsets: readonly number[]
  readonly wanted: ExpectedType
}

/**
 * Reports the first type error. Unknown names are collected: each is declared, and the check is
 * repeated.
 */
function check(env: Environment, { text, source, offsets, wanted }: Checkable, known: KnownNames): ExpressionProblem[] {
  const problems: ExpressionProblem[] = []
  while (problems.length < MAX_UNKNOWN_NAMES) {
    const error = firstError(env, text, wanted)
    if (error === undefined) break
    const offset = offsets[Math.min(error.start, offsets.length - 1)] ?? 0
    const unknown = /^Unknown variable: (.+)$/.exec(error.message)?.[1]
    if (unknown === undefined) {
      problems.push({ offset, message: friendly(error.message) })
      break
    }
    problems.push(unknownName(known, source, offset))
    env.registerVariable(unknown, "dyn")
  }
  return problems
}

interface CelFailure {
  readonly message: string
  readonly start: number
}

/**
 * An integer literal can be read as an int or as a double; it is an error only when both readings
 * fail.
 */
function firstError(env: Environment, text: string, wanted: ExpectedType): CelFailure | undefined {
  const whole = errorOf(env, text, wanted, false)
  const wide = whole && errorOf(env, text, wanted, true)
  return wide && wide.start > whole.start ? wide : wide && whole
}

/**
 * Turns integer literals into doubles, except list indexes and function arguments, which must be
 * ints.
 */
function widen(node: unknown, isFree = true): void {
  if (Array.isArray(node)) for (const one of node) widen(one, isFree)
  if (!isNode(node)) return
  if (node.op !== "value") widen(node.args, !["[]", "[?]", "call", "rcall"].includes(node.op))
  else if (isFree && typeof node.args === "bigint") Object.assign(node, { args: Number(node.args) })
}

function errorOf(env: Environment, text: string, wanted: ExpectedType, isWide: boolean): CelFailure | undefined {
  try {
    const parsed = env.parse(text)
    guard(parsed.ast)
    if (isWide) widen(parsed.ast)
    const result = parsed.check()
    if (!result.valid) return result.error && failure(result.error)
    const type = result.type ?? "dyn"
    if (wanted === "text" || type === "dyn" || (wanted === "bool" ? type === "bool" : type.startsWith("list")))
      return undefined
    const must = wanted === "bool" ? "a condition must be true or false" : "this must be a list"
    return { message: `${must}, not ${TYPE_NAMES[type] ?? type}`, start: 0 }
  } catch (error) {
    return failure(error)
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  int: "a number",
  double: "a number",
  bool: "true or false",
  map: "an object",
}

class Banned extends Error {
  readonly start: number
  constructor(message: string, start: number) {
    super(message)
    this.start = start
  }
}

function failure(error: unknown): CelFailure {
  if (error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError) {
    return { message: error.summary, start: error.range?.start ?? 0 }
  }
  if (error instanceof Banned) return { message: error.message, start: error.start }
  return { message: error instanceof Error ? error.message : String(error), start: 0 }
}

/** Enforces static limits that CEL itself does not have. Throws `Banned`. */
function guard(node: unknown, nesting = 0): void {
  if (Array.isArray(node)) {
    for (const one of node) guard(one, nesting)
    return
  }
  if (!isNode(node)) return
  const name = node.op === "call" || node.op === "rcall" ? node.args[0] : ""
  if (name === "matches") {
    throw new Banned("`matches` is not allowed; use `contains`, `startsWith` or `endsWith`", node.start)
  }
  const inside = nesting + (MACROS.includes(name) ? 1 : 0)
  if (inside > MAX_MACRO_NESTING)
    throw new Banned(`\`${name}\` is nested more than ${MAX_MACRO_NESTING} deep`, node.start)
  guard(node.args, inside)
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value
}

/** Translates an error message of CEL into the terms of a workflow. */
function friendly(message: string): string {
  const text = (message.split("\n")[0] ?? message).replaceAll("fn_", "fn:").replaceAll("double", "number")
  if (text === "Unexpected token: EOF") return "the expression ends too early"
  const overload = /^no such overload: (.+)$/.exec(text)?.[1]
  if (overload) return `\`${overload}\` has no meaning`
  const call = /^found no matching overload for '(.+)'$/.exec(text)?.[1]
  if (call) return `there is no \`${call}\``
  return text.charAt(0).toLowerCase() + text.slice(1)
}

const variable = (index: number) => `ref__${index}`

/**
 * Evaluates an expression to a value and its text, or returns the problem. `read` returns the value
 * of each reference.
 */
export function evaluate(
  source: string,
  known: KnownNames,
  read: (reference: Reference) => unknown,
): { readonly text: string; readonly value: unknown } | ExpressionProblem {
  if (source.length > MAX_LENGTH) return TOO_LONG
  const { text, offsets, references, problems } = rewrite(source, known)
  if (problems[0]) return problems[0]
  const context = Object.fromEntries(references.map((reference, at) => [variable(at), read(reference)]))
  try {
    const parsed = lenient.parse(text)
    guard(parsed.ast)
    const value: unknown = parsed(context)
    return { text: asText(value), value: plain(value) }
  } catch (error) {
    const { message, start } = failure(error)
    return { offset: offsets[start] ?? 0, message: friendly(message) }
  }
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return ""
  const simple = plain(value)
  return typeof simple === "object" ? JSON.stringify(simple) : String(simple)
}

/**
 * Converts a CEL value to JSON: CEL's integers are bigints and its maps may be Maps. Throws
 * `Banned` for values that JSON does not have, such as dates and bytes.
 */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]))
  if (typeof value !== "object" || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw new Banned("the result is not text, a number or a list", 0)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}
