import type { Problem, Result } from "../core/model/problem.ts"
import type { Evaluate, Render, Scope, StepScope } from "../core/ports/ports.ts"
import { checkExpression, type ExpectedType, evaluate, type Findings, type Types } from "./expression.ts"
import { type ExpressionProblem, type KnownNames, matchAt, type Reference, STRING } from "./names.ts"

/** Checks and fills in text that contains `${expression}`; `$${` is a plain `${`. */

type TemplatePart = { readonly literal: string } | { readonly source: string; readonly offset: number }

interface Split {
  readonly parts: readonly TemplatePart[]
  readonly problem?: ExpressionProblem
}

/** Splits a template into literals and expressions, in order, up to the first unclosed `${`. */
export function split(template: string): Split {
  const parts: TemplatePart[] = []
  let at = 0
  while (at < template.length) {
    const dollar = template.indexOf("${", at)
    if (dollar < 0) break
    if (template[dollar - 1] === "$" && dollar > at) {
      parts.push({ literal: `${template.slice(at, dollar - 1)}\${` })
      at = dollar + 2
      continue
    }
    const end = closing(template, dollar + 2)
    if (end === undefined) {
      const hint = "close it with `}`; for a plain `${` write `$${`"
      return { parts, problem: { offset: dollar, message: "`${` is not closed", hint } }
    }
    parts.push({ literal: template.slice(at, dollar) }, { source: template.slice(dollar + 2, end), offset: dollar + 2 })
    at = end + 1
  }
  return { parts: [...parts, { literal: template.slice(at) }] }
}

/**
 * Offset of the `}` that closes the expression beginning at `start`; undefined when there is none.
 * Braces in string literals and inner pairs do not count.
 */
function closing(template: string, start: number): number | undefined {
  let depth = 0
  for (let at = start; at < template.length; at++) {
    const string = matchAt(STRING, template, at)
    if (string) at += string[0].length - 1
    else if (template[at] === "{") depth++
    else if (template[at] === "}" && depth-- === 0) return at
  }
  return undefined
}

/** Number of problems after which a template is not checked any further. */
const MAX_PROBLEMS = 100

/** Checks every expression of a template without running it. */
export function checkTemplate(template: string, known: KnownNames, types: Types): Findings {
  const { parts, problem } = split(template)
  const problems: ExpressionProblem[] = []
  const references: Reference[] = []
  for (const part of parts) {
    if ("literal" in part) continue
    if (problems.length >= MAX_PROBLEMS) break
    const found = checkExpression(part.source, known, types)
    const moved = <T extends { readonly offset: number }>(one: T): T => ({ ...one, offset: one.offset + part.offset })
    problems.push(...found.problems.map(moved))
    references.push(...found.references.map(moved))
  }
  return { problems: problem ? [...problems, problem] : problems, references }
}

/**
 * Fills in a template. Expressions can read only what `scope` holds. Each expression that fails is
 * a problem with its line and column in the template.
 */
export const render: Render = (template, scope) => {
  const { parts, problem } = split(template)
  const known = knownIn(scope)
  const problems: Problem[] = problem ? [inTemplate(template, problem)] : []
  const texts = parts.map((part) => {
    if ("literal" in part) return part.literal
    const result = evaluate(part.source, known, (reference) => valueIn(reference, scope))
    if ("text" in result) return result.text
    problems.push(inTemplate(template, { ...result, offset: result.offset + part.offset }))
    return ""
  })
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: texts.join("") }
}

/**
 * Checks a single expression without running it: a condition, or the list of a routed step. A
 * `${…}` around the whole expression is optional.
 */
export function checkValue(
  text: string,
  known: KnownNames,
  types: Types,
  wanted: Exclude<ExpectedType, "text">,
): Findings {
  const { source, offset } = bare(text)
  const { problems, references } = checkExpression(source, known, types, wanted)
  const dollar = offset === 0 ? text.indexOf("${") : -1
  if (dollar >= 0 && problems.length > 0) {
    const hint = "write all of it inside one `${…}`, or without any"
    const message = wanted === "bool" ? "a condition must be one expression" : "this must be one expression"
    return { problems: [{ offset: dollar, message, hint }], references: [] }
  }
  const moved = <T extends { readonly offset: number }>(one: T): T => ({ ...one, offset: one.offset + offset })
  return { problems: problems.map(moved), references: references.map(moved) }
}

/** Characters of a wrong value that a problem shows. */
const SHOWN_CHARS = 60

/** Evaluates a condition. A value other than true or false is a problem. */
export const holds: Evaluate = (expression, scope) => {
  const result = evaluateBare(expression, scope)
  if (!result.ok) return result
  const { value, text } = result.value
  if (typeof value === "boolean") return { ok: true, value }
  const shown = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text
  const message = `it evaluates to \`${shown}\`, which is neither true nor false`
  return { ok: false, problems: [inCondition(expression, { offset: 0, message }, bare(expression).offset)] }
}

/**
 * Evaluates a single expression to a JSON value: text, a number, a list and so on. A `${…}` around
 * the whole expression is optional.
 */
export function resultOf(expression: string, scope: Scope): Result<unknown> {
  const result = evaluateBare(expression, scope)
  return result.ok ? { ok: true, value: result.value.value } : result
}

function evaluateBare(expression: string, scope: Scope): Result<{ readonly text: string; readonly value: unknown }> {
  const { source, offset } = bare(expression)
  const result = evaluate(source, knownIn(scope), (reference) => valueIn(reference, scope))
  if ("text" in result) return { ok: true, value: result }
  return { ok: false, problems: [inCondition(expression, result, offset)] }
}

function inCondition(text: string, problem: ExpressionProblem, offset: number): Problem {
  return { ...inTemplate(text, { ...problem, offset: problem.offset + offset }), file: "condition" }
}

/**
 * A condition without its enclosing `${…}`, and the number of characters removed from its
 * beginning.
 */
function bare(condition: string): { readonly source: string; readonly offset: number } {
  const start = condition.length - condition.trimStart().length
  const end = condition.startsWith("${", start) ? closing(condition, start + 2) : undefined
  const isWrapped = end !== undefined && condition.slice(end + 1).trim() === ""
  return isWrapped ? { source: condition.slice(start + 2, end), offset: start + 2 } : { source: condition, offset: 0 }
}

function knownIn(scope: Scope): KnownNames {
  return {
    inputs: new Set(Object.keys(scope.inputs)),
    steps: scope.steps,
    variables: new Set(Object.keys(scope.variables ?? {})),
    secrets: scope.secrets,
    hidesSecrets: true,
    hasItem: scope.item !== undefined,
    hasRound: scope.round !== undefined,
    isInText: true,
  }
}

function valueIn(reference: Reference, scope: Scope): unknown {
  switch (reference.kind) {
    case "input":
      return scope.inputs[reference.name]
    case "variable":
      return scope.variables?.[reference.name]
    case "secret":
      return scope.secrets?.get(reference.name)
    case "item":
      return scope.item
    case "round":
      return scope.round
    case "step":
      return (scope.steps.get(reference.step) as StepScope)[reference.field] ?? null
  }
}

function inTemplate(template: string, { offset, message, hint }: ExpressionProblem): Problem {
  const before = template.slice(0, offset).split("\n")
  const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  return { file: "prompt", ...place, message, ...(hint === undefined ? {} : { hint }) }
}
