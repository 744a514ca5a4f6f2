import { createHash } from "node:crypto"
import { handoffText } from "../core/handoff.ts"
import type { Log } from "../core/ports.ts"
import { viewRun } from "../core/view.ts"
import type { Engine } from "../engine/engine.ts"
import { ask, describe, type Host } from "../host/host.ts"
import { BY_MODEL } from "./desk.ts"

/** A session that is at work this long is posted into all the same. */
const BUSY_MAX_MS = 10 * 60_000

/**
 * Puts the answer of every question a person asked a worker into the session it was asked from, once it is there.
 * What a model asked is in its tool's result. Returns the function that stops it.
 */
export function watchHandoffs(host: Host, engine: Engine, log: Log): () => void {
  return engine.subscribe((run, events) => {
    const { ask: worker, by } = run.created
    if (worker === undefined || by === BY_MODEL || run.parent === undefined) return
    if (!events.some((event) => event.type === "run.ended" && event.status === "success")) return
    const output = viewRun(run, true).steps.at(-1)?.output ?? ""
    postHandoff(host, run.parent, handoffText(worker, output), run.id).catch((error) =>
      log.error("a handoff did not reach its session", { run: run.id, error: describe(error) }),
    )
  })
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
  const { agent, model } = await ask("read the session", (o) => host.client.session.get({ sessionID: session }, o))
  const { key } = options
  const id = (prefix: string) => `${prefix}_${createHash("sha256").update(`handoff/${key}`).digest("hex").slice(0, 26)}`
  await ask("post into the session", (o) =>
    host.client.session.prompt(
      {
        sessionID: session,
        noReply: true,
        ...(key === undefined ? {} : { messageID: id("msg") }),
        parts: [key === undefined ? { type: "text", text, ignored: true } : { type: "text", text, id: id("prt") }],
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
    const statuses = await ask("read the sessions' states", (o) => host.client.session.status({}, o))
    if ((statuses[session]?.type ?? "idle") !== "idle") await idle.promise
  } finally {
    off()
    clearTimeout(timer)
  }
}
