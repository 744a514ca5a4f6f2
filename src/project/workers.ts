import type { LoadedConfig } from "../config/load.ts"
import { toProfiles } from "../config/profiles.ts"
import { suggest } from "../core/base/nearest.ts"
import { traitsOf } from "../core/model/kinds.ts"
import type { Problem } from "../core/model/problem.ts"
import type { Profile } from "../core/model/profile.ts"
import { doneBy, groupTraits, nestedIn, stepsInside } from "../core/model/step-types.ts"
import type { Step, Workflow } from "../core/model/workflow.ts"

/**
 * Resolves the workers of a run. A name is a profile, else a role of `models`, else
 * `provider/model`. Roles and models become profiles of the run: copies of `default` with that
 * model. The model is the first one set by the call (`--model NAME=MODEL`), the step, the profile,
 * the role, or the server's default.
 */

/** Models given for one run, by the name of a worker or role. */
export type Models = Readonly<Record<string, string>>

interface ResolvedProfiles {
  /** The workflow with the models of its steps resolved. */
  readonly workflow: Workflow
  /** The profiles that it names, by name. */
  readonly profiles: Readonly<Record<string, Profile>>
}

/**
 * Resolves a workflow and its profiles, or returns the problems of the models given in the call.
 */
export function resolveProfiles(
  workflow: Workflow,
  { config }: LoadedConfig,
  models: Models,
): ResolvedProfiles | readonly Problem[] {
  const roles = { ...config.models, ...models }
  const named = workersIn(workflow)
  const known = [...new Set([...named, ...Object.keys(config.models), ...Object.keys(config.profiles)])]
  const problems = Object.entries(models).flatMap(([name, model]) => modelProblems(name, model, known))
  if (problems.length > 0) return problems
  const profiles = toProfiles({ ...config, models: roles })
  const fallback = profiles.default as Profile
  const of = (name: string): Profile => {
    const own = Object.hasOwn(profiles, name) ? profiles[name] : undefined
    const model = Object.hasOwn(models, name) ? models[name] : own === undefined ? modelOf(name, roles) : undefined
    const base = own ?? { ...fallback, name }
    return model === undefined ? base : withModel(base, model, own !== undefined)
  }
  const inOrder = [...Object.keys(profiles).filter((name) => named.has(name)), ...[...named].sort()]
  const cast = [...new Set(inOrder)].map((name) => [name, of(name)] as const)
  return {
    workflow: withModels(workflow, (step) => modelOfStep(step, models, roles)),
    profiles: Object.fromEntries(cast),
  }
}

function modelProblems(name: string, model: string, known: readonly string[]): Problem[] {
  const problem = (message: string, hint: string) => [{ file: "--model", line: 0, column: 0, message, hint }]
  if (!isModel(model)) return problem(`\`${model}\` is not a model`, `write \`${name}=provider/model\``)
  if (known.includes(name)) return []
  return problem(`there is no role or profile \`${name}\``, suggest(name, known, "roles and profiles"))
}

export const isModel = (name: string) => /^[^/\s]+\/\S+$/.test(name)

/**
 * The model of a role, or the model itself; undefined for neither, such as an undeclared role of a
 * built-in workflow.
 */
function modelOf(name: string, roles: Models): string | undefined {
  if (Object.hasOwn(roles, name)) return roles[name]
  return isModel(name) ? name : undefined
}

/**
 * Sets a profile's model. A profile keeps its own `fallback`; that of `default` was not meant for
 * another model.
 */
function withModel(profile: Profile, model: string, keepsFallback: boolean): Profile {
  const { fallback, ...rest } = profile
  return { ...rest, model, ...(keepsFallback && fallback !== undefined ? { fallback } : {}) }
}

function modelOfStep({ profile, model }: Step, models: Models, roles: Models): string | undefined {
  if (model === undefined || Object.hasOwn(models, profile)) return undefined
  return modelOf(model, roles)
}

/**
 * Sets the model that `choose` returns for each step, including steps inside groups and nested
 * workflows.
 */
function withModels(workflow: Workflow, choose: (step: Step) => string | undefined): Workflow {
  const steps = (list: readonly Step[]): Step[] =>
    list.map((step): Step => {
      const { model: _, group, ...rest } = step
      const model = choose(step)
      const inner = group === undefined ? {} : { group: groupTraits(group).withSteps(group, steps) }
      return { ...rest, ...(model === undefined ? {} : { model }), ...inner }
    })
  return { ...workflow, steps: steps(workflow.steps) }
}

/** Names of all workers of a workflow, including its groups and nested workflows. */
function workersIn(workflow: Workflow): Set<string> {
  const names = new Set([...allSteps(workflow)].flatMap(workersOf))
  for (const name of distillersOf(workflow)) names.add(name)
  return names
}

function distillersOf({ distiller, steps }: Workflow): string[] {
  const inner = steps.flatMap((step) => [nestedIn(step)].flatMap((one) => (one ? distillersOf(one) : [])))
  return distiller === undefined ? inner : [distiller, ...inner]
}

/**
 * The models that each worker of a run requests: first the requested one, then its fallbacks.
 * Workers on a server that somebody else runs are left out, because its models are not known here.
 */
export function modelsWanted({ workflow, profiles }: ResolvedProfiles): RequestedModel[] {
  const all = [
    ...profileModels(profiles),
    ...[...allSteps(workflow)].flatMap(({ profile, model }) => {
      const worker = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined
      return model === undefined || worker === undefined ? [] : modelsOf(worker, model)
    }),
  ]
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()]
}

/** Every step of a workflow, including those of its groups and nested workflows. */
function* allSteps(workflow: Workflow): Generator<Step> {
  const open = [...workflow.steps]
  for (let step = open.shift(); step; step = open.shift()) {
    yield step
    open.unshift(...stepsInside(step))
  }
}

/** The workers of the step itself, and those who are asked for an opinion on it. */
export function workersOf({ type, profile, group, opinions = [] }: Step): string[] {
  const own = group === undefined ? (doneBy(type) === "worker" ? [profile] : []) : groupTraits(group).profiles(group)
  return [...own, ...opinions.map((opinion) => opinion.profile)]
}

/** A worker and its models: the requested one, then its fallbacks. */
interface RequestedModel {
  readonly who: string
  readonly models: readonly string[]
}

/** The models that profiles request, whether a run uses them or not. */
export function profileModels(profiles: Readonly<Record<string, Profile>>): RequestedModel[] {
  return Object.values(profiles).flatMap((profile) => modelsOf(profile, profile.model))
}

function modelsOf({ name, kind, url, fallback = [] }: Profile, first: string | undefined): RequestedModel[] {
  const isKnown = url === undefined && traitsOf(kind).models === "opencode"
  return !isKnown || first === undefined ? [] : [{ who: name, models: [first, ...fallback] }]
}
