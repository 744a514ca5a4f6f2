import type { WorkerTask } from "../../core/ports/ports.ts"
import { keyOfSaying, ownMessage } from "./outbox.ts"
import type { SessionTarget } from "./session-target.ts"
import type { TurnEnd } from "./turn/state.ts"
import type { Turn } from "./turn/turn.ts"
import { tokensOf } from "./verdict.ts"

/** A worker whose session has become too long writes down where it stands, so that it can go on in a new one. */

/** How often one attempt may do that: a task that never ends is not to go on for ever. */
const MAX_CHECKPOINTS = 20
const ID = "checkpoint"
const ASK = `Stop here: this session has become long, and you will go on in a new one that knows nothing of it. Call no more tools. Write down what you need to go on: what you were asked and have not done yet, what is done and where, what you found out, decisions and why, what to do next. If everything you were asked is done, write down your full answer and say that only it is to be given.`

/**
 * Watches a worker at work: once its context is over the profile's limit in the middle of its work, it is asked. Returns the
 * function that ends the watch.
 */
export function watchContext(target: SessionTarget, task: WorkerTask, session: string, turn: Turn): () => void {
  const { checkpoint: limit, keep } = task.profile
  if (limit === undefined || keep || (task.checkpoints ?? 0) >= MAX_CHECKPOINTS) return () => {}
  let isAsked = false
  return target.host.subscribe((event) => {
    if (isAsked || event.type !== "message.updated" || event.properties.info.sessionID !== session) return
    const { info } = event.properties
    // Who has just finished is not asked to begin again.
    if (info.role !== "assistant" || info.summary || info.finish !== "tool-calls") return
    const { input, output } = tokensOf([{ info }])
    if (input + output < limit) return
    isAsked = true
    void turn.steer({ type: "message", message: { id: ID, text: ASK } }).then((why) => {
      if (why !== undefined) target.log.error("a worker could not be asked where it stands", { session, why })
    })
  })
}

/** Whether what a task ended with is where it stands: it was asked that, now or before a crash. */
export function isCheckpoint(task: WorkerTask, { reason, entries }: TurnEnd): boolean {
  const { messageID } = ownMessage(keyOfSaying(task.key, ID), "")
  return reason === "ok" && entries.some(({ info }) => info.id === messageID)
}
