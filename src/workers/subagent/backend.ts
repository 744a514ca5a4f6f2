import { createHash } from "node:crypto"
import type { PermissionRule, StepResult } from "../../core/model.ts"
import type { Clock, Log, WorkerBackend, WorkerReport, WorkerTask } from "../../core/ports.ts"
import { type Identity, identify, isPriced } from "../../host/catalog.ts"
import { ask, describe, type Host, HostError } from "../../host/host.ts"
import { abortSession, runTurn, type TurnEnd } from "../session/turn.ts"
import { answersTo, isCounted, tokensOf, turnOf } from "../session/verdict.ts"

const NO_TOKENS = { input: 0, output: 0 } as const

/** A worker may not start workers of its own, nor ask a person in a place nobody looks (host notes §7). */
const ALWAYS_DENIED: readonly PermissionRule[] = ["task", "question"].map((permission) => ({
  permission,
  pattern: "*",
  action: "deny",
}))

/**
 * Workers that are child sessions of the session the run was started from: visible in OpenCode's own child navigation,
 * titled by their step. Every id is derived from the task's key, so that a task done again after a crash finds its
 * session and its message instead of making new ones.
 */
export function createSubagentBackend(host: Host, clock: Clock, log: Log): WorkerBackend {
  return {
    async run(task, report, signal) {
      try {
        return await work(host, clock, task, report, signal)
      } catch (error) {
        if (signal.aborted) return { reason: "aborted", output: "", tokens: NO_TOKENS, cost: null }
        // A server that does not answer may have been asked before it fell silent: what that cost is not known.
        const isLost = error instanceof HostError && error.status === undefined
        const end = isLost ? { reason: "worker-lost" as const, cost: null } : { reason: "error" as const, cost: 0 }
        return { ...end, output: "", detail: describe(error), tokens: NO_TOKENS }
      }
    },
    open: () => Promise.reject(new Error("not built")),
    steer: () => Promise.resolve("not built"),
    answer: () => Promise.resolve("not built"),
    close: () => Promise.resolve(),
    async stop(session) {
      try {
        await abortSession(host, clock, session)
      } catch (error) {
        log.error("a leftover session could not be aborted", { session, error: describe(error) })
      }
    },
  }
}

async function work(
  host: Host,
  clock: Clock,
  task: WorkerTask,
  report: WorkerReport,
  signal: AbortSignal,
): Promise<StepResult> {
  const identity = await identify(host, task.profile, task.parent)
  const known = await findSession(host, task)
  const session = known ?? (await createSession(host, task, identity))
  const model = identity.model ? `${identity.model.providerID}/${identity.model.modelID}` : null
  report.opened({ session, model })
  const messageID = ownID("msg", task.key)
  const end = await runTurn(
    host,
    clock,
    {
      session,
      messageID,
      partID: ownID("prt", task.key),
      text: task.prompt,
      agent: identity.agent,
      timeoutMs: task.timeoutMs,
      idleTimeoutMs: task.idleTimeoutMs,
      isRepeat: known !== undefined,
      ...(identity.model ? { model: identity.model } : {}),
      ...(task.profile.prompt === undefined ? {} : { system: task.profile.prompt }),
    },
    signal,
  )
  return resultOf(host, session, messageID, end)
}

/** An OpenCode id that is always the same for the same key. Order in a session is by time, so it need not sort. */
function ownID(prefix: "msg" | "prt", key: string): string {
  return `${prefix}_${createHash("sha256").update(key).digest("hex").slice(0, 26)}`
}

/** The session of an earlier try of this attempt: the one the journal names, else the child that carries our key. */
async function findSession(host: Host, task: WorkerTask): Promise<string | undefined> {
  if (task.session !== undefined) return (await exists(host, task.session)) ? task.session : undefined
  if (!task.resumed || task.parent === undefined) return undefined
  const parent = task.parent
  const children = await ask("list the child sessions", (o) => host.client.session.children({ sessionID: parent }, o))
  return children.find((child) => (child.metadata?.baton as { key?: unknown } | undefined)?.key === task.key)?.id
}

async function exists(host: Host, session: string): Promise<boolean> {
  try {
    await ask("read the session", (o) => host.client.session.get({ sessionID: session }, o))
    return true
  } catch (error) {
    if (error instanceof HostError && error.status === 404) return false
    throw error
  }
}

async function createSession(host: Host, task: WorkerTask, identity: Identity): Promise<string> {
  if (task.parent === undefined) throw new Error("a subagent needs the session it is a child of")
  const { parent, profile } = task
  const session = await ask(
    "create the child session",
    (options) =>
      host.client.session.create(
        {
          parentID: parent,
          title: `${task.step} · ${task.workflow}${task.attempt > 1 ? ` · try ${task.attempt}` : ""}`,
          agent: identity.agent,
          metadata: { baton: { key: task.key, run: task.run, step: task.step } },
          permission: [...profile.permission, ...ALWAYS_DENIED],
          ...(identity.model ? { model: { id: identity.model.modelID, providerID: identity.model.providerID } } : {}),
        },
        options,
      ),
    { isRepeatable: false },
  )
  return session.id
}

async function resultOf(host: Host, session: string, messageID: string, end: TurnEnd): Promise<StepResult> {
  const turn = turnOf(end.entries, messageID)
  const last = answersTo(end.entries, messageID).at(-1)?.info
  const isKnown = await Promise.all(
    turn.map(async ({ info }) => isCounted(info) && (await isPriced(host, `${info.providerID}/${info.modelID}`))),
  )
  return {
    reason: end.reason,
    output: end.output,
    session,
    tokens: tokensOf(turn),
    cost: isKnown.every(Boolean) ? turn.reduce((sum, { info }) => sum + info.cost, 0) : null,
    ...(end.detail === undefined ? {} : { detail: end.detail }),
    ...(last ? { model: `${last.providerID}/${last.modelID}` } : {}),
  }
}
