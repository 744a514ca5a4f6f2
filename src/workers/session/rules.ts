import { join, relative } from "node:path"
import type { Path } from "@opencode-ai/sdk/v2"
import type { PermissionRule } from "../../core/model/profile.ts"
import type { SessionSpec } from "../../core/ports/ports.ts"
import { hostPatterns } from "../../core/rights/file-patterns.ts"
import { type Rights, workerRules } from "../../core/rights/permission.ts"
import { protectedPatterns } from "../../core/rights/trusted-set.ts"
import { agentRules, sessionOf } from "../../host/catalog.ts"
import { callHost, type Host } from "../../host/host.ts"
import type { SessionTarget } from "./session-target.ts"

/**
 * Returns the permission rules of a worker's session: those of its agent and profile, limited to
 * what the session it is started from may do (G8). `mayAsk` says that somebody is there to answer
 * its questions.
 */
export async function rulesFor(
  { host, origin }: SessionTarget,
  spec: SessionSpec,
  agent: string,
  mayAsk: boolean,
): Promise<readonly PermissionRule[]> {
  const [own, parent, before] = await Promise.all([
    agentRules(host, agent),
    ceilingOf(origin, spec.parent),
    prefixOf(host, origin),
  ])
  const files = spec.files?.flatMap(hostPatterns).map((pattern) => `${before}${pattern}`)
  const closed = protectedPatterns(before)
  const { profile, mayDelegate } = spec
  const mayReport = spec.schema !== undefined && host.hasTools === true
  return remembered({ agent: own, profile: profile.permission, parent, mayDelegate, mayAsk, mayReport, files, closed })
}

/**
 * Returns what the project's paths begin with where OpenCode compares them: relative to the top of
 * the repository, or absolute (contract C36).
 */
async function prefixOf(host: Host, origin: Host): Promise<string> {
  const { worktree, directory } = await placeOf(host)
  // Another server has other folders, but the project starts at the same place inside them.
  const top = join(directory, relative(origin.directory, origin.root ?? origin.directory))
  const before = relative(worktree, top).replaceAll("\\", "/")
  return before === "" ? "" : `${before}/`
}

/** Where the host's project is. It stays the same, so it is asked once; a failure is asked again. */
async function placeOf(host: Host): Promise<Path> {
  const known = places.get(host)
  if (known !== undefined) return known
  const place = await callHost("read the project's place", (o) => host.client.path.get({}, o))
  places.set(host, place)
  return place
}

const places = new WeakMap<Host, Path>()

/**
 * The steps of a run need the same rules again and again, and they take some milliseconds to
 * compute.
 */
const known = new Map<string, readonly PermissionRule[]>()
const MAX_KNOWN = 32

function remembered(rights: Rights): readonly PermissionRule[] {
  const key = JSON.stringify(rights)
  const rules = known.get(key) ?? workerRules(rights)
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(key, rules)
  return rules
}

/**
 * Returns what the session may do from which a worker is started, or undefined without such a
 * session.
 */
async function ceilingOf(host: SessionTarget["origin"], parent: string | undefined) {
  if (parent === undefined) return undefined
  const { agent, permission } = await sessionOf(host, parent)
  return [...(await agentRules(host, agent)), ...(permission ?? [])]
}
