import { decide } from "./decide.ts"
import { entriesOf, finish, listening, move, request } from "./moves.ts"
import type { TurnResult, TurnState, TurnStep } from "./state.ts"

/** How long an idle session may have an answer without an end before that counts as its end. */
const UNFINISHED_MS = 5_000
const POLL_MS = 200

/**
 * Looks whether the stop of an earlier turn is complete. Nothing is sent before, because the stop
 * would end the new answer too, or its end would be taken for the end of this turn (contract C24).
 */
export function lookAgain(state: TurnState): TurnStep {
  return request(state, { is: "settling", isAborting: false }, { type: "look", evenIfBusy: true })
}

/** Looks again a moment after another abort has failed, because the first one may be enough. */
export function triedAgain(state: TurnState, now: number): TurnStep | undefined {
  if (state.phase.is !== "settling" || !state.phase.isAborting) return undefined
  return move({ ...state, phase: { is: "settling", isAborting: false } }, { type: "wake", at: now + POLL_MS })
}

/**
 * Continues to wait, or ends the turn at a deadline. Returns undefined when the stop is complete or
 * this turn is stopped too.
 */
export function settled(state: TurnState, result: TurnResult, now: number): TurnStep | undefined {
  if (result.type !== "looked") return lookAgain(state)
  const waitedMs = now - state.startedAt
  if (state.isAborted) return undefined
  // The turn is over, so it only decides how it ends.
  if (waitedMs >= state.setup.timeoutMs) return decide(listening(state), now)
  if (!result.isBusy && (isFinished(result) || waitedMs >= UNFINISHED_MS)) return undefined
  if (waitedMs >= state.setup.idleTimeoutMs) {
    const detail = "its session could not be stopped, so it cannot continue there"
    return finish(state, { end: { reason: "worker-lost", output: "", detail, entries: entriesOf(result) } })
  }
  // The first request to stop it may have been lost, so it is made again.
  if (result.isBusy) return request(state, { is: "settling", isAborting: true }, { type: "abort" })
  return move(state, { type: "wake", at: now + POLL_MS })
}

/** OpenCode is idle before it has written the end of a stopped answer. */
function isFinished(result: TurnResult): boolean {
  const last = entriesOf(result).findLast(({ info }) => info.role === "assistant")?.info
  return last?.role !== "assistant" || last.time.completed !== undefined
}
