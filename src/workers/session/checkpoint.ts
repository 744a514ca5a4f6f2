import type { WorkerTask } from "../../core/ports/ports.ts"
import { saidMessage } from "./outbox.ts"
import type { SessionTarget } from "./session-target.ts"
import type { TurnEnd } from "./turn/state.ts"
import type { Turn } from "./turn/turn.ts"
import { tokensOf } from "./verdict.ts"

/**
 * When a worker's session has become too long, the worker writes down where it stands and continues
 * in a new session.
 */

/** How often one attempt may do that, because a task that never ends must not go on for ever. */
const MAX_CHECKPOINTS = 20
const ID = "checkpoint"
const ASK = `Stop here: this session has become long, and you will go on in a new one that knows nothing of it. Call no more tools. Write down what you need to go on: what you were asked and have not done yet, what is done and where, what you found out, decisions and why, what to do next. If everything you were asked is done, write down your full answer and say that only it is to be given.`

/**
 * Watches a worker and asks it once when its context exceeds the profile's limit in the middle of
 * its work. Returns a function that ends the watch.
 */
export function watchContext(target: SessionTarget, task: WorkerTask, session: string, turn: Turn): () => void {
  const { checkpoint: limit, keep } = task.profile
  if (limit === undefined || keep || (task.checkpoints ?? 0) >= MAX_CHECKPOINTS) return () => {}
  let isAsked = false
  return target.host.subscribe((event) => {
    if (isAsked || event.type !== "message.updated" || event.properties.info.sessionID !== session) return
    const { info } = event.properties
    // A worker that has just finished is not asked to begin again.
    if (info.role !== "assistant" || info.summary || info.finish !== "tool-calls") return
    const { input, output } = tokensOf([{ info }])
    if (input + output < limit) return
    isAsked = true
    void turn.steer({ type: "message", message: { id: ID, text: ASK } }).then((why) => {
      if (why !== undefined) target.log.error("a worker could not be asked where it stands", { session, why })
    })
  })
}

/**
 * Whether a task in `session` ended with the description of where it stands, which it was asked for now or
 * before a crash.
 */
export function isCheckpoint(task: WorkerTask, session: string, { reason, entries }: TurnEnd): boolean {
  const { messageID } = saidMessage({ ...task, session, task: task.key }, { id: ID, text: "" })
  return reason === "ok" && entries.some(({ info }) => info.id === messageID)
}
