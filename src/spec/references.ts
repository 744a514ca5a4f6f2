import { problemAt, valueAt } from "../core/issues.ts"
import { suggest } from "../core/nearest.ts"
import type { Problem } from "../core/problem.ts"
import type { ExpressionType, Findings } from "./expression.ts"
import { notBefore } from "./graph.ts"
import { Names, type Reference } from "./names.ts"
import { type Outline, type OutlineStep, textAt } from "./outline.ts"
import { checkCondition, checkTemplate } from "./template.ts"

/** What prompts, conditions and profiles refer to. */

const EXPRESSION_TYPES: ReadonlyMap<unknown, ExpressionType> = new Map([
  ["string", "string"],
  ["number", "double"],
  ["integer", "double"],
  ["boolean", "bool"],
])

/** Everything wrong in the expressions of prompts and conditions, each at its line and column. */
export function* checkExpressions(outline: Outline): Generator<Problem> {
  const inputs = Object.entries(valueAt(outline.source.value, ["inputs"]) ?? {})
  const inputTypes = new Map<string, ExpressionType>()
  for (const [name, spec] of inputs) {
    const written = typeof spec === "string" ? spec : (valueAt(spec, ["type"]) ?? "string")
    const type = EXPRESSION_TYPES.get(written)
    if (type) inputTypes.set(name, type)
  }
  const inputNames = inputs.map(([name]) => name)
  const ids = new Set(outline.steps.flatMap((step) => step.id ?? []))
  const inPrompt = new Names(inputNames, ids)
  const inCondition = new Names(inputNames, ids, false)
  for (const step of outline.steps) {
    yield* checkText(outline, step, "prompt", (text) => checkTemplate(text, inPrompt, inputTypes))
    yield* checkText(outline, step, "condition", (text) => checkCondition(text, inCondition, inputTypes))
  }
}

function* checkText(
  outline: Outline,
  step: OutlineStep,
  key: "prompt" | "condition",
  check: (text: string) => Findings,
): Generator<Problem> {
  const { source } = outline
  const path = [...step.path, key]
  const text = textAt(source, path)
  if (text === undefined || text === "") return
  const { problems, references } = check(text)
  // One by one: to find a place means to read all of the text before it.
  for (const { offset, ...problem } of [...problems, ...unordered(outline, step, references)]) {
    yield { file: source.file, ...source.placeIn(path, offset), ...problem }
  }
}

/** References to steps that may not have ended when this one starts. */
function unordered(outline: Outline, step: OutlineStep, references: readonly Reference[]) {
  const steps = references.filter((one) => one.kind === "step")
  const tooEarly = notBefore(outline, step, new Set(steps.map((one) => one.step)))
  return steps
    .filter((one) => tooEarly.has(one.step))
    .map(({ step: id, offset }) =>
      id === step.id
        ? { offset, message: `step \`${id}\` reads itself`, hint: "read an earlier step" }
        : { offset, message: `\`${id}\` may not have run yet`, hint: `add \`${id}\` to \`needs\`` },
    )
}

/** Steps whose profile is not one of `profiles`; `default` always is. */
export function* checkProfiles(outline: Outline, profiles: readonly string[]): Generator<Problem> {
  const known = [...new Set(["default", ...profiles])]
  for (const step of outline.steps) {
    const path = [...step.path, "profile"]
    const profile = textAt(outline.source, path)
    if (profile === undefined || known.includes(profile)) continue
    const hint = suggest(profile, known, "profiles")
    yield problemAt(outline.source, path, "value", `unknown profile \`${profile}\``, hint)
  }
}
