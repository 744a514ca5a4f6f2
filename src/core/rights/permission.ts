import type { PermissionAction, PermissionRule } from "../model/profile.ts"
import { contains, intersection, matches } from "./host-wildcards.ts"

/**
 * Rights as OpenCode knows them: a list of rules, of which the last one that matches decides. What a worker may do is
 * worked out here, before its session exists (G8).
 */

/** What a list of rules says of a tool (or permission) used on something. Nothing matches: `ask`. */
export function evaluate(rules: readonly PermissionRule[], permission: string, pattern: string): PermissionAction {
  const rule = rules.findLast((one) => matches(permission, one.permission) && matches(pattern, one.pattern))
  return rule?.action ?? "ask"
}

const ORDER: Readonly<Record<PermissionAction, number>> = { deny: 0, ask: 1, allow: 2 }
const lower = (a: PermissionAction, b: PermissionAction) => (ORDER[a] <= ORDER[b] ? a : b)
const all = (action: PermissionAction, permission = "*"): PermissionRule => ({ permission, pattern: "*", action })

/**
 * Rules that allow what both lists allow, ask where one asks and deny where one denies. Where that cannot be written in
 * patterns it denies: never more than either. Nothing is left to what stands before the list.
 */
export function intersect(child: readonly PermissionRule[], ceiling: readonly PermissionRule[]): PermissionRule[] {
  // In the order of pairs the last pair that matches is made of the last rules that match.
  const pairs = [all("ask"), ...prune(child)].flatMap((own) =>
    [all("ask"), ...prune(ceiling)].flatMap((other) => bothOf(own, other)),
  )
  return withHidden(prune(pairs), [child, ceiling])
}

/** What two rules come to where both match. */
function bothOf(own: PermissionRule, other: PermissionRule): PermissionRule[] {
  const permissions = intersection(own.permission, other.permission)
  const patterns = intersection(own.pattern, other.pattern)
  // Too many patterns to name: denied in the whole of one of the two, which later pairs can only mend where they are exact.
  if (permissions === undefined || patterns === undefined) {
    if (permissions?.length === 0 || patterns?.length === 0) return []
    return [{ permission: own.permission, pattern: own.pattern, action: "deny" }]
  }
  const action = lower(own.action, other.action)
  return permissions.flatMap((permission) => patterns.map((pattern) => ({ permission, pattern, action })))
}

/** The rules without those that change nothing. */
function prune(rules: readonly PermissionRule[]): PermissionRule[] {
  const kept: PermissionRule[] = []
  for (const rule of rules) {
    if (isSaid(kept, rule)) continue
    // What a later rule covers never decides.
    for (let at = kept.length - 1; at >= 0; at--) if (covers(rule, kept[at] as PermissionRule)) kept.splice(at, 1)
    if (!isSaid(kept, rule)) kept.push(rule)
  }
  return kept
}

/** Whether the list says the same of everything the rule is about. */
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

/** Whether a tool (or a pattern of tools) is denied for everything, however many rules say so. */
export function isDenied(rules: readonly PermissionRule[], permission: string): boolean {
  return isSaid(rules, all("deny", permission))
}

/** OpenCode hides a tool only if the last rule of that tool is `*` deny: such a rule is put after the others. */
function withHidden(
  rules: readonly PermissionRule[],
  sources: readonly (readonly PermissionRule[])[],
): PermissionRule[] {
  const lists = [rules, ...sources]
  // A tool that only a wildcard names is looked at by its own name as well.
  const names = new Set([...lists.flatMap((list) => list.map((rule) => rule.permission)), ...WRITING, ...READING])
  const denied = [...names].filter((name) => lists.some((list) => isDenied(list, name)))
  const hidden = denied.filter((name) => {
    const last = rules.findLast((rule) => meets(rule.permission, name))
    return last?.action !== "deny" || last.pattern !== "*" || !contains(last.permission, name)
  })
  const added = hidden.map((name) => all("deny", name))
  return [...rules.filter((rule) => !added.some((one) => covers(one, rule))), ...added]
}

// ── read-only profiles ─────────────────────────────────────────────────────────────────────────────────────────────

/** What OpenCode offers for reading and planning, and what cannot write: all else a read-only worker must be given by name. */
const READING = ["read", "grep", "glob", "list", "lsp", "webfetch", "websearch", "codesearch", "todowrite", "todoread"]
  .concat(["skill", "question", "external_directory", "doom_loop"])
  // Who is asked by a worker has no more rights than that worker.
  .concat(["worker_ask", "workflow_status"])

/** What OpenCode offers for writing. */
const WRITING = ["bash", "edit", "task"]

/** Whether rules forbid to edit anything. */
export function isReadOnly(rules: readonly PermissionRule[]): boolean {
  return isDenied(rules, "edit")
}

/**
 * The rules of an agent and a profile together. A profile that may not edit anything may not write in another way either:
 * what is not for reading is denied (shell, MCP tools, tools of plugins), except the tools that the profile names itself.
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

// ── a worker's rights ──────────────────────────────────────────────────────────────────────────────────────────────

/** Baton's own tools, with which a worker starts workers. */
const DELEGATING = ["worker_ask", "workflow_run", "workflow_status", "workflow_control"]

/** Takes a worker's data and checks it: offered only where data is wanted. */
export const RESULT_TOOL = "worker_result"

export interface Rights {
  /** Rules of the agent the worker runs as. */
  readonly agent: readonly PermissionRule[]
  /** Rules of its profile. */
  readonly profile: readonly PermissionRule[]
  /** Rules of the session it is started from, its agent's first; undefined: there is none, and so no ceiling. */
  readonly parent?: readonly PermissionRule[] | undefined
  readonly mayDelegate: boolean
  /** Whether somebody can answer a question of its. */
  readonly mayAsk: boolean
  /** Whether data is wanted of it, and there is a tool to take it. */
  readonly mayReport?: boolean
  /** OpenCode's patterns of the files it may edit; undefined: any that its agent and profile may. */
  readonly files?: readonly string[] | undefined
}

/**
 * The rules a worker's session is made with: what agent and profile allow, cut to what its parent may do. They decide
 * everything, so that nothing of the agent's own list shines through from below.
 */
export function workerRules(rights: Rights): PermissionRule[] {
  const { agent, profile, parent, mayDelegate, mayAsk, mayReport = false, files } = rights
  const denied = ["task", ...(mayAsk ? [] : ["question"]), ...(mayDelegate ? [] : DELEGATING)]
  const own = closeReadOnly(agent, profile)
  const allowed = intersect(own, parent ?? [all("allow")])
  return [
    ...(files === undefined ? allowed : intersect(allowed, onlyIn(files))),
    ...denied.map((tool) => all("deny", tool)),
    all(mayReport ? "allow" : "deny", RESULT_TOOL),
  ]
}

/** Everything, but editing only what the patterns match. */
function onlyIn(files: readonly string[]): PermissionRule[] {
  const inside = files.map((pattern): PermissionRule => ({ permission: "edit", pattern, action: "allow" }))
  return [all("allow"), all("deny", "edit"), ...inside]
}
