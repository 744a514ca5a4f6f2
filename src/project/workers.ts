import type { LoadedConfig } from "../config/load.ts"
import { toProfiles } from "../config/profiles.ts"
import { suggest } from "../core/base/nearest.ts"
import { traitsOf } from "../core/model/kinds.ts"
import type { Problem } from "../core/model/problem.ts"
import type { Profile } from "../core/model/profile.ts"
import { doneBy, groupTraits, nestedIn, stepsInside } from "../core/model/step-types.ts"
import type { Step, Workflow } from "../core/model/workflow.ts"

/**
 * Who works in a run. A name is a profile, else a role of `models`, else `provider/model`; roles and models become
 * profiles of their own in the run: the profile `default` with that model. Which model counts, the first that says one:
 * the call (`--model NAME=MODEL`), the step, the profile, the role, the server's default.
 */

/** Models given for one run, by the name of a worker or role. */
export type Models = Readonly<Record<string, string>>

interface ResolvedProfiles {
  /** With the models of its steps resolved. */
  readonly workflow: Workflow
  /** Those that are named in it, by name. */
  readonly profiles: Readonly<Record<string, Profile>>
}

/** The workflow and everybody in it, or what is wrong with the models of the call. */
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
  return problem(`nobody here is called \`${name}\``, suggest(name, known, "roles and profiles"))
}

export const isModel = (name: string) => /^[^/\s]+\/\S+$/.test(name)

/** What a role means, or a model itself; undefined: neither, as the roles of built-in workflows may be. */
function modelOf(name: string, roles: Models): string | undefined {
  if (Object.hasOwn(roles, name)) return roles[name]
  return isModel(name) ? name : undefined
}

/** A profile's own `fallback` was declared by the user for it; that of `default` was not meant for another model. */
function withModel(profile: Profile, model: string, keepsFallback: boolean): Profile {
  const { fallback, ...rest } = profile
  return { ...rest, model, ...(keepsFallback && fallback !== undefined ? { fallback } : {}) }
}

function modelOfStep({ profile, model }: Step, models: Models, roles: Models): string | undefined {
  if (model === undefined || Object.hasOwn(models, profile)) return undefined
  return modelOf(model, roles)
}

/** The workflow with what `choose` says of each step, also of those inside groups and workflows. */
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

/** Names of everybody who works in a workflow, in its groups, or in the workflows inside it. */
function workersIn(workflow: Workflow): Set<string> {
  const names = new Set([...allSteps(workflow)].flatMap(workersOf))
  for (const name of distillersOf(workflow)) names.add(name)
  return names
}

function distillersOf({ distiller, steps }: Workflow): string[] {
  const inner = steps.flatMap((step) => [nestedIn(step)].flatMap((one) => (one ? distillersOf(one) : [])))
  return distiller === undefined ? inner : [distiller, ...inner]
}

/** Whom a run asks for which model; the first of each is the one that is asked for, the others may stand in. Of a server
 *  that somebody else runs nothing is known here. */
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

/** Every step of a workflow, those of its groups and of the workflows inside it too. */
function* allSteps(workflow: Workflow): Generator<Step> {
  const open = [...workflow.steps]
  for (let step = open.shift(); step; step = open.shift()) {
    yield step
    open.unshift(...stepsInside(step))
  }
}

/** Who works on the step itself, and who is asked about it. */
export function workersOf({ type, profile, group, opinions = [] }: Step): string[] {
  const own = group === undefined ? (doneBy(type) === "worker" ? [profile] : []) : groupTraits(group).profiles(group)
  return [...own, ...opinions.map((opinion) => opinion.profile)]
}

/** Who is asked for which model, and those that may stand in for it. */
interface RequestedModel {
  readonly who: string
  readonly models: readonly string[]
}

/** The same of profiles, whatever they are used for. */
export function profileModels(profiles: Readonly<Record<string, Profile>>): RequestedModel[] {
  return Object.values(profiles).flatMap((profile) => modelsOf(profile, profile.model))
}

function modelsOf({ name, kind, url, fallback = [] }: Profile, first: string | undefined): RequestedModel[] {
  const isKnown = url === undefined && traitsOf(kind).models === "opencode"
  return !isKnown || first === undefined ? [] : [{ who: name, models: [first, ...fallback] }]
}
