import { askProblems } from "../core/documents/ask-policy.ts"
import { problemAt, valueAt } from "../core/documents/issues.ts"
import type { Problem } from "../core/model/problem.ts"
import { PLAIN_KEYS } from "./check-shapes.ts"
import { RESERVED } from "./names.ts"
import { keysAt, type Outline, type OutlineStep, Visible, written } from "./outline.ts"
import { descriptionOf } from "./step-shape.ts"
import { formOfType, missing, STEP_FORMS, type StepForm } from "./step-types.ts"

/** Checks that the keys of a step fit its type and each other. */

/** Keys that every step may have. */
const ALWAYS = ["id", "type", "description", "needs", "condition"]

/**
 * Reports keys that are missing, do not belong to the step's type, or contradict each other, and
 * `${…}` in texts that are not templates.
 */
export function* checkCombinations(outline: Outline): Generator<Problem> {
  for (const step of outline.steps) {
    const type = written(outline, step, "type") ?? "single"
    const form = formOfType(type)
    if (form) yield* checkKeys(outline, step, String(type), form)
    if (form?.may.includes("on_failure") ?? true) yield* checkTries(outline, step)
    if (form?.check) yield* form.check(outline, step)
    if (form?.may.includes("asks")) yield* askProblems(outline.source, outline.source.value, [...step.path, "asks"])
    yield* checkPlainTexts(outline, step)
  }
}

function* checkKeys(
  outline: Outline,
  step: OutlineStep,
  type: string,
  { must, instead }: StepForm,
): Generator<Problem> {
  for (const key of keysAt(outline, step)) {
    const others = Object.entries(STEP_FORMS).filter(([, form]) => [...form.must, ...form.may].includes(key))
    if (ALWAYS.includes(key) || others.length === 0 || others.some(([name]) => name === type)) continue
    const at = [...step.path, key]
    const only = others.length === 1 ? others[0]?.[0] : undefined
    const message = `a step of type \`${type}\` cannot have \`${key}\``
    const way = instead[key] ?? (only === undefined ? "leave it out" : `set \`type: ${only}\`, or leave it out`)
    yield problemAt(outline.source, at, "key", message, way)
  }
  for (const key of must.filter((one) => written(outline, step, one) === undefined)) {
    yield missing(outline, step, key, `add \`${key}\`: ${descriptionOf(key)}`)
  }
}

function* checkTries(outline: Outline, step: OutlineStep): Generator<Problem> {
  const isTriedAgain = written(outline, step, "retry") !== undefined || written(outline, step, "on_failure") === "retry"
  if (written(outline, step, "effects") === "external" && isTriedAgain) {
    const contradiction = "`effects: external` and automatic retries contradict each other"
    const way = "leave one out: only a person can have a step with external effects run again"
    yield problemAt(outline.source, [...step.path, "effects"], "key", contradiction, way)
  }
  if (written(outline, step, "on_failure") !== "retry" || written(outline, step, "retry", "max_attempts") !== 1) return
  const message = "`on_failure: retry` and `max_attempts: 1` contradict each other"
  yield problemAt(outline.source, [...step.path, "on_failure"], "key", message, "set `max_attempts` to 2 or more")
}

/**
 * Reports references in commands and paths of checks, which are not templates. A reference such as
 * `${inputs.x}` has no meaning in a shell either.
 */
function* checkPlainTexts(outline: Outline, step: OutlineStep): Generator<Problem> {
  const checks = written(outline, step, "checks")
  const places = (Array.isArray(checks) ? checks : []).flatMap((check, at) =>
    typeof check === "string" ? [["checks", at]] : PLAIN_KEYS.map((key) => ["checks", at, key]),
  )
  for (const path of [["run"], ...places].map((keys) => [...step.path, ...keys])) {
    const text = valueAt(outline.source.value, path)
    if (typeof text !== "string" || !readsSomething(text, step)) continue
    const hint = "a check is used exactly as written; `${…}` works in `prompt`"
    yield problemAt(outline.source, path, "value", "expressions are not filled in here", hint)
  }
}

/**
 * True when the text has a reference such as `${inputs.x}` or `${step.output}`. Shell names have no
 * dots.
 */
function readsSomething(text: string, step: OutlineStep): boolean {
  const steps = new Visible(step)
  const names = [...text.matchAll(/\$\{\s*([A-Za-z][\w-]*)\s*\./g)].map((match) => match[1] ?? "")
  return text.includes("${fn:") || names.some((name) => RESERVED.includes(name) || steps.has(name))
}
