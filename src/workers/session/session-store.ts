import { isDeepStrictEqual } from "node:util"
import type { Session } from "@opencode-ai/sdk/v2"
import { defined } from "../../core/base/defined.ts"
import { traitsOf } from "../../core/model/kinds.ts"
import type { PermissionRule } from "../../core/model/profile.ts"
import type { SessionSpec } from "../../core/ports/ports.ts"
import type { Identity } from "../../host/catalog.ts"
import { callHost, HostError } from "../../host/host.ts"
import { noteOf, writeNoteFor } from "./note.ts"
import type { SessionTarget } from "./session-target.ts"

/** Enough to find a session among others with the same title. */
const SEARCH_LIMIT = 1_000

/** Whether the profile is for work with a person, and a person is there. */
export function isForeground(target: SessionTarget, spec: SessionSpec): boolean {
  return spec.profile.mode === "foreground" && target.host.isAttended
}

/**
 * A worker that a person works with is always a root, because OpenCode shows no prompt in a child's
 * view (contract C30).
 */
function isChild(target: SessionTarget, spec: SessionSpec): boolean {
  return !traitsOf(target.kind).canBeTypedTo && !isForeground(target, spec)
}

/** Returns the session, or undefined when it is gone. */
export async function existing(target: SessionTarget, session: string): Promise<Session | undefined> {
  try {
    return await callHost("read the session", (o) => target.host.client.session.get({ sessionID: session }, o))
  } catch (error) {
    if (error instanceof HostError && error.status === 404) return undefined
    throw error
  }
}

/**
 * Returns the session that was created for this spec before. Its metadata has the key (contract
 * C33).
 */
export async function findByKey(target: SessionTarget, spec: SessionSpec): Promise<Session | undefined> {
  const sessions = await neighbours(target, spec)
  return sessions.find(({ metadata }) => (metadata?.baton as { key?: unknown } | undefined)?.key === spec.key)
}

async function neighbours({ host, ...target }: SessionTarget, spec: SessionSpec): Promise<readonly Session[]> {
  const { session } = host.client
  if (!isChild({ host, ...target }, spec)) {
    const query = { roots: true, search: spec.title, limit: SEARCH_LIMIT }
    return callHost("list the sessions", (o) => session.list(query, o))
  }
  const { parent } = spec
  if (parent === undefined) return []
  return callHost("list the child sessions", (o) => session.children({ sessionID: parent }, o))
}

/**
 * Creates the session of a spec. The key in its metadata makes it findable again (contracts C32 and
 * C33).
 */
export async function createSession(
  target: SessionTarget,
  spec: SessionSpec,
  identity: Identity,
  permission: readonly PermissionRule[],
): Promise<string> {
  const { parent } = spec
  const child = isChild(target, spec)
  if (child && parent === undefined) throw new Error("a subagent needs the session it is a child of")
  const { model } = identity
  const note = noteOf(target, spec)
  if (note !== undefined) writeNoteFor(note, spec)
  const session = await callHost(
    "create the worker's session",
    (options) =>
      target.host.client.session.create(
        {
          title: spec.title,
          agent: identity.agent,
          metadata: { baton: { key: spec.key, depth: spec.depth, ...defined({ parent, note }) } },
          permission: [...permission],
          ...(child && parent !== undefined ? { parentID: parent } : {}),
          ...(model ? { model: { id: model.modelID, providerID: model.providerID } } : {}),
        },
        options,
      ),
    { isRepeatable: false },
  )
  return session.id
}

/**
 * Makes a session that continues follow the rules of its new task. OpenCode only appends rules, and
 * the last matching rule decides (contract C32).
 */
export async function renewRules(
  target: SessionTarget,
  session: Session,
  permission: readonly PermissionRule[],
): Promise<void> {
  if (isDeepStrictEqual(session.permission?.slice(-permission.length), [...permission])) return
  await callHost("set the worker's permissions", (o) =>
    target.host.client.session.update({ sessionID: session.id, permission: [...permission] }, o),
  )
}

/**
 * Makes a session visible. OpenCode's child navigation leaves out a session that nobody has
 * prompted until something about it changes (contract C34).
 */
export async function makeVisible(target: SessionTarget, spec: SessionSpec, session: string): Promise<void> {
  await callHost("show the worker's session", (o) =>
    target.host.client.session.update({ sessionID: session, title: spec.title }, o),
  )
}
