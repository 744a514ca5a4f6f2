import { suggest } from "../core/base/nearest.ts"
import { problemAt } from "../core/documents/issues.ts"
import type { Problem } from "../core/model/problem.ts"
import { groupTraits, nestedIn } from "../core/model/step-types.ts"
import type { Workflow } from "../core/model/workflow.ts"
import { convert } from "./inputs.ts"
import { keysAt, type Outline, type OutlineStep, textAt, written } from "./outline.ts"

/** Checks workflows that run as a step of another one. */

/**
 * The workflow that a step names, or the reason why it cannot be used: a message and hint for the
 * step, and the problems of the other file.
 */
export type LookedUp =
  | { readonly workflow: Workflow }
  | { readonly message: string; readonly hint: string; readonly problems: readonly Problem[] }

export type Lookup = (name: string) => LookedUp

/** Maximum depth of nested workflows. */
const MAX_NESTING = 5
/** Maximum number of steps of a workflow, including all nested workflows. */
const MAX_STEPS = 10_000

/** Reports the problems between a step of type `workflow` and the workflow it names. */
export function* checkEmbedded(outline: Outline, lookup: Lookup): Generator<Problem> {
  let steps = 0
  for (const step of outline.steps) {
    steps++
    const name = textAt(outline.source, [...step.path, "workflow"])
    if (written(outline, step, "type") !== "workflow" || name === undefined) continue
    const at = (message: string, hint: string) =>
      problemAt(outline.source, [...step.path, "workflow"], "value", message, hint)
    const found = lookup(name)
    if (!("workflow" in found)) {
      yield at(found.message, found.hint)
      yield* found.problems
      continue
    }
    const size = sizeOf(found.workflow)
    steps += size.steps
    if (size.nesting >= MAX_NESTING) {
      yield at(`\`${name}\` nests workflows too deeply`, `at most ${MAX_NESTING} levels, this one included`)
    } else if (steps > MAX_STEPS) {
      yield at(`with \`${name}\` there are more than ${MAX_STEPS} steps`, "nest fewer workflows")
    }
    yield* checkInputs(outline, step, found.workflow)
  }
}

/**
 * Reports inputs that the workflow does not declare, values of the wrong type, and missing inputs.
 */
function* checkInputs(outline: Outline, step: OutlineStep, workflow: Workflow): Generator<Problem> {
  const declared = Object.keys(workflow.inputs)
  const given = keysAt(outline, step, "with")
  const path = (name: string) => [...step.path, "with", name]
  for (const name of given) {
    const spec = Object.hasOwn(workflow.inputs, name) ? workflow.inputs[name] : undefined
    const value = written(outline, step, "with", name)
    if (spec === undefined) {
      const hint = suggest(name, declared, "inputs")
      yield problemAt(outline.source, path(name), "key", `\`${workflow.name}\` has no input \`${name}\``, hint)
    } else if (
      typeof value === "number" ||
      typeof value === "boolean" ||
      (typeof value === "string" && !value.includes("${"))
    ) {
      const problems: Problem[] = []
      convert(name, spec, value, (message, hint) =>
        problems.push(problemAt(outline.source, path(name), "value", message, hint)),
      )
      yield* problems
    }
  }
  for (const name of declared) {
    const spec = workflow.inputs[name]
    if (given.includes(name) || !spec?.required || spec.default !== undefined) continue
    const message = `input \`${name}\` of \`${workflow.name}\` is missing`
    yield problemAt(outline.source, [...step.path, "with"], "key", message, `add it under \`with\``)
  }
}

/**
 * Counts the steps of a workflow, nested ones included, and its levels of workflows, itself
 * included.
 */
function sizeOf(workflow: Workflow): { readonly steps: number; readonly nesting: number } {
  let steps = 0
  let nesting = 0
  const open = [...workflow.steps]
  for (let step = open.pop(); step; step = open.pop()) {
    steps++
    if (step.group) open.push(...groupTraits(step.group).steps(step.group))
    const nested = nestedIn(step)
    if (nested === undefined) continue
    const inner = sizeOf(nested)
    steps += inner.steps
    nesting = Math.max(nesting, inner.nesting)
  }
  return { steps, nesting: nesting + 1 }
}
