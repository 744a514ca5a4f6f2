import { homedir } from "node:os"
import { defined } from "../core/base/defined.ts"
import { suggest } from "../core/base/nearest.ts"
import { type Path, problemAt, type SourceDocument, valueAt } from "../core/documents/issues.ts"
import { DEFAULT_KIND } from "../core/model/kinds.ts"
import type { Problem } from "../core/model/problem.ts"
import type { PermissionRule, Profile } from "../core/model/profile.ts"
import type { Config, ProfileConfig } from "./schema.ts"

const FALLBACK: Profile = { name: "default", kind: DEFAULT_KIND, permission: [] }

/**
 * The profiles of a config in the form that the rest of Baton uses: roles are resolved, and
 * `default` exists.
 */
export function toProfiles(config: Config): Record<string, Profile> {
  const profiles = Object.entries(config.profiles).map(([name, one]) => toProfile(name, one, config.models))
  return Object.fromEntries([FALLBACK, ...profiles].map((one) => [one.name, one]))
}

/**
 * Passwords of servers by profile name. They are kept apart from the profiles, which are
 * journalled.
 */
export function toPasswords(config: Config): Record<string, string> {
  const given = Object.entries(config.profiles).filter(([, one]) => one.password !== undefined)
  return Object.fromEntries(given.map(([name, one]) => [name, String(one.password)]))
}

/**
 * Reports profiles whose `model` or `fallback` is neither a role nor a model. It works on the
 * document with variables filled in and not on the finished config, so that these problems are
 * reported together with all others.
 */
export function* checkModels(document: SourceDocument, value: unknown): Generator<Problem> {
  const roles = keysOf(valueAt(value, ["models"]))
  for (const name of keysOf(valueAt(value, ["profiles"]))) {
    const profile = ["profiles", name]
    const fallback = valueAt(value, [...profile, "fallback"])
    const items = Array.isArray(fallback) ? fallback.map((_, at) => [...profile, "fallback", at]) : []
    for (const path of [[...profile, "model"], ...items]) {
      const problem = modelProblem(document, path, valueAt(value, path), roles)
      if (problem) yield problem
    }
  }
}

export const keysOf = (value: unknown) => (typeof value === "object" && value !== null ? Object.keys(value) : [])

/**
 * The problem of a `model` that is neither `provider/model` nor a role. It shows the text as
 * written, not the value of a variable, which could be secret.
 */
function modelProblem(
  document: SourceDocument,
  path: Path,
  model: unknown,
  roles: readonly string[],
): Problem | undefined {
  if (typeof model !== "string" || model === "" || roles.includes(model)) return undefined
  const written = String(valueAt(document.value, path))
  if (!model.includes("/")) {
    const hint = `${suggest(written, roles, "roles")}${roles.length === 0 ? " in `models`; write `provider/model`" : ""}`
    return problemAt(document, path, "value", `unknown model role \`${written}\``, hint)
  }
  if (/^[^/\s]+\/\S+$/.test(model)) return undefined
  return problemAt(
    document,
    path,
    "value",
    `\`${written}\` is not a model`,
    "write a role of `models`, or `provider/model`",
  )
}

function toProfile(name: string, config: ProfileConfig, models: Config["models"]): Profile {
  const resolve = (model: string) => models[model] ?? model
  const env = config.env === "inherit" ? undefined : config.env
  const { mode, start, keep, purpose, agent, prompt, pin, concurrency, asks, intervene, url, directory, checkpoint } =
    config
  return {
    name,
    kind: config.kind ?? config.backend ?? DEFAULT_KIND,
    permission: toRules(config.permission),
    ...defined({
      ...{ mode, start, keep, purpose, agent, prompt, pin, concurrency, asks, intervene, url, directory, checkpoint },
      env,
      model: config.model === undefined ? undefined : resolve(config.model),
      fallback: config.fallback?.map(resolve),
      timeoutMs: config.timeout,
      idleTimeoutMs: config.idle_timeout,
      toolTimeoutMs: config.tool_timeout,
      idleStopMs: config.idle_stop,
    }),
  }
}

/**
 * Converts OpenCode's ways of writing permissions to its list of rules, in the order written: the
 * last match wins.
 */
function toRules(permission: ProfileConfig["permission"]): PermissionRule[] {
  if (permission === "read-only") return [{ permission: "edit", pattern: "*", action: "deny" }]
  if (typeof permission === "string") return [{ permission: "*", pattern: "*", action: permission }]
  return Object.entries(permission).flatMap(([tool, rule]) =>
    typeof rule === "string"
      ? [{ permission: tool, pattern: "*", action: rule }]
      : Object.entries(rule).map(([pattern, action]) => ({ permission: tool, pattern: atHome(pattern), action })),
  )
}

/**
 * Expands `~` and `$HOME` at the beginning of a pattern. OpenCode does so in its configuration, but
 * not in the rules of a session.
 */
function atHome(pattern: string): string {
  return pattern.replace(/^(~|\$HOME)(?=\/|$)/, () => homedir())
}
