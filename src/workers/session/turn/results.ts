import type { Entry } from "../../../host/entries.ts"
import type { Failure } from "../failure.ts"
import { firstSending, hasAll, missingSending, repeatedSending, verdictOn } from "../outbox.ts"
import {
  answersTo,
  lastWordsOf,
  type TurnVerdict,
  textOf,
  verdictOf,
  verdictOfLoop,
  verdictOfSilence,
} from "../verdict.ts"
import { callersIn, withCalls } from "./calls.ts"
import { decide, rest } from "./decide.ts"
import { relearned } from "./health.ts"
import { andThen, entriesOf, finish, listening, move, request, tell } from "./moves.ts"
import { settled, triedAgain } from "./settle.ts"
import { NO_NEWS, type TurnResult, type TurnState, type TurnStep } from "./state.ts"
import { steered } from "./steers.ts"

/** How long a session must stay idle before an inconclusive end counts as the end. */
const SILENCE_MS = 2_000
/**
 * The same before the server has begun to answer: the first prompt of a busy machine can take long.
 */
const NOT_BEGUN_MS = 30_000

/** Continues the turn with the result of its request. */
export function afterRequest(state: TurnState, result: TurnResult, now: number): TurnStep {
  if (state.phase.is === "over") return move(state)
  if (result.type === "failed") return triedAgain(state, now) ?? finish(state, { error: result.error })
  const entries = entriesOf(result)
  const isBusy = result.type === "looked" && result.isBusy
  switch (state.phase.is) {
    case "settling":
      return settled(state, result, now) ?? opened(withoutNews(state), entries, isBusy, now)
    case "harvesting":
      return harvested(state, entries, isBusy, now)
    case "recalling":
      return recalled(state, entries)
    case "looking":
      return isBusy ? rest(withoutIdle(state), now) : looked(state, entries, now)
    case "checking":
      return checked(state, entries, now)
    case "handing-back":
      return isBusy ? rest(state, now) : handedBack(state, entries, now)
    case "unlooping":
      return decide(listening(withoutLoop(state)), now)
    case "stopping":
      return result.type === "read"
        ? stopped(state, state.phase.why, entries)
        : move(state, { type: "read", for: "turn" })
    case "beginning":
      return begun(state, now)
    default:
      return rest(state, now)
  }
}

/** Begins the turn once the stop of an earlier one is complete. */
function opened(state: TurnState, entries: readonly Entry[], isBusy: boolean, now: number): TurnStep {
  const { own, setup } = state
  if (setup.isRepeat) return harvested(state, entries, isBusy, now)
  if (state.isAborted) return begun(state, now)
  return request(state, { is: "beginning" }, { type: "send", sending: firstSending(own, setup.context) })
}

/**
 * Starts listening, because the prompt is sent or need not be. Then performs what persons asked for
 * before.
 */
export function begun(state: TurnState, now: number): TurnStep {
  const first = decide(listening({ ...state, queue: [] }), now)
  return state.queue.reduce((done, asked) => andThen(done, (next) => steered(next, asked, now)), first)
}

/**
 * Continues after the look for an earlier answer. Nothing is asked twice: an existing answer is the
 * end, and a busy server is sent only what it lacks (contract C25).
 */
function harvested(state: TurnState, entries: readonly Entry[], isBusy: boolean, now: number): TurnStep {
  const { own, setup } = state
  const verdict = verdictOn(own, entries)
  if (verdict?.reason === "ok") {
    if (!setup.isForeground) return finish(state, { end: { ...verdict, entries } })
    const yours = { ...state, hasAnswered: true, news: { ...state.news, hasIdled: true } }
    return andThen(tell(yours), (next) => begun(next, now))
  }
  const heard = withCalls(state, callersIn(entries))
  const next = isBusy ? { ...heard, health: relearned(state.health, entries, true, now) } : heard
  if (next.isAborted) return begun(next, now)
  const sending = missingSending(own, entries, isBusy, setup.context)
  const known = answersTo(entries, own[0].messageID).map(({ info }) => info.id)
  const isAwaiting = sending.ask === undefined
  return request({ ...next, known, isAwaiting }, { is: "beginning" }, { type: "send", sending, rereads: isBusy })
}

/** Forgets what was heard of the earlier turn, whose end is not this one's. */
function withoutNews(state: TurnState): TurnState {
  return { ...state, news: NO_NEWS, hasNews: false }
}

/** Takes a good end from the events. Any other end is looked up on the server. */
function recalled(state: TurnState, entries: readonly Entry[]): TurnStep {
  const verdict = verdictOn(state.own, entries)
  if (verdict?.reason === "ok") return finish(state, { end: { ...verdict, entries } })
  return request(state, { is: "looking" }, { type: "look", evenIfBusy: false })
}

/**
 * Judges an idle session: its messages say how the turn ended, or its silence does once it has
 * lasted.
 */
function looked(state: TurnState, entries: readonly Entry[], now: number): TurnStep {
  if (state.isStale) return rest(state, now)
  const { own, news } = state
  const verdict = verdictOn(own, entries)
  if (verdict) return finish(state, { end: { ...verdict, entries } })
  const answers = answersTo(entries, own[0].messageID)
  const hasSaid = own.length > 1
  const isNew = answers.some(({ info }) => !state.known.includes(info.id))
  // A late report of an earlier turn's abort says nothing about this one.
  const hasFailed = news.lastError !== undefined && news.lastError.reason !== "aborted"
  const hasBegun = isNew || state.isAwaiting || hasSaid || hasFailed
  const idleSince = news.idleSince ?? now
  if (now - idleSince < (hasBegun ? SILENCE_MS : NOT_BEGUN_MS))
    return rest({ ...state, news: { ...news, idleSince } }, now)
  // Nobody answers a message that came when the turn was almost over.
  if (answers.length === 0 && hasSaid && !news.hasRepeated) {
    const again = withoutIdle({ ...state, news: { ...news, hasRepeated: true } })
    return request(again, { is: "repeating" }, { type: "send", sending: repeatedSending(own) })
  }
  const end = verdictOfSilence(answers, news.lastError)
  // The earlier turn that was being answered has ended without an answer, so it is asked again.
  if (state.isAwaiting && end.reason === "worker-lost") return harvested(withoutNews(state), entries, false, now)
  return finish(state, { end: { ...end, entries } })
}

function withoutIdle(state: TurnState): TurnState {
  const { idleSince: _, ...news } = state.news
  return { ...state, news }
}

function withoutLoop(state: TurnState): TurnState {
  const { loop: _l, finished: _f, ...news } = state.news
  return { ...state, news }
}

/**
 * An answer counts even when a person has acted since then. An outage from before that does not end
 * the turn.
 */
function checked(state: TurnState, entries: readonly Entry[], now: number): TurnStep {
  const verdict = verdictOn(state.own, entries)
  if (verdict?.outage && !state.isStale) return finish(state, { end: { ...verdict, entries } })
  return rest({ ...state, hasAnswered: verdict?.reason === "ok" }, now)
}

/**
 * Ends a turn that was handed back without words. An answer that is being written is waited for,
 * because half an answer is none.
 */
function handedBack(state: TurnState, entries: readonly Entry[], now: number): TurnStep {
  if (state.isStale) return rest(state, now)
  return finish(state, { end: { ...lastWordsOf(entries, state.own[0].messageID), entries } })
}

/** Reports what a stopped session had written. */
function stopped(state: TurnState, why: Failure, entries: readonly Entry[]): TurnStep {
  const end = (verdict: TurnVerdict) => finish(state, { end: { ...verdict, entries } })
  const { own, handback, news, setup } = state
  if (why.reason === "ok" && handback?.text) return end({ reason: "ok", output: handback.text })
  const answers = answersTo(entries, own[0].messageID)
  const torn = news.loop === "torn" ? verdictOfLoop(answers) : undefined
  if (torn) return end(torn)
  if (news.loop === "finished") {
    const finished = answers.find(({ info }) => info.id === news.finished?.messageID)
    return end({ ...why, output: textOf(finished?.parts ?? []) })
  }
  const verdict = verdictOf(answers)
  // An answer that arrives while the session is being stopped is kept.
  if (verdict?.reason === "ok" && hasAll(own, entries) && !setup.isForeground) return end(verdict)
  return end({ ...why, output: verdict?.output ?? "" })
}
