import { formatDuration } from "../core/base/duration.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import { traitsOf } from "../core/model/kinds.ts"
import type { PermissionRule, Profile } from "../core/model/profile.ts"
import type { AskPolicy, Limits } from "../core/model/workflow.ts"
import { closeReadOnly, evaluate, isReadOnly } from "../core/rights/permission.ts"

/**
 * Lines about a profile: how it runs, with which agent and model, with what rights, and who answers
 * its requests.
 */
export function profileLines(profile: Profile): string[] {
  return [
    `${profile.name}: ${lifeOf(profile)}`,
    `   agent ${profile.agent ?? "OpenCode's default"}, model ${modelOf(profile)}`,
    `   ${traitsOf(profile.kind).rights === "session" ? rightsOf(profile.permission) : OWN_RIGHTS}`,
    ...(profile.env === undefined ? [] : [`   ${envOf(profile.env)}`]),
    `   ${asksOf(profile.asks)}`,
  ]
}

/** The line about what applies to every worker. */
export function everyWorkerLine(limits: Limits): string {
  return `every worker: limited to the rights of the session it starts from; ${depthOf(limits)}`
}

const OWN_RIGHTS = "the rights of its own program, which Baton cannot limit"

/** The line about the variables that the worker's commands see. */
function envOf(names: readonly string[]): string {
  return `its commands see only the usual variables${names.length === 0 ? "" : ` and ${names.join(", ")}`}`
}

function lifeOf({ kind, mode, start, keep, concurrency, url }: Profile): string {
  const knows = { fresh: "starts fresh", brief: "starts with a brief", fork: "starts with the whole conversation" }
  return [
    url === undefined ? kind : `${kind} at ${url}`,
    mode ?? "background",
    knows[start ?? "fresh"],
    ...(keep ? ["kept between runs"] : []),
    ...(concurrency === undefined ? [] : [`at most ${concurrency} at the same time`]),
  ].join(", ")
}

function modelOf({ model = "of the session", fallback = [], pin }: Profile): string {
  if (pin) return `${model}, pinned`
  return fallback.length === 0 ? model : `${model}, then ${fallback.join(", then ")}`
}

/**
 * The profile's own permissions, or for a read-only profile what remains allowed. The rights of its
 * agent are not known here.
 */
export function rightsOf(permission: readonly PermissionRule[]): string {
  if (!isReadOnly(permission)) {
    return `permissions ${permission.length === 0 ? "of the agent" : list(permission)}, never task`
  }
  const closed = closeReadOnly([{ permission: "*", pattern: "*", action: "allow" }], permission)
  const open = permission.filter((rule) => rule.action !== "deny" && rule.permission !== "*")
  const named = open.filter((rule) => evaluate(closed, rule.permission, rule.pattern) !== "deny")
  return `reads only: no edit, bash, MCP, task${named.length === 0 ? "" : `, but for ${list(named)}`}`
}

const list = (rules: readonly PermissionRule[]) =>
  rules
    .map(({ permission, pattern, action }) => `${permission}${pattern === "*" ? "" : `(${pattern})`}=${action}`)
    .join(", ")

function depthOf({ maxDepth = DEFAULTS.maxDepth }: Limits): string {
  return maxDepth === 1 ? "starts no workers (max_depth 1)" : `may start workers, ${maxDepth} deep (max_depth)`
}

function asksOf(asks: AskPolicy | undefined): string {
  if (asks === undefined) return "asks a person"
  if (asks.policy === "deny") return "asks nobody: what it would ask for is denied"
  if (asks.policy === "allow-listed") return "asks nobody: what its own rules allow is allowed, the rest denied"
  const { timeoutMs, otherwise } = asks
  return `asks a person${timeoutMs === undefined ? "" : `, and after ${formatDuration(timeoutMs)} the answer is ${otherwise}`}`
}
