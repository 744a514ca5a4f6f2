import { configDocument, type LoadedConfig } from "../config/load.ts"
import { parseDuration } from "../core/base/duration.ts"
import { suggest } from "../core/base/nearest.ts"
import { type Path, type SourceDocument, valueAt } from "../core/documents/issues.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import type { Problem, Result } from "../core/model/problem.ts"
import { groupTraits } from "../core/model/step-types.ts"
import type { Step, Workflow } from "../core/model/workflow.ts"
import { workflowDocument } from "../spec/files.ts"
import { type KeyInfo, type KeysOfLevels, keysOfLevels, LEVELS, type Level } from "./schemas.ts"

import { isModel, workersOf } from "./workers.ts"

/** Explains which value of a key applies, and where it was written. */

/** A value that was written, or the default; `file` is null for a default. */
export interface WrittenValue {
  /**
   * One of `step review`, `profile coder`, `settings of demo`, `orchestrator.json`, `default` and
   * so on.
   */
  readonly level: string
  /** The value as written; a secret is hidden. */
  readonly value: unknown
  readonly file: string | null
  readonly line: number | null
}

export interface Explained {
  readonly key: string
  /** The subject: `step review` or `profile coder`; null for the whole project. */
  readonly of: string | null
  /** The value that applies. */
  readonly counts: WrittenValue
  /** The values that it overrides, nearest first. */
  readonly overridden: readonly WrittenValue[]
  /** How one of several values is chosen: the one nearest to the step, or the lowest. */
  readonly rule: "nearest" | "lowest"
  /** The models of the roles that the value names. */
  readonly means: readonly WrittenValue[]
  readonly description: string
}

/** The question. `step` requires `workflow`. */
export interface ExplainQuery {
  readonly key: string
  readonly workflow?: { readonly file: string; readonly workflow: Workflow } | undefined
  readonly step?: string | undefined
  readonly profile?: string | undefined
}

/**
 * Keys that have the same meaning at several levels. All others have a meaning of their own at each
 * level.
 */
const CHAINS: Readonly<Record<string, readonly Level[]>> = {
  intervene: ["step", "profile", "settings", "top"],
  timeout: ["step", "profile"],
  idle_timeout: ["step", "profile"],
  asks: ["step", "profile"],
  model: ["step", "profile"],
}
/** Settings that a limit of orchestrator.json caps: the lower value applies. */
const CEILINGS: Readonly<Record<string, string>> = { max_parallel: "max_workers", budget: "budget" }

const SECRETS = ["password"]
/** Keys in which a role or a model differs from the profile `default`. */
const PROFILE_MODEL = ["model", "fallback"]

type Source = { readonly document: SourceDocument; readonly stepPath: (id: string) => Path | undefined }

/** The subject of a question, and the documents in which the key is searched. */
interface ExplainContext {
  readonly config: LoadedConfig
  readonly configSource: SourceDocument | undefined
  readonly workflow: (Source & { readonly name: string }) | undefined
  readonly step?: string | undefined
  /** A profile, or the role or model that a step names instead of one. */
  readonly profile?: string | undefined
  /** True when the step has no other worker. */
  readonly isAlone?: boolean
  readonly keys: KeysOfLevels
}

/**
 * Answers a question: with one answer, or with one for each step of the workflow (or each profile)
 * when the key belongs to them and none is named. A dotted key leads into a value (`gate.timeout`)
 * or names its level (`profiles.coder.model`, `limits.budget`, `settings.timeout`). An unknown key,
 * step or profile is a problem that suggests the nearest name.
 */
export function explain(config: LoadedConfig, question: ExplainQuery): Result<Explained[]> {
  const { workflow, step } = question
  const configSource = config.file === null ? undefined : configDocument(config.file)
  if (configSource?.ok === false) return configSource
  const source = workflow && workflowDocument(workflow.file)
  if (source?.ok === false) return source
  const place: ExplainContext = {
    config,
    configSource: configSource?.value,
    workflow: source && workflow ? { ...source.value, name: workflow.workflow.name } : undefined,
    step,
    profile: question.profile,
    keys: keysOfLevels(),
  }
  const steps = workflow ? [...stepsIn(workflow.workflow.steps)] : []
  const ids = steps.map(({ id }) => id)
  if (step !== undefined && !ids.includes(step)) return unknown("step", step, ids)
  const { profile } = question
  if (profile !== undefined && !Object.hasOwn(config.profiles, profile))
    return unknown("profile", profile, Object.keys(config.profiles))
  return answersTo(question.key, place, steps)
}

/**
 * All steps, including those inside groups, but not those of nested workflows, which have their own
 * document.
 */
function* stepsIn(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step
    if (step.group) yield* stepsIn(groupTraits(step.group).steps(step.group))
  }
}

function unknown(what: string, wanted: string, known: readonly string[]): Result<never> {
  return wrong(wanted, `there is no ${what} \`${wanted}\``, suggest(wanted, known, `${what}s`))
}

function wrong(file: string, message: string, hint: string): Result<never> {
  const problem: Problem = { file, line: 0, column: 0, message, hint }
  return { ok: false, problems: [problem] }
}

function answersTo(asked: string, given: ExplainContext, steps: readonly Step[]): Result<Explained[]> {
  const { key, only, profile, rest } = takeApart(asked, given)
  if (profile !== undefined && !Object.hasOwn(given.config.profiles, profile))
    return unknown("profile", profile, Object.keys(given.config.profiles))
  const levels = LEVELS.filter((level) => given.keys[level].has(key) && (only === undefined || only === level))
  const known = [...new Set(LEVELS.flatMap((level) => [...given.keys[level].keys()]))]
  if (levels.length === 0) return wrong(asked, "there is no such key", suggest(key, known, "keys"))
  const at = (place: ExplainContext) => levelsAt(levels, key, place).flatMap((chain) => answer(key, rest, chain, place))
  // A step is explained once for each of its workers, because an ensemble has several.
  const ofStep = (step: Step): ExplainContext[] => {
    const workers = [...new Set(workersOf(step))]
    const isAlone = workers.length <= 1
    const places = workers.map((name) => ({ ...given, step: step.id, profile: name, isAlone }))
    const own = { ...given, step: step.id, profile: undefined }
    return places.length > 0 && (levels.includes("profile") || isAlone) ? places : [own]
  }
  const named = profile ?? given.profile
  const step = steps.find(({ id }) => id === given.step)
  const found = (step && named === undefined ? ofStep(step) : [{ ...given, profile: named }]).flatMap(at)
  if (found.length > 0) return { ok: true, value: found }
  // Without a named subject, the key is explained for every step or profile.
  const everybody: ExplainContext[] = given.workflow
    ? steps.flatMap(ofStep)
    : Object.keys(given.config.profiles).map((name) => ({ ...given, profile: name }))
  const all = step === undefined ? everybody.flatMap(at) : []
  if (all.length > 0) return { ok: true, value: all }
  if (step) return wrong(asked, "is a key of profiles", `step \`${step.id}\` itself has no worker`)
  return wrong(asked, "is a key of a workflow", "say which: --workflow NAME, and --step STEP for one of its steps")
}

/**
 * Splits a dotted key: `profiles.coder.model` is `model` of a profile, `gate.timeout` is a part of
 * `gate`.
 */
function takeApart(asked: string, { keys }: ExplainContext) {
  const [first = "", second, ...more] = asked.split(".")
  const profile = second
  if (first === "profiles" && profile !== undefined && more[0] !== undefined)
    return { key: more[0], only: "profile" as const, profile, rest: more.slice(1) }
  const isLevel = first === "limits" || first === "settings"
  if (isLevel && second !== undefined && keys[first].has(second))
    return { key: second, only: first as Level, profile: undefined, rest: more }
  return { key: first, only: undefined, profile: undefined, rest: second === undefined ? [] : [second, ...more] }
}

/** The levels that exist for the subject, as chains of levels with the same meaning. */
function levelsAt(levels: readonly Level[], key: string, { step, profile, workflow }: ExplainContext): Level[][] {
  const isThere: Record<Level, boolean> = {
    step: step !== undefined,
    profile: profile !== undefined,
    settings: workflow !== undefined && step === undefined,
    limits: true,
    top: true,
  }
  const chain = levels.length > 1 ? CHAINS[key] : undefined
  const inChain = (level: Level) => chain?.includes(level) ?? false
  const chained = (chain ?? []).filter((level) => isThere[level] || (level === "settings" && workflow !== undefined))
  // A limit is explained together with the setting that it caps.
  const isCeiling = key in CEILINGS && isThere.settings
  const alone = levels.filter((level) => !inChain(level) && isThere[level] && !(isCeiling && level === "limits"))
  return [...(chained.length > 0 ? [chained] : []), ...alone.map((level) => [level])]
}

function answer(key: string, rest: readonly string[], chain: readonly Level[], place: ExplainContext): Explained[] {
  const level = chain[0] as Level
  const ceiling = level === "settings" ? CEILINGS[key] : undefined
  if (ceiling !== undefined) return underCeiling(key, ceiling, rest, place)
  const written = chain.flatMap((one) => writtenAt(one, key, rest, place) ?? [])
  const info = place.keys[level].get(key) as KeyInfo
  const otherwise = fallbackOf(rest, info, place)
  const [counts = otherwise, ...others] = written
  const overridden = [...others, ...(counts === otherwise || otherwise.value === null ? [] : [otherwise])]
  const { step, profile } = place
  const isOfOne = level === "step" || level === "profile"
  const as = place.isAlone === false && profile !== undefined ? ` as ${profile}` : ""
  const of = isOfOne ? (step === undefined ? `profile ${profile}` : `step ${step}${as}`) : null
  const means = key === "model" || key === "fallback" ? rolesOf(counts.value, place) : []
  return [
    { key: [key, ...rest].join("."), of, counts, overridden, rule: "nearest", means, description: info.description },
  ]
}

/**
 * The lower value of the workflow and orchestrator.json; for a budget, one answer for each unit.
 */
function underCeiling(key: string, ceiling: string, rest: readonly string[], place: ExplainContext): Explained[] {
  const units = key === "budget" ? (rest.length > 0 ? [rest] : unitsOf(place)) : [[]]
  const info = place.keys.settings.get(key) as KeyInfo
  return units.map((unit): Explained => {
    const own = writtenAt("settings", key, unit, place) ?? fallbackOf(unit, info, place)
    const cap =
      writtenAt("limits", ceiling, unit, place) ?? fallbackOf(unit, place.keys.limits.get(ceiling) as KeyInfo, place)
    const isLower = amountOf(cap.value) < amountOf(own.value)
    const [counts, other] = isLower ? [cap, own] : [own, cap]
    return {
      key: [key, ...unit].join("."),
      of: null,
      counts,
      overridden: [other],
      rule: "lowest",
      means: [],
      description: info.description,
    }
  })
}

/** Converts a value to a number: a text is a duration, and a missing value is infinite. */
function amountOf(value: unknown): number {
  if (typeof value === "number") return value
  return typeof value === "string" ? (parseDuration(value) ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
}

function unitsOf(place: ExplainContext): string[][] {
  const written = [writtenAt("settings", "budget", [], place), writtenAt("limits", "budget", [], place)]
  const units = written.flatMap((one) => (typeof one?.value === "object" && one.value ? Object.keys(one.value) : []))
  return units.length === 0 ? [[]] : [...new Set(units)].map((unit) => [unit])
}

function writtenAt(
  level: Level,
  key: string,
  rest: readonly string[],
  place: ExplainContext,
): WrittenValue | undefined {
  const model = level === "profile" && PROFILE_MODEL.includes(key) ? modelNamed(place) : undefined
  // A role or model has its own model, and the `fallback` of `default` was not meant for that
  // model.
  const isItsOwn = model !== undefined && profileFor(place.config, place.profile) !== place.profile
  if (isItsOwn) return key === "model" ? model : undefined
  const { document, path } = locate(level, place)
  if (document === undefined || path === undefined) return undefined
  const find = (own: Path): WrittenValue | undefined => {
    const value = valueAt(document.value, own)
    if (value === undefined) return undefined
    const shown = SECRETS.includes(key) && !/^\{env:[^{}]*\}$/.test(String(value)) ? "(hidden)" : value
    const { line } = document.place(own, "key")
    return {
      level: wordsOf(level, place),
      value: key === "profiles" ? namesIn(shown) : shown,
      file: document.file,
      line,
    }
  }
  const found = find([...path, key, ...rest])
  if (found) return found
  const asks = key === "asks" ? find([...path, key]) : undefined
  if (asks)
    return {
      ...asks,
      value: typeof asks.value === "string" && rest[0] === "policy" ? asks.value : partOf(level, rest, place),
    }
  if (level === "profile" && key === "kind") return find([...path, "backend"])
  if (key === "model" && model) return model
  // `on_failure: retry` is short for `retry: {}`.
  const short = level === "step" && key === "retry" ? find([...path, "on_failure"]) : undefined
  if (short?.value !== "retry" || valueAt(document.value, [...path, key]) !== undefined) return undefined
  return { ...short, value: rest.length === 0 ? { max_attempts: DEFAULTS.retryAttempts } : undefined }
}

/**
 * The model of a worker that is not a profile: the model of its role, or the model that the step
 * names.
 */
function modelNamed({ configSource, workflow, step, profile = "" }: ExplainContext): WrittenValue | undefined {
  const role = valueAt(configSource?.value, ["models", profile])
  if (configSource && role !== undefined) {
    const { line } = configSource.place(["models", profile], "key")
    return { level: `role ${profile}`, value: role, file: configSource.file, line }
  }
  const path = workflow?.stepPath(step ?? "")
  if (!workflow || !path || !isModel(profile)) return undefined
  const { line } = workflow.document.place([...path, "profile"], "key")
  return { level: `named by step ${step}`, value: profile, file: workflow.document.file, line }
}

/**
 * The names of the profiles, which are shown instead of their values because those hold secrets.
 */
function namesIn(profiles: unknown): unknown {
  return typeof profiles === "object" && profiles !== null ? Object.keys(profiles) : profiles
}

/** The profile whose settings apply: roles and models use those of `default`. */
function profileFor({ profiles }: LoadedConfig, name = ""): string {
  return Object.hasOwn(profiles, name) ? name : "default"
}

function locate(level: Level, { config, configSource, workflow, step, profile }: ExplainContext) {
  switch (level) {
    case "step":
      return { document: workflow?.document, path: workflow?.stepPath(step ?? "") }
    case "settings":
      return { document: workflow?.document, path: ["settings"] }
    case "profile":
      return { document: configSource, path: ["profiles", profileFor(config, profile)] }
    case "limits":
      return { document: configSource, path: ["limits"] }
    case "top":
      return { document: configSource, path: [] }
  }
}

function wordsOf(level: Level, { config, workflow, step, profile }: ExplainContext): string {
  const words: Record<Level, string> = {
    step: `step ${step}`,
    profile: `profile ${profileFor(config, profile)}`,
    settings: `settings of ${workflow?.name}`,
    limits: "limits of orchestrator.json",
    top: "orchestrator.json",
  }
  return words[level]
}

/** The default value that the schema declares. */
function fallbackOf(rest: readonly string[], { unset }: KeyInfo, place: ExplainContext): WrittenValue {
  const isForeground = place.config.profiles[profileFor(place.config, place.profile)]?.mode === "foreground"
  const value = isForeground ? (unset?.foreground ?? unset?.value) : unset?.value
  const counts = rest.length > 0 ? valueAt(unset?.parts ?? value, rest) : value
  return { level: "default", value: counts ?? null, file: null, line: null }
}

/** The default of a part that an `asks` does not set. */
function partOf(level: Level, rest: readonly string[], { keys }: ExplainContext): unknown {
  return valueAt(keys[level].get("asks")?.unset?.parts, rest) ?? null
}

/** The models of the roles that a value names. */
function rolesOf(value: unknown, { configSource }: ExplainContext): WrittenValue[] {
  const names = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "string")
  return names.flatMap((name) => {
    const model = valueAt(configSource?.value, ["models", name])
    if (configSource === undefined || model === undefined) return []
    const { line } = configSource.place(["models", name], "key")
    return [{ level: `role ${name}`, value: model, file: configSource.file, line }]
  })
}
