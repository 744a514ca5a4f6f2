import { valueAt } from "../core/documents/issues.ts"
import type { Problem } from "../core/model/problem.ts"
import type { ExpressionType, Findings, Types } from "./expression.ts"
import { notBefore } from "./graph.ts"
import type { ExpressionProblem, KnownNames, Reference } from "./names.ts"
import { around, HOOKS_AT_START, keysAt, type Outline, type OutlineStep, textAt, Visible, written } from "./outline.ts"
import { EXPRESSION_KEYS, formOfType } from "./step-types.ts"
import { checkTemplate, checkValue } from "./template.ts"
import type { Vocabulary } from "./vocabulary.ts"

/** Checks what the expressions of a document refer to. */

const INPUT_TYPES: ReadonlyMap<unknown, ExpressionType> = new Map([
  ["string", "string"],
  ["number", "double"],
  ["integer", "double"],
  ["boolean", "bool"],
])
const VALUE_TYPES: ReadonlyMap<string, ExpressionType> = new Map([
  ["string", "string"],
  ["number", "double"],
  ["boolean", "bool"],
])

/** The names, and their types, that every expression of a document may use. */
interface Declared {
  readonly inputs: ReadonlySet<string>
  readonly variables: ReadonlySet<string>
  readonly secrets: ReadonlySet<string>
  readonly types: Types
}

function declaredIn({ source }: Outline): Declared {
  const entriesAt = (...path: string[]) => {
    const value = valueAt(source.value, path)
    return typeof value === "object" && value !== null ? Object.entries(value) : []
  }
  const inputs = entriesAt("inputs")
  const variables = entriesAt("context", "variables")
  const typed = (entries: [string, unknown][], typeOf: (value: unknown) => ExpressionType | undefined) =>
    new Map(
      entries.flatMap(([name, value]) => [typeOf(value)].flatMap((type) => (type ? [[name, type] as const] : []))),
    )
  return {
    inputs: new Set(inputs.map(([name]) => name)),
    variables: new Set(variables.map(([name]) => name)),
    secrets: new Set(entriesAt("context", "secrets").map(([name]) => name)),
    types: {
      inputs: typed(inputs, (spec) =>
        INPUT_TYPES.get(typeof spec === "string" ? spec : (valueAt(spec, ["type"]) ?? "string")),
      ),
      variables: typed(variables, (value) => VALUE_TYPES.get(typeof value)),
    },
  }
}

/** A field of a step that holds an expression, and the kind of expression it holds. */
interface ExpressionField {
  readonly path: readonly PropertyKey[]
  readonly sort: "template" | "condition" | "list"
  readonly seesSecrets?: boolean
  readonly seesItem?: boolean
  /** True when it is evaluated after the step has answered, and so may read the step itself. */
  readonly isAfter?: boolean
  /** True when it may also read the steps inside this one. */
  readonly seesInside?: boolean
  /** True when it is evaluated once for all rounds of the step's own loop, and outside of them. */
  readonly isOutsideRounds?: boolean
}

function expressionFieldsOf(outline: Outline, step: OutlineStep): ExpressionField[] {
  const itemsOf = (...path: string[]) => keysAt(outline, step, ...path).map((key): PropertyKey[] => [...path, key])
  // A question to a person is stored and shown as it is, so no secret may be filled in.
  const isAsked = written(outline, step, "type") !== "gate"
  return [
    { path: ["prompt"], sort: "template", seesSecrets: isAsked, seesItem: true },
    { path: ["condition"], sort: "condition", isOutsideRounds: true },
    // The file of a loop has the answer of its last round, whatever its rounds consist of.
    { path: ["output"], sort: "template", seesItem: !step.isLoop, isOutsideRounds: true },
    ...itemsOf("files").map((path): ExpressionField => ({ path, sort: "template", seesItem: true })),
    ...EXPRESSION_KEYS.flatMap(([key, holds]): ExpressionField[] =>
      holds === "templates" ? itemsOf(key).map((path) => ({ path, sort: "template" })) : [{ path: [key], sort: holds }],
    ),
    ...itemsOf("checks").map(
      (path): ExpressionField => ({ path: [...path, "ask"], sort: "template", seesItem: true, isAfter: true }),
    ),
    { path: ["loop", "until"], sort: "condition", isAfter: true, seesInside: true },
  ]
}

/** Reports every problem in the expressions of steps, each with its line and column. */
export function* checkExpressions(outline: Outline): Generator<Problem> {
  const declared = declaredIn(outline)
  for (const step of outline.steps) {
    for (const field of expressionFieldsOf(outline, step)) yield* checkField(outline, step, field, declared)
  }
}

function* checkField(
  outline: Outline,
  step: OutlineStep,
  field: ExpressionField,
  declared: Declared,
): Generator<Problem> {
  const { source } = outline
  const path = [...step.path, ...field.path]
  const text = textAt(source, path)
  if (text === undefined || text === "") return
  const { types, inputs, variables, secrets } = declared
  const known: KnownNames = {
    ...{
      inputs,
      variables,
      steps: new Visible(step, field.seesInside),
      isInText: field.sort === "template",
      step: source.vocabulary.step,
    },
    ...(field.seesSecrets ? { secrets } : { hidesSecrets: true }),
    hasItem: field.seesItem === true && formOfType(written(outline, step, "type"))?.hasItem === true,
    hasRound: [...around(step)].some((one) => one.isLoop && !isOutside(one, step, field)),
  }
  const { problems, references } = check(field.sort, text, known, types)
  // Positions are found only as problems are consumed: finding one reads all of the text before it.
  for (const { offset, ...problem } of [...problems, ...unordered(step, field, references, source.vocabulary)]) {
    yield { file: source.file, ...source.placeIn(path, offset), ...problem }
  }
}

function check(sort: ExpressionField["sort"], text: string, known: KnownNames, types: Types): Findings {
  if (sort === "template") return checkTemplate(text, known, types)
  return checkValue(text, known, types, sort === "condition" ? "bool" : "list")
}

/** The problem of reading a step that `level`, which is the step or a group around it, does not need. */
function tooEarlyIn(level: OutlineStep, step: OutlineStep, id: string, { needs, hookNeeds, step: noun }: Vocabulary) {
  const target = level.scope.byId.get(id)
  if (level.hook === undefined && target?.hook !== undefined && target.hook !== HOOKS_AT_START) {
    const message = `\`${id}\` is a hook of \`${target.hook}\`, which runs after every ${noun}`
    return { message, hint: `read it in another hook, or make it a ${noun}` }
  }
  const key = level.hook === undefined ? needs : hookNeeds
  const where = level === step ? `\`${key}\`` : `\`${key}\` of \`${level.id}\``
  return { message: `\`${id}\` may not have run yet`, hint: `add \`${id}\` to ${where}` }
}

/** True when `level` is the step itself and the field is evaluated outside the rounds of its loop. */
function isOutside(level: OutlineStep, step: OutlineStep, { isOutsideRounds }: ExpressionField): boolean {
  return level === step && isOutsideRounds === true
}

/** Reports references to steps that may not have ended when this field is evaluated. */
function unordered(
  step: OutlineStep,
  field: ExpressionField,
  references: readonly Reference[],
  vocabulary: Vocabulary,
): ExpressionProblem[] {
  const inside = field.seesInside ? step.inside : undefined
  const steps = references.flatMap((one) => (one.kind === "step" && !inside?.has(one.step) ? [one] : []))
  const problems: ExpressionProblem[] = []
  for (const level of around(step)) {
    const here = steps.filter((one) => [...around(step)].find(({ scope }) => scope.byId.has(one.step)) === level)
    if (here.length === 0) continue
    const tooEarly = notBefore(level, new Set(here.map((one) => one.step)))
    for (const { step: id, offset } of here) {
      const isEarlierRound = level.isLoop && !isOutside(level, step, field)
      if (!tooEarly.has(id) || (id === level.id && (isEarlierRound || (field.isAfter && level === step)))) continue
      if (id !== level.id) {
        problems.push({ offset, ...tooEarlyIn(level, step, id, vocabulary) })
      } else if (level === step) {
        problems.push({
          offset,
          message: `${vocabulary.step} \`${id}\` reads itself`,
          hint: `read an earlier ${vocabulary.step}`,
        })
      } else {
        const hint = `read a ${vocabulary.step} that is also inside \`${id}\``
        problems.push({ offset, message: `this is inside \`${id}\`, which has not ended yet`, hint })
      }
    }
  }
  return problems.sort((a, b) => a.offset - b.offset)
}
