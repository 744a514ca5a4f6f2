import { doneBy, type GroupOf, type GroupType, stepsInside } from "../core/model/step-types.ts"
import type { Group, Loop, Step, Workflow } from "../core/model/workflow.ts"
import type { Prepared } from "./project.ts"

/** Describes groups and loops in a plan, and counts the model turns that a run can take. */

/** What a plan knows about the run that contains a group. */
interface PlanOf {
  /** Returns a worker's name with its model. */
  readonly who: (name: string) => string
  readonly workflow: Workflow
}

interface GroupPlan<G extends Group> {
  /** Lines that describe what happens. */
  lines(group: G, of: PlanOf): string[]
  /** Model turns when everything succeeds; `asked` is the number of the step's opinions. */
  least(group: G, step: Step, asked: number): number
  /** Model turns of one round that uses every try. */
  most(group: G, step: Step, asked: number): number
}

/** Turns of a group whose steps the document lists: the sum of their turns. */
const OF_STEPS = {
  least: (_: Group, step: Step, asked: number) =>
    asked +
    sum(
      stepsInside(step)
        .filter((one) => one.condition === undefined && one.hook === undefined)
        .map(least),
    ),
  most: (_: Group, step: Step, asked: number) => asked + sum(stepsInside(step).map(most)),
}

const PLANS: { readonly [T in GroupType]: GroupPlan<GroupOf<T>> } = {
  parallel: {
    ...OF_STEPS,
    lines: () => ["a group: its steps run side by side, as far as their needs allow"],
  },
  workflow: {
    ...OF_STEPS,
    lines({ workflow: { name, settings }, with: inputs }, { workflow }) {
      const given = Object.entries(inputs).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      const differs = settings.maxParallel !== workflow.settings.maxParallel
      return [
        `the workflow ${name}${given.length > 0 ? ` with ${given.join(", ")}` : ""}`,
        ...(differs ? [`its max_parallel ${settings.maxParallel} is ignored: the run's own applies`] : []),
      ]
    },
  },
  routed: {
    lines({ route, otherwise, over, max, by }, { who }) {
      const routes = Object.entries(route).map(([category, name]) => `${category} → ${who(name)}`)
      const others = otherwise === undefined ? "any other is an error" : `any other → ${who(otherwise)}`
      return [`each item of ${over}, ${max} at most, by its ${by}: ${[...routes, others].join(", ")}`]
    },
    least: () => 0,
    most: ({ max }, step, asked) => max * tries(step) * (1 + asked),
  },
  ensemble: {
    lines({ proposers, judges, mode, verdict, quorum }, { who }) {
      const how = mode === "parallel" ? "side by side" : "one after another, each seeing those before"
      const [judge = "", ...spare] = judges.map(who)
      const or = spare.length === 0 ? "" : `, or else ${spare.join(", ")}`
      return [
        `${proposers.length} propose (${how}): ${proposers.map(who).join(", ")}; ${quorum} must answer`,
        `${judge} ${verdict === "pick" ? "picks one" : "combines them"}${or}`,
      ]
    },
    least: ({ quorum }, _, asked) => asked + quorum + 1,
    most: ({ proposers, judges }, step, asked) => proposers.length * tries(step) + judges.length + asked,
  },
}

const planOf = (group: Group): GroupPlan<Group> => PLANS[group.type]

/** Lines for what a group contains and how often its step is repeated; empty for a plain step. */
export function groupLines({ group, loop }: Step, { definition }: Prepared): string[] {
  const who = (name: string) => {
    const model = definition.profiles[name]?.model
    return model === undefined || model === name ? name : `${name} (${model})`
  }
  return [
    ...(group === undefined ? [] : planOf(group).lines(group, { who, workflow: definition.workflow })),
    ...(loop === undefined ? [] : [loopLine(loop)]),
  ]
}

function loopLine({ max, until, stagnant }: Loop): string {
  const end = until === undefined ? "a round succeeds" : until.trim()
  return `up to ${max} rounds, until ${end}; a person is asked after ${stagnant} without any change`
}

/**
 * Bounds of a run's model turns. `least` assumes that everything succeeds and no step without a
 * condition is skipped; `most` counts every try, round, item and hook, but not what a person adds
 * at gates.
 */
export function turnsOf(workflow: Workflow): { readonly least: number; readonly most: number } {
  const graph = workflow.steps.filter((step) => step.hook === undefined)
  return {
    least: sum(graph.filter((step) => step.condition === undefined).map(least)),
    most: sum(workflow.steps.map(most)),
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
const tries = ({ retry }: Step) => retry?.maxAttempts ?? 1
/** Model turns of the step itself. */
const own = ({ type }: Step) => (doneBy(type) === "worker" ? 1 : 0)

function least(step: Step): number {
  const { group, opinions = [] } = step
  const asked = opinions.length
  return group === undefined ? own(step) + asked : planOf(group).least(group, step, asked)
}

function most(step: Step): number {
  const { group, loop, opinions = [] } = step
  const asked = opinions.length
  const once = group === undefined ? tries(step) * (own(step) + asked) : planOf(group).most(group, step, asked)
  return (loop?.max ?? 1) * once
}
