import { defined } from "../core/base/defined.ts"
import {
  firstProblems,
  issuesToProblems,
  type Path,
  problemAt,
  type SourceDocument,
  valueAt,
} from "../core/documents/issues.ts"
import type { Problem, Result } from "../core/model/problem.ts"
import type { Profile } from "../core/model/profile.ts"
import type { Intervene, Limits } from "../core/model/workflow.ts"
import { documentText } from "../files/document.ts"
import { checkCombinations } from "./combinations.ts"
import { findConfig, type ProjectLocation, projectRoot } from "./find.ts"
import { parseJsonc } from "./jsonc.ts"
import { checkModels, toPasswords, toProfiles } from "./profiles.ts"
import { type Config, configJsonSchema, configSchema } from "./schema.ts"

export interface LoadedConfig {
  readonly config: Config
  /** The file that was read; null when there is none and every value is the default. */
  readonly file: string | null
  /** Profiles by name, with model roles resolved; `default` always exists. */
  readonly profiles: Readonly<Record<string, Profile>>
  readonly limits: Limits
  /** When a run pauses for a person, if its workflow does not say; undefined means `never`. */
  readonly intervene?: Intervene
  readonly toasts: boolean
  /** True when Baton's tools are offered to the model. */
  readonly tools: boolean
  /** Passwords of servers by profile name. They must never be journalled or shown. */
  readonly passwords: Readonly<Record<string, string>>
}

export interface LoadOptions extends ProjectLocation {
  /** The user's OpenCode config folder (`$XDG_CONFIG_HOME/opencode`, else `~/.config/opencode`). */
  readonly globalDir: string
  /** The variables that replace `{env:NAME}`. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Hears each variable that was filled in, except as a model's name, so that it can be hidden. */
  readonly onVariable?: VariableListener
}

type VariableListener = (name: string, value: string) => void

/**
 * Finds, reads and checks orchestrator.json. Never throws: it returns all problems at once. With
 * `usesFolder` false, only the user's global one counts.
 */
export function loadConfig(options: LoadOptions, usesFolder = true): Result<LoadedConfig> {
  const found = findConfig(usesFolder ? projectRoot(options) : undefined, options.globalDir)
  if (!found.ok) return found
  const file = found.value
  return file === null ? checkConfig("{}", null, options.env) : checkConfigFile(file, options.env, options.onVariable)
}

/** Reads and checks the orchestrator.json at `file`. */
export function checkConfigFile(
  file: string,
  env: LoadOptions["env"],
  onVariable?: VariableListener,
): Result<LoadedConfig> {
  const text = documentText(file)
  return text.ok ? checkConfig(text.value, file, env, onVariable) : text
}

/** Reads an orchestrator.json with its source positions, without checking it. */
export function configDocument(file: string): Result<SourceDocument> {
  const text = documentText(file)
  return text.ok ? parseJsonc(text.value, file) : text
}

/** Checks the text of an orchestrator.json; `file` names it in problems. */
export function checkConfig(
  text: string,
  file: string | null,
  env: LoadOptions["env"],
  onVariable: VariableListener = () => undefined,
): Result<LoadedConfig> {
  const parsed = parseJsonc(text, file ?? "orchestrator.json")
  if (!parsed.ok) return parsed
  const document = parsed.value
  const foreign = foreignProblem(document)
  if (foreign) return { ok: false, problems: [foreign] }
  const missing: Problem[] = []
  const value = fillIn(document, { env, onVariable }, missing)
  const result = configSchema.safeParse(value)
  const problems = firstProblems(
    document.file,
    missing,
    result.success ? [] : issuesToProblems(document, result.error.issues, configJsonSchema),
    checkModels(document, value),
    checkCombinations(document, value),
  )
  if (problems.length > 0 || !result.success) return { ok: false, problems }
  const config = result.data
  return {
    ok: true,
    value: {
      config,
      file,
      profiles: toProfiles(config),
      limits: toLimits(config.limits),
      ...(config.intervene === undefined ? {} : { intervene: config.intervene }),
      toasts: config.toasts,
      tools: config.tools,
      passwords: toPasswords(config),
    },
  }
}

/**
 * The single problem of a file that configures another plugin; a problem for each unknown key would
 * not help.
 */
function foreignProblem(document: SourceDocument): Problem | undefined {
  const { value } = document
  const agents = valueAt(value, ["agents"])
  const isOurs = ["models", "profiles", "limits"].some((key) => valueAt(value, [key]) !== undefined)
  if (isOurs || typeof agents !== "object" || agents === null) return undefined
  const hint = "write each agent under `profiles`, with its `model`, and `prompt` for its `promptAppend`"
  return problemAt(document, ["agents"], "key", "this configures oh-my-opencode, not Baton", hint)
}

function toLimits({ max_workers, max_depth, budget }: Config["limits"]): Limits {
  return { maxWorkers: max_workers, maxDepth: max_depth, ...defined({ budget }) }
}

/** Keys of models. Their names are in everything that a run shows. */
const MODEL_KEYS = new Set<PropertyKey>(["models", "model", "fallback"])

/**
 * Returns the document's value with every `{env:NAME}` replaced; an unset variable is a problem.
 */
function fillIn(
  document: SourceDocument,
  { env, onVariable }: { readonly env: LoadOptions["env"]; readonly onVariable: VariableListener },
  problems: Problem[],
): unknown {
  const fill = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") {
      return value.replace(/\{env:([^{}]*)\}/g, (whole, name: string) => {
        const found = Object.hasOwn(env, name) ? env[name] : undefined
        if (found !== undefined) {
          if (!path.some((key) => MODEL_KEYS.has(key))) onVariable(name, found)
          return found
        }
        problems.push(
          problemAt(
            document,
            path,
            "value",
            `environment variable \`${name}\` is not set`,
            `set it, or replace \`${whole}\``,
          ),
        )
        return whole
      })
    }
    if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index]))
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, [...path, key])]))
  }
  return fill(document.value, [])
}
