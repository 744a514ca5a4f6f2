import { printable } from "../core/base/printable.ts"
import { handoffText } from "../core/model/handoff.ts"
import type { Log } from "../core/ports/ports.ts"
import { type RunView, viewRun } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { callHost, describe, type Host, HostError } from "../host/host.ts"
import { type IdSource, ownID } from "../host/ids.ts"
import { BY_MODEL } from "./command-context.ts"

/** A session that stays busy for this many milliseconds is posted into nevertheless. */
const BUSY_MAX_MS = 10 * 60_000

/** Handoffs that an earlier OpenCode did not post before it ended are looked for in so many runs
 *  at most, and only in runs that are not older than this (milliseconds). */
const RUNS_READ = 20
const MISSED_MAX_MS = 24 * 3_600_000

/**
 * Posts the answer to every question that a person asked a worker into the session it was asked
 * from. At the start it also posts answers that an earlier process did not post. A model's question
 * is answered by its tool's result instead. Returns the function that stops it.
 */
export function watchHandoffs(host: Host, engine: Engine, log: Log, now: number): () => void {
  const hand = (view: RunView, when: (handoff: IdSource) => Promise<boolean>) => {
    const { id, parent, ask: worker } = view
    if (worker === null || parent === null || view.status !== "success") return
    const step = view.steps.at(-1)
    const work = async () => {
      const [created] = engine.events(id)
      const isTimed = created?.type === "run.created" && created.ids === "time"
      const handoff = handoffOf(parent, id, isTimed ? (view.endedAt ?? view.createdAt) : undefined)
      if (!(await when(handoff))) return
      const file = step && (await engine.fileOf(id, step))
      await postHandoff(host, handoff, handoffText(worker, step?.output ?? "", file))
    }
    work().catch((error) => log.error("a handoff did not reach its session", { run: id, error: describe(error) }))
  }
  // A run that cannot be read has nothing to post, and must not block the others.
  const readable = (id: string) => {
    try {
      return engine.view(id)
    } catch (error) {
      log.error("a run could not be read for a missing handoff", { run: id, error: describe(error) })
      return undefined
    }
  }
  for (const { id, createdAt } of engine.list().slice(0, RUNS_READ)) {
    if (now - createdAt > MISSED_MAX_MS) continue
    const view = readable(id)
    if (view?.parent != null && view.by !== BY_MODEL) hand(view, (handoff) => isMissing(host, handoff))
  }
  return engine.subscribe((run, events) => {
    if (run.created.by === BY_MODEL || !events.some(({ type }) => type === "run.ended")) return
    hand(viewRun(run, true), () => Promise.resolve(true))
  })
}

/** Whether the session exists and the handoff is not in it yet. */
async function isMissing({ client }: Host, handoff: IdSource): Promise<boolean> {
  const { session } = handoff
  if (await isGone("read the session", (o) => client.session.get({ sessionID: session }, o))) return false
  const messageID = ownID("msg", handoff)
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

/** Returns what the ids of a handoff to a session are made from; `at` as in `IdSource`. */
export function handoffOf(session: string, key: string, at: number | undefined): IdSource {
  return { session, key: `handoff/${key}`, at }
}

/**
 * Posts text that the model of a session reads at its next turn. It starts no turn, and the session
 * keeps its agent and model. Posting the same handoff again is the same message. A busy session
 * gets the text when it is idle: in the middle of a turn the model would answer it instead of the
 * person.
 */
export async function postHandoff(host: Host, handoff: IdSource, text: string): Promise<void> {
  await whenIdle(host, handoff.session)
  await post(host, handoff.session, text, handoff)
}

/**
 * Posts text into a session without a model turn and without changing the session's agent or model.
 * A handoff is read by models later, and the same one is the same message. No model ever reads any
 * other text.
 */
export async function post(host: Host, session: string, said: string, handoff?: IdSource): Promise<void> {
  const text = printable(said)
  const { agent, model } = await callHost("read the session", (o) => host.client.session.get({ sessionID: session }, o))
  await callHost("post into the session", (o) =>
    host.client.session.prompt(
      {
        sessionID: session,
        noReply: true,
        ...(handoff ? { messageID: ownID("msg", handoff) } : {}),
        parts: [handoff ? { type: "text", text, id: ownID("prt", handoff) } : { type: "text", text, ignored: true }],
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
