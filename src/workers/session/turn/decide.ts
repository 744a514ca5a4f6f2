import { SUPPORTED_VERSIONS } from "../../../host/version.ts"
import type { Failure } from "../failure.ts"
import { deadlineOf, overdue } from "./health.ts"
import { isYours, listening, move, request } from "./moves.ts"
import type { News, TurnState, TurnStep } from "./state.ts"

/** The session's events report everything. The poll only catches an event that was lost. */
const POLL_MS = 2_000

/** Why a turn is stopped in which OpenCode asks the model again and again. */
const LOOPS: Readonly<Record<NonNullable<News["loop"]>, Failure>> = {
  torn: { reason: "truncated", detail: "the model's stream ended in the middle of the answer" },
  finished: {
    reason: "error",
    detail: `OpenCode asked the model again after a finished answer, and would not have stopped. This is a fault of OpenCode: use a version ${SUPPORTED_VERSIONS}`,
  },
}

/** Decides what to do next, unless the turn waits for the result of a request. */
export function decide(state: TurnState, now: number): TurnStep {
  if (state.phase.is !== "listening") return move(state)
  const why = mustStop(state, now)
  if (why) return request(state, { is: "stopping", why }, { type: "abort" })
  const { handback, news, setup } = state
  const looked: TurnState = { ...state, hasNews: false }
  const hasReason = state.hasNews || news.idleSince !== undefined
  if (handback === undefined && (state.isHeld || !hasReason)) return wait(looked, now)
  if (news.loop !== undefined && setup.isForeground) return request(state, { is: "unlooping" }, { type: "abort" })
  if (handback) return request(looked, { is: "handing-back" }, { type: "look", evenIfBusy: false })
  if (setup.isForeground) return decideForeground(looked, now)
  // The events of a repeated turn were not heard from its beginning.
  if (news.hasIdled && !setup.isRepeat) return request(looked, { is: "recalling" }, { type: "recall" })
  return request(looked, { is: "looking" }, { type: "look", evenIfBusy: false })
}

/**
 * A turn with a person does not end with an answer. It ends only when the model is out of reach
 * before there was any answer.
 */
function decideForeground(state: TurnState, now: number): TurnStep {
  const { news } = state
  if (!isYours(state) || state.hasAnswered || news.hasChecked) return wait(state, now)
  return request({ ...state, news: { ...news, hasChecked: true } }, { is: "checking" }, { type: "read" })
}

/**
 * Continues after a request that ended nothing: decides again if something happened meanwhile, else
 * waits.
 */
export function rest(state: TurnState, now: number): TurnStep {
  const next = listening(state)
  return next.hasNews || mustStop(next, now) ? decide(next, now) : wait(next, now)
}

/** Waits for an event, for the next deadline or for the next poll, whichever comes first. */
function wait(state: TurnState, now: number): TurnStep {
  const { setup, startedAt, health } = state
  const deadlines = [startedAt + setup.timeoutMs, ...(isSuspended(state) ? [] : [deadlineOf(health, setup).at])]
  return move(state, { type: "wake", at: Math.max(now + 1, Math.min(now + POLL_MS, ...deadlines)) })
}

function mustStop(state: TurnState, now: number): Failure | undefined {
  const { setup, startedAt, news, handback, health } = state
  const { timeoutMs, isForeground } = setup
  if (state.isAborted) return { reason: "aborted", detail: "stopped" }
  if (handback?.text !== undefined) return { reason: "ok", detail: "" }
  if (news.loop !== undefined && !state.isHeld && !isForeground) return LOOPS[news.loop]
  if (now >= startedAt + timeoutMs) return { reason: "timeout", detail: `not done after ${timeoutMs / 1_000} s` }
  if (isSuspended(state)) return undefined
  return news.quota ?? overdue(health, setup, now)
}

/** Whether the worker waits for a person, so that only the total deadline counts. */
function isSuspended(state: TurnState): boolean {
  return state.isHeld || state.isAsked || isYours(state)
}
