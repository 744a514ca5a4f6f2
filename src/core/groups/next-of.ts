import { isMissing } from "../model/inputs.ts"
import type { Run, StepState } from "../model/run.ts"
import type { GroupOf, GroupType } from "../model/step-types.ts"
import { NO_USAGE } from "../model/usage.ts"
import type { Group, InputSpec, InputValue, Step, Workflow } from "../model/workflow.ts"
import type { Expressions } from "../ports/expressions.ts"
import { nextOfEnsemble } from "./ensemble.ts"
import { nextOfLoop } from "./loop.ts"
import { type Member, membersOf, outcomeOf } from "./members.ts"
import type { Next } from "./next.ts"
import { nextOfRouted } from "./routed.ts"

/** Generates the parts of one type of group. */
interface Generator<G extends Group> {
  next(group: G, run: Run, spec: Step, step: StepState, expressions: Expressions): Next
}

const GENERATORS: { readonly [T in GroupType]: Generator<GroupOf<T>> } = {
  parallel: {
    next({ steps }, run, spec, step) {
      if (step.parts?.stages) return { type: "result", result: outcomeOf(membersOf(run, step), (all) => all) }
      return { type: "steps", steps: steps.map((part) => partOf(spec, part)) }
    },
  },
  workflow: { next: nextOfWorkflow },
  routed: { next: nextOfRouted },
  ensemble: { next: nextOfEnsemble },
}

export function nextOf(run: Run, spec: Step, step: StepState, expressions: Expressions): Next {
  if (spec.loop) return nextOfLoop(run, spec, spec.loop, step, expressions)
  const { group } = spec
  if (group === undefined) return failed(`${spec.id} is not a group`)
  if (!Object.hasOwn(GENERATORS, group.type))
    return failed(
      `${spec.id} is a group of type \`${group.type}\`, which this version does not know: update opencode-baton`,
    )
  const generator: Generator<Group> = GENERATORS[group.type]
  return generator.next(group, run, spec, step, expressions)
}

function failed(detail: string): Next {
  return { type: "result", result: { ...NO_USAGE, reason: "error", output: "", detail } }
}

/** Turns a step inside a group into a step of the run. */
function partOf(spec: Step, inner: Step): Step {
  const full = (name: string) => `${spec.id}:${name}`
  const context = inner.context ?? spec.context
  return {
    ...inner,
    id: full(inner.id),
    needs: inner.needs.map(full),
    part: { of: spec.id, name: inner.id },
    ...(context === undefined ? {} : { context }),
  }
}

// ── nested workflows ─────────────────────────────────────────────────────────────────────────────

function nextOfWorkflow(
  group: GroupOf<"workflow">,
  run: Run,
  spec: Step,
  step: StepState,
  expressions: Expressions,
): Next {
  const { workflow, with: templates } = group
  const stages = step.parts?.stages ?? 0
  const ofHook = (hooks: readonly Step["hook"][]) => {
    const together = workflow.steps.filter((inner) => hooks.includes(inner.hook))
    return together.map((inner) => nestedPart(spec, inner, together))
  }
  if (stages === 0) {
    const inputs: Record<string, InputValue> = {}
    for (const [name, input] of Object.entries(workflow.inputs)) {
      const template = templates[name]
      const text = template === undefined ? undefined : expressions.text(run, spec, template)
      if (text && !text.ok) return failed(`its input ${name}: ${text.problems[0]?.message ?? "cannot be filled in"}`)
      const value = text === undefined ? (input.default ?? "") : inputOf(text.value, input)
      if (value === undefined)
        return failed(`its input ${name} must be ${wanted(input, text?.value ?? "")}, not \`${text?.value}\``)
      inputs[name] = value
    }
    return { type: "steps", steps: ofHook([undefined]), inputs }
  }
  const members = membersOf(run, step)
  const graph = members.filter(({ spec: inner }) => !isHook(workflow, inner))
  const hooks: readonly Step["hook"][] = graph.every(({ isWell }) => isWell)
    ? ["success", "complete"]
    : ["failure", "complete"]
  const atEnd = ofHook(hooks).filter((inner) => !members.some((member) => member.spec.id === inner.id))
  if (atEnd.length > 0) return { type: "steps", steps: atEnd }
  const needed = new Set(graph.flatMap(({ spec: inner }) => inner.needs))
  const isSink = ({ spec: inner }: Member) => !needed.has(inner.id)
  return { type: "result", result: outcomeOf(members, () => graph.filter(isSink)) }
}

/**
 * Hooks of a nested workflow become ordinary steps when they run. They may read all steps before
 * them, and wait for the hooks that they need among those that run `together` with them.
 */
function nestedPart(spec: Step, inner: Step, together: readonly Step[]): Step {
  const { hook, ...rest } = partOf(spec, inner)
  if (hook === undefined) return rest
  const hooks = together.map(({ id }) => `${spec.id}:${id}`)
  const needs = rest.needs.filter((need) => hooks.includes(need))
  const reads = rest.needs.filter((need) => !needs.includes(need))
  return { ...rest, part: { of: spec.id, name: inner.id, reads }, needs }
}

function isHook({ steps }: Workflow, inner: Step): boolean {
  return steps.some((own) => own.hook && own.id === inner.part?.name)
}

function wanted({ type, enum: allowed }: InputSpec, text: string): string {
  if (allowed) return `one of ${allowed.join(", ")}`
  if (type === "string") return "a text that is not empty"
  if (type === "integer" && Number.isInteger(Number(text)) && text.trim() !== "")
    return `a whole number up to ${Number.MAX_SAFE_INTEGER}`
  return type === "integer" ? "a whole number" : type === "boolean" ? "true or false" : `a ${type}`
}

/**
 * Converts a filled-in text to an input's value. Returns undefined when it does not match the
 * input.
 */
function inputOf(text: string, spec: InputSpec): InputValue | undefined {
  if (isMissing(spec, text)) return undefined
  const { type, enum: allowed } = spec
  const value = typed(text, type)
  return allowed && !allowed.some((one) => one === value) ? undefined : value
}

function typed(text: string, type: InputSpec["type"]): InputValue | undefined {
  if (type === "string") return text
  if (type === "boolean") return text === "true" ? true : text === "false" ? false : undefined
  const number = text.trim() === "" ? Number.NaN : Number(text)
  if (type === "integer" && !Number.isSafeInteger(number)) return undefined
  return Number.isFinite(number) ? number : undefined
}
