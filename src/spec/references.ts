import { problemAt, valueAt } from "../core/issues.ts"
import { suggest } from "../core/nearest.ts"
import type { Problem } from "../core/problem.ts"
import type { ExpressionType } from "./expression.ts"
import { notBefore } from "./graph.ts"
import { Names, type Reference } from "./names.ts"
import { type Outline, type OutlineStep, textAt } from "./outline.ts"
import { checkTemplate } from "./template.ts"

/** What prompts and profiles refer to. */

const EXPRESSION_TYPES: ReadonlyMap<unknown, ExpressionType> = new Map([
  ["string", "string"],
  ["number", "double"],
  ["integer", "double"],
  ["boolean", "bool"],
])

/** Everything wrong in the expressions of the prompts, each at its line and column. */
export function* checkPrompts(outline: Outline): Generator<Problem> {
  const inputs = Object.entries(valueAt(outline.source.value, ["inputs"]) ?? {})
  const inputTypes = new Map<string, ExpressionType>()
  for (const [name, spec] of inputs) {
    const written = typeof spec === "string" ? spec : (valueAt(spec, ["type"]) ?? "string")
    const type = EXPRESSION_TYPES.get(written)
    if (type) inputTypes.set(name, type)
  }
  const names = new Names(
    inputs.map(([name]) => name),
    new Set(outline.steps.flatMap((step) => step.id ?? [])),
  )
  for (const step of outline.steps) yield* checkPrompt(outline, step, names, inputTypes)
}

function checkPrompt(
  outline: Outline,
  step: OutlineStep,
  names: Names,
  inputTypes: ReadonlyMap<string, ExpressionType>,
): Problem[] {
  const { source } = outline
  const path = [...step.path, "prompt"]
  const prompt = textAt(source, path)
  if (prompt === undefined) return []
  const { problems, references } = checkTemplate(prompt, names, inputTypes)
  const place = (offset: number) => ({ file: source.file, ...source.placeIn(path, offset) })
  const wrong = problems.map(({ offset, ...problem }): Problem => ({ ...place(offset), ...problem }))
  return [...wrong, ...unordered(outline, step, references).map(({ offset, ...one }) => ({ ...place(offset), ...one }))]
}

/** References to steps that may not have ended, or not succeeded, when this one starts. */
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
