import { createHash } from "node:crypto"
import { handoffText } from "../core/model/handoff.ts"
import type { Log } from "../core/ports/ports.ts"
import { type RunView, viewRun } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { callHost, describe, type Host, HostError } from "../host/host.ts"
import { BY_MODEL } from "./command-context.ts"

/** A session that is at work this long is posted into all the same. */
const BUSY_MAX_MS = 10 * 60_000

/** Handoffs that an OpenCode which ended too early did not post are looked for among so many runs, no older than this. */
const RUNS_READ = 20
const MISSED_MAX_MS = 24 * 3_600_000

/**
 * Puts the answer of every question a person asked a worker into the session it was asked from, once it is there, and
 * those that an earlier process owes. What a model asked is in its tool's result. Returns the function that stops it.
 */
export function watchHandoffs(host: Host, engine: Engine, log: Log, now: number): () => void {
  const hand = (view: RunView, when: () => Promise<boolean>) => {
    const { id, parent, ask: worker } = view
    if (worker === null || parent === null || view.status !== "success") return
    const step = view.steps.at(-1)
    const work = async () => {
      if (!(await when())) return
      const file = step && (await engine.fileOf(id, step))
      await postHandoff(host, parent, handoffText(worker, step?.output ?? "", file), id)
    }
    work().catch((error) => log.error("a handoff did not reach its session", { run: id, error: describe(error) }))
  }
  // One that cannot be read owes nothing that could be posted, and must not keep the others.
  const owing = (id: string) => {
    try {
      return engine.view(id)
    } catch (error) {
      log.error("what a run may owe could not be read", { run: id, error: describe(error) })
      return undefined
    }
  }
  for (const { id, createdAt } of engine.list().slice(0, RUNS_READ)) {
    if (now - createdAt > MISSED_MAX_MS) continue
    const view = owing(id)
    if (view?.parent != null && view.by !== BY_MODEL) hand(view, () => isMissing(host, view.parent as string, id))
  }
  return engine.subscribe((run, events) => {
    if (run.created.by === BY_MODEL || !events.some(({ type }) => type === "run.ended")) return
    hand(viewRun(run, true), () => Promise.resolve(true))
  })
}

/** Whether the session is there, and the handoff is not. */
async function isMissing(host: Host, session: string, key: string): Promise<boolean> {
  const { client } = host
  if (await isGone("read the session", (o) => client.session.get({ sessionID: session }, o))) return false
  const messageID = ownID("msg", key)
  return isGone("look for a handoff", (o) => client.session.message({ sessionID: session, messageID }, o))
}

async function isGone(what: string, call: Parameters<typeof callHost>[1]): Promise<boolean> {
  try {
    await callHost(what, call)
    return false
  } catch (error) {
    if (error instanceof HostError && error.status === 404) return true
    throw error
  }
}

function ownID(prefix: "msg" | "prt", key: string): string {
  return `${prefix}_${createHash("sha256").update(`handoff/${key}`).digest("hex").slice(0, 26)}`
}

/**
 * Posts what the model of a session reads at its next turn. Nothing answers it now, and the session keeps its agent and
 * model. `key` makes it the same message when it is posted again. A session at work gets it when it is done: in the
 * middle of a turn it would take the answer that is meant for the person.
 */
export async function postHandoff(host: Host, session: string, text: string, key: string): Promise<void> {
  await whenIdle(host, session)
  await post(host, session, text, { key })
}

/**
 * Puts text into a session without a model turn and without changing the session's agent or model. With `key` models
 * read it later, and the same key is the same message; without, no model ever does.
 */
export async function post(host: Host, session: string, text: string, options: { key?: string } = {}): Promise<void> {
  const { agent, model } = await callHost("read the session", (o) => host.client.session.get({ sessionID: session }, o))
  const { key } = options
  await callHost("post into the session", (o) =>
    host.client.session.prompt(
      {
        sessionID: session,
        noReply: true,
        ...(key === undefined ? {} : { messageID: ownID("msg", key) }),
        parts: [
          key === undefined ? { type: "text", text, ignored: true } : { type: "text", text, id: ownID("prt", key) },
        ],
        ...(agent === undefined ? {} : { agent }),
        ...(model === undefined ? {} : { model: { providerID: model.providerID, modelID: model.id } }),
      },
      o,
    ),
  )
}

async function whenIdle(host: Host, session: string): Promise<void> {
  const idle = Promise.withResolvers<void>()
  const off = host.subscribe((event) => {
    if (event.type === "session.idle" && event.properties.sessionID === session) idle.resolve()
  })
  const timer = setTimeout(idle.resolve, BUSY_MAX_MS)
  try {
    const statuses = await callHost("read the sessions' states", (o) => host.client.session.status({}, o))
    if ((statuses[session]?.type ?? "idle") !== "idle") await idle.promise
  } finally {
    off()
    clearTimeout(timer)
  }
}
