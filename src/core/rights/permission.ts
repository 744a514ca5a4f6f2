import type { PermissionAction, PermissionRule } from "../model/profile.ts"
import { contains, intersection, matches } from "./host-wildcards.ts"

/**
 * Permissions as OpenCode defines them: a list of rules, of which the last match decides. A
 * worker's permissions are computed here, before its session exists (G8).
 */

/**
 * Returns the action of a list of rules for a tool (or permission) used on something. Without a
 * match it is `ask`.
 */
export function evaluate(rules: readonly PermissionRule[], permission: string, pattern: string): PermissionAction {
  const rule = rules.findLast((one) => matches(permission, one.permission) && matches(pattern, one.pattern))
  return rule?.action ?? "ask"
}

const ORDER: Readonly<Record<PermissionAction, number>> = { deny: 0, ask: 1, allow: 2 }
const lower = (a: PermissionAction, b: PermissionAction) => (ORDER[a] <= ORDER[b] ? a : b)
const all = (action: PermissionAction, permission = "*"): PermissionRule => ({ permission, pattern: "*", action })

/**
 * Returns rules that allow what both lists allow, ask where one asks, and deny where one denies.
 * What cannot be expressed in patterns is denied, so the result never allows more than either list.
 * The result decides every case, so that no rule before it applies.
 */
export function intersect(child: readonly PermissionRule[], ceiling: readonly PermissionRule[]): PermissionRule[] {
  // In this order of pairs, the last pair that matches consists of the last matching rule of each
  // list.
  const pairs = [all("ask"), ...prune(child)].flatMap((own) =>
    [all("ask"), ...prune(ceiling)].flatMap((other) => bothOf(own, other)),
  )
  return withHidden(prune(pairs), [child, ceiling])
}

/** Returns the rules for what two rules both match. */
function bothOf(own: PermissionRule, other: PermissionRule): PermissionRule[] {
  const permissions = intersection(own.permission, other.permission)
  const patterns = intersection(own.pattern, other.pattern)
  // There would be too many patterns, so everything that one of the two rules matches is denied.
  // Later pairs override it only where they are exact.
  if (permissions === undefined || patterns === undefined) {
    if (permissions?.length === 0 || patterns?.length === 0) return []
    return [{ permission: own.permission, pattern: own.pattern, action: "deny" }]
  }
  const action = lower(own.action, other.action)
  return permissions.flatMap((permission) => patterns.map((pattern) => ({ permission, pattern, action })))
}

/** Removes the rules that have no effect. */
function prune(rules: readonly PermissionRule[]): PermissionRule[] {
  const kept: PermissionRule[] = []
  for (const rule of rules) {
    if (isSaid(kept, rule)) continue
    // A rule that a later rule covers never decides.
    for (let at = kept.length - 1; at >= 0; at--) if (covers(rule, kept[at] as PermissionRule)) kept.splice(at, 1)
    if (!isSaid(kept, rule)) kept.push(rule)
  }
  return kept
}

/** True when the list gives the rule's action for everything that the rule matches. */
function isSaid(rules: readonly PermissionRule[], rule: PermissionRule): boolean {
  for (const one of rules.toReversed()) {
    if (!overlaps(one, rule)) continue
    if (one.action !== rule.action) return false
    if (covers(one, rule)) return true
  }
  return false
}

const covers = (outer: PermissionRule, inner: PermissionRule) =>
  contains(outer.permission, inner.permission) && contains(outer.pattern, inner.pattern)

const overlaps = (a: PermissionRule, b: PermissionRule) =>
  meets(a.permission, b.permission) && meets(a.pattern, b.pattern)
const meets = (a: string, b: string) => intersection(a, b)?.length !== 0

/**
 * True when a tool (or a pattern of tools) is denied for everything, by one rule or by several
 * together.
 */
export function isDenied(rules: readonly PermissionRule[], permission: string): boolean {
  return isSaid(rules, all("deny", permission))
}

/** OpenCode hides a tool only if the last rule of that tool denies `*`. This appends such rules. */
function withHidden(
  rules: readonly PermissionRule[],
  sources: readonly (readonly PermissionRule[])[],
): PermissionRule[] {
  const lists = [rules, ...sources]
  // A tool that only a wildcard matches is also tested by its own name.
  const names = new Set([...lists.flatMap((list) => list.map((rule) => rule.permission)), ...WRITING, ...READING])
  const denied = [...names].filter((name) => lists.some((list) => isDenied(list, name)))
  const hidden = denied.filter((name) => {
    const last = rules.findLast((rule) => meets(rule.permission, name))
    return last?.action !== "deny" || last.pattern !== "*" || !contains(last.permission, name)
  })
  const added = hidden.map((name) => all("deny", name))
  return [...rules.filter((rule) => !added.some((one) => covers(one, rule))), ...added]
}

// ── read-only profiles ───────────────────────────────────────────────────────────────────────────

/**
 * OpenCode's tools that read or plan and cannot write. A read-only worker gets any other tool only
 * when its profile names it.
 */
const READING = ["read", "grep", "glob", "list", "lsp", "webfetch", "websearch", "codesearch", "todowrite", "todoread"]
  .concat(["skill", "question", "external_directory", "doom_loop"])
  // A worker that is asked by another worker has no more permissions than that worker.
  .concat(["worker_ask", "workflow_status"])

/** OpenCode's tools that can write. */
const WRITING = ["bash", "edit", "task"]

/** True when the rules deny every edit. */
export function isReadOnly(rules: readonly PermissionRule[]): boolean {
  return isDenied(rules, "edit")
}

/** True when a worker of a profile with these rules can change files in some way. */
export function mayWrite(profile: readonly PermissionRule[]): boolean {
  if (!isReadOnly(profile)) return true
  return profile.some(({ permission, action }) => {
    return action !== "deny" && !contains(permission, "*") && !READING.includes(permission)
  })
}

/**
 * Combines the rules of an agent and a profile. A profile that may not edit anything may not write
 * in any other way either: every tool that is not for reading is denied (shell, MCP tools, tools of
 * plugins), except those that the profile names itself.
 */
export function closeReadOnly(
  agent: readonly PermissionRule[],
  profile: readonly PermissionRule[],
): readonly PermissionRule[] {
  const rules = [...agent, ...profile]
  if (!isReadOnly(profile)) return rules
  const named = profile.filter((rule) => rule.action !== "deny" && !contains(rule.permission, "*"))
  const ceiling = [all("deny"), ...READING.map((tool) => all("allow", tool)), ...named.map(allowed)]
  return intersect(rules, ceiling)
}

const allowed = (rule: PermissionRule): PermissionRule => ({ ...rule, action: "allow" })

// ── a worker's rights ────────────────────────────────────────────────────────────────────────────

/** Baton's own tools for starting workers. */
const DELEGATING = ["worker_ask", "workflow_run", "workflow_status", "workflow_control"]

/**
 * The tool that takes a worker's JSON answer and validates it. It is offered only when the step has
 * a schema.
 */
export const RESULT_TOOL = "worker_result"

export interface Rights {
  /** The rules of the agent that the worker runs as. */
  readonly agent: readonly PermissionRule[]
  /** The rules of its profile. */
  readonly profile: readonly PermissionRule[]
  /**
   * The rules of the session that it is started from, beginning with those of its agent. When it is
   * undefined, there is no such session and therefore no ceiling.
   */
  readonly parent?: readonly PermissionRule[] | undefined
  readonly mayDelegate: boolean
  /** Whether somebody can answer its questions. */
  readonly mayAsk: boolean
  /** Whether its step has a schema and the result tool is available. */
  readonly mayReport?: boolean
  /**
   * OpenCode patterns of the files that it may edit. When it is undefined, its agent and profile
   * decide.
   */
  readonly files?: readonly string[] | undefined
  /** OpenCode patterns of files that no worker edits, unless `files` has one of them literally. */
  readonly closed?: readonly string[] | undefined
}

/**
 * Returns the rules of a worker's session: what agent and profile allow, limited to what its parent
 * may do. They decide every case, so that no rule of the agent's own list applies.
 */
export function workerRules(rights: Rights): PermissionRule[] {
  const { agent, profile, parent, mayDelegate, mayAsk, mayReport = false, files, closed = [] } = rights
  const denied = ["task", ...(mayAsk ? [] : ["question"]), ...(mayDelegate ? [] : DELEGATING)]
  const own = closeReadOnly(agent, profile)
  const allowed = intersect(own, parent ?? [all("allow")])
  const limited = files === undefined ? allowed : intersect(allowed, onlyIn(files))
  return [
    ...limited,
    ...closedIn(limited, files ?? [], closed),
    ...denied.map((tool) => all("deny", tool)),
    all(mayReport ? "allow" : "deny", RESULT_TOOL),
  ]
}

/**
 * Denies the edits of closed files. A worker that may edit nothing needs no such rule, and it would
 * show the worker a tool that is hidden from it.
 */
function closedIn(
  rules: readonly PermissionRule[],
  files: readonly string[],
  closed: readonly string[],
): PermissionRule[] {
  if (closed.length === 0 || isReadOnly(rules)) return []
  const denied = closed.map((pattern): PermissionRule => ({ permission: "edit", pattern, action: "deny" }))
  const named = files.filter((path) => !/[*?]/.test(path) && closed.some((pattern) => matches(path, pattern)))
  return [
    ...denied,
    ...named.map((pattern) => ({ permission: "edit", pattern, action: evaluate(rules, "edit", pattern) })),
  ]
}

/** Allows everything, but edits only of the files that the patterns match. */
function onlyIn(files: readonly string[]): PermissionRule[] {
  const inside = files.map((pattern): PermissionRule => ({ permission: "edit", pattern, action: "allow" }))
  return [all("allow"), all("deny", "edit"), ...inside]
}
