import type { Group, Loop, Step, Workflow } from "../core/model/workflow.ts"
import type { Prepared } from "./project.ts"

/** What a plan says of groups and loops, and how many model turns all of it can come to. */

/** What happens in a step that is done by steps of its own, and how often. */
export function groupLines(step: Step, prepared: Prepared): string[] {
  const { group, loop } = step
  return [...(group === undefined ? [] : linesOf(group, prepared)), ...(loop === undefined ? [] : [loopLine(loop)])]
}

function linesOf(group: Group, { definition }: Prepared): string[] {
  const who = (name: string) => {
    const model = definition.profiles[name]?.model
    return model === undefined || model === name ? name : `${name} (${model})`
  }
  switch (group.type) {
    case "parallel":
      return ["a group: its steps side by side, as far as their needs allow"]
    case "workflow": {
      const { name, settings } = group.workflow
      const given = Object.entries(group.with).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      const differs = settings.maxParallel !== definition.workflow.settings.maxParallel
      return [
        `the workflow ${name}${given.length > 0 ? ` with ${given.join(", ")}` : ""}`,
        ...(differs ? [`its max_parallel ${settings.maxParallel} does not count here: the run's own does`] : []),
      ]
    }
    case "routed": {
      const routes = Object.entries(group.route).map(([category, name]) => `${category} → ${who(name)}`)
      const others = group.otherwise === undefined ? "any other is an error" : `any other → ${who(group.otherwise)}`
      return [`each item of ${group.over}, ${group.max} at most, by its ${group.by}: ${[...routes, others].join(", ")}`]
    }
    case "ensemble": {
      const { proposers, judges, mode, verdict, quorum } = group
      const how = mode === "parallel" ? "side by side" : "one after another, each seeing those before"
      const [judge = "", ...spare] = judges.map(who)
      const or = spare.length === 0 ? "" : `, or else ${spare.join(", ")}`
      return [
        `${proposers.length} propose (${how}): ${proposers.map(who).join(", ")}; ${quorum} must answer`,
        `${judge} ${verdict === "pick" ? "picks one" : "makes one of them"}${or}`,
      ]
    }
  }
}

function loopLine({ max, until, stagnant }: Loop): string {
  const end = until === undefined ? "a round goes well" : until.trim()
  return `up to ${max} rounds, until ${end}; a person is asked after ${stagnant} without any change`
}

/** Steps that stand inside a step; none when they are not known before it runs. */
export function stepsInside({ group }: Step): readonly Step[] {
  if (group?.type === "parallel") return group.steps
  return group?.type === "workflow" ? group.workflow.steps : []
}

/** Model turns of a run: at least, when everything goes well and nothing is skipped; at most, with every try, round, item
 *  and hook, but without what a person adds at gates. */
export function turnsOf(workflow: Workflow): { readonly least: number; readonly most: number } {
  const graph = workflow.steps.filter((step) => step.hook === undefined)
  return {
    least: sum(graph.filter((step) => step.condition === undefined).map(least)),
    most: sum(workflow.steps.map(most)),
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
const tries = ({ retry }: Step) => retry?.maxAttempts ?? 1

function least(step: Step): number {
  const { group, opinions = [] } = step
  const asked = opinions.length
  switch (group?.type) {
    case "parallel":
    case "workflow":
      return (
        asked +
        sum(
          stepsInside(step)
            .filter((one) => one.condition === undefined && one.hook === undefined)
            .map(least),
        )
      )
    case "ensemble":
      return asked + group.quorum + 1
    case "routed":
      return 0
    default:
      return step.type === "single" ? 1 + asked : asked
  }
}

function most(step: Step): number {
  const { group, loop, opinions = [] } = step
  const asked = opinions.length
  const rounds = loop?.max ?? 1
  switch (group?.type) {
    case "parallel":
    case "workflow":
      return rounds * (asked + sum(stepsInside(step).map(most)))
    case "ensemble":
      return rounds * (group.proposers.length * tries(step) + group.judges.length + asked)
    case "routed":
      return rounds * group.max * tries(step) * (1 + asked)
    default:
      return rounds * tries(step) * ((step.type === "single" ? 1 : 0) + asked)
  }
}
