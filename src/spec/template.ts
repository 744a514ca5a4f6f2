import type { Problem, Result } from "../core/model/problem.ts"
import type { Evaluate, Render, Scope, StepScope } from "../core/ports/ports.ts"
import { checkExpression, type ExpectedType, evaluate, type Findings, type Types } from "./expression.ts"
import { type ExpressionProblem, type KnownNames, matchAt, type Reference, STRING } from "./names.ts"

/** Text with `${expression}` in it; `$${` is a plain `${`. */

type TemplatePart = { readonly literal: string } | { readonly source: string; readonly offset: number }

interface Split {
  readonly parts: readonly TemplatePart[]
  readonly problem?: ExpressionProblem
}

/** The texts and the expressions of a template, in order; of one that is not closed as far as that can be told. */
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

/** Where the `}` of an expression that begins at `start` is; braces in text literals and inner pairs do not count. */
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

/** Problems of a template after which it is not looked at any further. */
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
 * Fills in a template. Only what `scope` holds can be read; whatever cannot be filled in is a problem, with its line
 * and column in the template.
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
 * Checks a single expression without running it: a condition, or the list of a routed step. It stands with or without
 * `${…}` around all of it.
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
    const message = wanted === "bool" ? "a condition is one expression" : "this is one expression"
    return { problems: [{ offset: dollar, message, hint }], references: [] }
  }
  const moved = <T extends { readonly offset: number }>(one: T): T => ({ ...one, offset: one.offset + offset })
  return { problems: problems.map(moved), references: references.map(moved) }
}

/** Characters of a wrong value that are told. */
const TOLD = 60

/** Whether a condition is true; anything but true or false is a problem. */
export const holds: Evaluate = (expression, scope) => {
  const result = worth(expression, scope)
  if (!result.ok) return result
  const { value, text } = result.value
  if (typeof value === "boolean") return { ok: true, value }
  const told = text.length > TOLD ? `${text.slice(0, TOLD)}…` : text
  const message = `it comes to \`${told}\`, which is neither true nor false`
  return { ok: false, problems: [inCondition(expression, { offset: 0, message }, bare(expression).offset)] }
}

/** What a single expression comes to, as JSON: text, a number, a list and so on. It stands with or without `${…}`. */
export function resultOf(expression: string, scope: Scope): Result<unknown> {
  const result = worth(expression, scope)
  return result.ok ? { ok: true, value: result.value.value } : result
}

function worth(expression: string, scope: Scope): Result<{ readonly text: string; readonly value: unknown }> {
  const { source, offset } = bare(expression)
  const result = evaluate(source, knownIn(scope), (reference) => valueIn(reference, scope))
  if ("text" in result) return { ok: true, value: result }
  return { ok: false, problems: [inCondition(expression, result, offset)] }
}

function inCondition(text: string, problem: ExpressionProblem, offset: number): Problem {
  return { ...inTemplate(text, { ...problem, offset: problem.offset + offset }), file: "condition" }
}

/** A condition without the `${…}` that may stand around all of it, and how many characters that took off its beginning. */
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
