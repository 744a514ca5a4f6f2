import type { PermissionRule } from "../../../src/core/model/profile.ts"
import type { Host, HostEvent } from "../../../src/host/host.ts"
import type { SessionTarget } from "../../../src/workers/session/session-target.ts"
import { manualClock } from "../../support/clock.ts"

interface SessionRow {
  readonly id: string
  readonly agent?: string
  permission: PermissionRule[]
}
interface Sent {
  readonly sessionID: string
  readonly messageID: string
  readonly parts: readonly { readonly text: string }[]
}

const allow: PermissionRule = { permission: "*", pattern: "*", action: "allow" }

/** An OpenCode in memory: sessions, and what is said in them. What it answers is put into `calls`, by name, by a test. */
export function openHost() {
  const sessions = new Map<string, SessionRow>([
    ["main", { id: "main", agent: "build", permission: [] }],
    ["careful", { id: "careful", agent: "plan", permission: [] }],
  ])
  const sent: Sent[] = []
  const aborted: string[] = []
  const busy = new Set<string>()
  const listeners = new Set<(event: HostEvent) => void>()
  const calls: Record<string, (given: never) => unknown> = {
    "app.agents": () => [
      { name: "build", permission: [allow] },
      { name: "plan", permission: [allow, { permission: "edit", pattern: "*", action: "deny" }] },
    ],
    "config.providers": () => ({
      providers: [{ id: "p", models: { m: { cost: { input: 1, output: 1 } } } }],
      default: { p: "m" },
    }),
    "config.get": () => ({}),
    "global.health": () => ({ healthy: true, version: "1.18.33" }),
    "path.get": () => ({ directory: "/project", worktree: "/project" }),
    "permission.list": () => [],
    "question.list": () => [],
    "session.get": ({ sessionID }: { sessionID: string }) => sessions.get(sessionID),
    "session.children": () => [],
    "session.create": ({ permission }: { permission: PermissionRule[] }) => {
      const row = { id: `ses_${sessions.size}`, permission: [...permission] }
      sessions.set(row.id, row)
      return row
    },
    "session.update": ({ sessionID, permission = [] }: { sessionID: string; permission?: PermissionRule[] }) => {
      sessions.get(sessionID)?.permission.push(...permission)
      return sessions.get(sessionID)
    },
    "session.promptAsync": (message: Sent) => {
      sent.push(message)
      busy.add(message.sessionID)
      return {}
    },
    "session.messages": () => [],
    "session.status": () => Object.fromEntries([...busy].map((id) => [id, { type: "busy" }])),
    "session.abort": ({ sessionID }: { sessionID: string }) => {
      aborted.push(sessionID)
      busy.delete(sessionID)
      return true
    },
  }
  const group = (name: string) =>
    new Proxy({}, { get: (_, call) => async (given: never) => answer(calls[`${name}.${String(call)}`]?.(given)) })
  const host = {
    client: new Proxy({}, { get: (_, name) => group(String(name)) }),
    directory: "/project",
    isAttended: true,
    subscribe(listener: (event: HostEvent) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  } as unknown as Host
  const emit = (type: string, properties: object) => {
    for (const listener of [...listeners]) listener({ type, properties } as HostEvent)
  }
  /** The model answers what was sent last, and the session is idle again. */
  const say = (text: string) => {
    const { sessionID, messageID } = sent.at(-1) as Sent
    const id = `${messageID}-answer`
    const tokens = { input: 1, output: 1, reasoning: 0, cache: { read: 0, write: 0 } }
    const info = { id, sessionID, parentID: messageID, role: "assistant", tokens, cost: 1, path: { cwd: "/project" } }
    const end = { time: { created: 1, completed: 2 }, finish: "stop", providerID: "p", modelID: "m" }
    const asked = { id: messageID, sessionID, role: "user", time: { created: 1 } }
    emit("message.updated", { sessionID, info: asked })
    emit("message.updated", { sessionID, info: { ...info, ...end } })
    emit("message.part.updated", { sessionID, part: { id: `${id}-text`, messageID: id, type: "text", text } })
    busy.delete(sessionID)
    emit("session.idle", { sessionID })
  }
  return { host, calls, sessions, sent, aborted, busy, emit, say }
}

/** What the SDK makes of an answer: data, or the error that it is. */
async function answer(given: unknown): Promise<object> {
  const data = await given
  if (!(data instanceof Response)) return data === undefined ? refusal(404) : { data }
  return refusal(data.status)
}

function refusal(status: number) {
  return { error: { message: `it said ${status}` }, response: new Response(null, { status }) }
}

/** Workers in that OpenCode, on a clock that stands still. */
export function openTarget() {
  const opened = openHost()
  const clock = manualClock()
  const errors: string[] = []
  const log = { error: (message: string) => void errors.push(message) }
  const target: SessionTarget = { host: opened.host, origin: opened.host, clock, log, kind: "agent" }
  return { ...opened, target, clock, errors }
}
