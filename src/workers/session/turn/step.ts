import { defined } from "../../../core/base/defined.ts"
import { readError } from "../../../host/provider-error.ts"
import { backAt } from "../failure.ts"
import { firstSending } from "../outbox.ts"
import { callersIn, withCalls } from "./calls.ts"
import { decide } from "./decide.ts"
import { afterHeard, excused, relearned } from "./health.ts"
import type { Heard, HeardAnswer } from "./heard.ts"
import { andThen, entriesOf, goOn, move, request, tell } from "./moves.ts"
import { afterRequest, begun } from "./results.ts"
import { lookAgain } from "./settle.ts"
import type { News, TurnInput, TurnResult, TurnState, TurnStep } from "./state.ts"
import { afterSteer, steered } from "./steers.ts"

/** A worker does not hold its place in the pool during a longer wait of OpenCode's than this. */
const LONGEST_RETRY_MS = 60_000

/**
 * The whole of a turn as one pure function. It takes the turn so far, what happened and the time,
 * and returns the next state and what to do. It reads no clock, calls no server and performs
 * nothing: `Turn` does that.
 */
export function step(state: TurnState, input: TurnInput, now: number): TurnStep {
  if ("for" in input) {
    if (input.for === "turn") return afterRequest(state, input, now)
    return input.for === "relearn" ? afterRelearning(state, input, now) : afterSteer(state, input.for, input, now)
  }
  if (input.type === "steer") return steered(state, input, now)
  if (state.phase.is === "over") return move(state)
  switch (input.type) {
    case "start":
      return start(state, now)
    case "abort":
      return decide({ ...state, isAborted: true }, now)
    case "timer":
      if (state.phase.is === "settling") return lookAgain(state)
      // A request that is under way sets a new timer when it has its result.
      return state.phase.is === "listening" ? decide({ ...state, hasNews: true }, now) : move(state)
    case "asks":
      return decide({ ...state, isAsked: input.isOpen, health: excused(state.health, now) }, now)
    case "heard":
      return hear(state, input.heard, now)
  }
}

function start(state: TurnState, now: number): TurnStep {
  if (state.isAborted) return begun(state, now)
  const { own, setup } = state
  if (setup.wasStopped) return andThen(tell(state), lookAgain)
  return andThen(tell(state), (next) =>
    setup.isRepeat
      ? request(next, { is: "harvesting" }, { type: "look", evenIfBusy: true })
      : request(next, { is: "beginning" }, { type: "send", sending: firstSending(own, setup.context) }),
  )
}

function hear(state: TurnState, heard: Heard, now: number): TurnStep {
  if (heard.type === "missed")
    return andThen(tell(state), (next) => move(next, { type: "look", evenIfBusy: true, for: "relearn" }))
  const known = heard.type === "tool" ? withCalls(state, [heard.messageID]) : state
  const next = { ...known, health: afterHeard(state.health, heard, now), news: newsAfter(known, heard, now) }
  switch (heard.type) {
    case "retry": {
      const isShort = heard.next - now <= LONGEST_RETRY_MS
      const first = isShort ? move(next, { type: "throttled", until: heard.next }) : move(next)
      return andThen(first, (so) => withNews(so, now))
    }
    case "user":
      return hearUser(next, heard.messageID, now)
    case "answer":
      return next.news.loop === state.news.loop ? tell(next) : withNews(next, now)
    case "error":
    case "idle":
      return withNews(next, now)
    default:
      return tell(next)
  }
}

function newsAfter({ news, called }: TurnState, heard: Heard, now: number): News {
  switch (heard.type) {
    case "busy":
      return { ...news, hasIdled: false, hasChecked: false }
    case "idle":
      return { ...news, hasIdled: true }
    case "error":
      return { ...news, lastError: heard.failure }
    case "answer":
      if (heard.isEndless) return { ...news, loop: "torn" }
      return heard.answer === undefined ? news : afterAnswer(news, heard.answer, called)
    case "retry": {
      if (heard.next - now <= LONGEST_RETRY_MS) return news
      const outage = { cause: "quota" as const, ...defined({ until: backAt(heard.next, now) }) }
      return { ...news, quota: { reason: "quota", detail: readError({ message: heard.message }).message, outage } }
    }
    default:
      return news
  }
}

/**
 * Notices that OpenCode asks the model again although its answer to the same message was finished.
 * OpenCode does so without end before 1.18.18 when the message's id sorts above the answer's
 * (contract C2).
 */
function afterAnswer(news: News, answer: HeardAnswer, called: readonly string[]): News {
  const { finished } = news
  if (news.loop !== undefined) return news
  const isNew = finished !== undefined && answer.createdAt > finished.createdAt
  if (isNew && answer.to === finished.to) return { ...news, loop: "finished" }
  return answer.isFinished && !called.includes(answer.messageID) ? { ...news, finished: answer } : news
}

/**
 * Handles a user message. One that is not ours is from a person, who typed it in the worker's
 * session.
 */
function hearUser(state: TurnState, messageID: string, now: number): TurnStep {
  if (state.seen.includes(messageID)) return tell(state)
  const next = { ...state, seen: [...state.seen, messageID] }
  if (state.own.some((message) => message.messageID === messageID)) return tell(next)
  return andThen(state.isHeld ? goOn(next, now) : move(next), (so) => withNews(so, now))
}

function withNews(state: TurnState, now: number): TurnStep {
  return andThen(tell({ ...state, hasNews: true }), (next) => decide(next, now))
}

/**
 * Recovers from missed events: takes the worker's condition from its messages, then rereads its
 * open requests.
 */
function afterRelearning(state: TurnState, result: TurnResult, now: number): TurnStep {
  if (state.phase.is === "over") return move(state)
  if (result.type === "looked") {
    const entries = entriesOf(result)
    const health = relearned(state.health, entries, result.isBusy, now)
    return move({ ...withCalls(state, callersIn(entries)), health }, { type: "reread", for: "relearn" })
  }
  // If the server cannot be asked, the next look meets the same error and ends the turn.
  return decide({ ...state, hasNews: true }, now)
}
