import type { StepResult } from "../../core/model.ts"
import { isPriced } from "../../host/catalog.ts"
import { describe, type Host, HostError } from "../../host/host.ts"
import type { TurnEnd } from "./turn.ts"
import { answersTo, isCounted, tokensOf, turnOf } from "./verdict.ts"

const NO_TOKENS = { input: 0, output: 0 } as const

/** What a turn's end is worth: the answer and all it took. */
export async function resultOf(host: Host, session: string, messageID: string, end: TurnEnd): Promise<StepResult> {
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

/** What became of a task that threw. */
export function resultOfError(error: unknown, isStopped: boolean): StepResult {
  if (isStopped) return { reason: "aborted", output: "", tokens: NO_TOKENS, cost: null }
  // A server that does not answer may have been asked before it fell silent: what that cost is not known.
  const isLost = error instanceof HostError && error.status === undefined
  const end = isLost ? { reason: "worker-lost" as const, cost: null } : { reason: "error" as const, cost: 0 }
  return { ...end, output: "", detail: describe(error), tokens: NO_TOKENS }
}
