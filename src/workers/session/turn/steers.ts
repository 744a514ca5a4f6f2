import { describe } from "../../../host/host.ts"
import { missingSending } from "../outbox.ts"
import { decide } from "./decide.ts"
import { andThen, goOn, move, TOO_LATE, tell } from "./moves.ts"
import type { TurnInput, TurnPhase, TurnResult, TurnState, TurnSteer, TurnStep } from "./state.ts"

type SteerRequest = Pick<Extract<TurnInput, { type: "steer" }>, "id" | "steer">

const UNPROMPTED: ReadonlySet<TurnPhase["is"]> = new Set(["new", "settling", "harvesting", "beginning"])

/** Performs what a person asks for, or answers why it is not possible. */
export function steered(state: TurnState, asked: SteerRequest, now: number): TurnStep {
  const { id, steer } = asked
  const { phase, handback } = state
  const isHandedBack = handback !== undefined && (handback.text !== undefined || steer.type !== "handback")
  if (phase.is === "over" || phase.is === "stopping" || isHandedBack) return refuse(state, id, TOO_LATE)
  // Nothing is sent before the prompt.
  if (UNPROMPTED.has(phase.is)) return move({ ...state, queue: [...state.queue, { id, steer }] })
  switch (steer.type) {
    case "message":
      return say(state, id, steer, now)
    case "interrupt":
      return interrupt(state, id)
    case "resume":
      if (!state.isHeld) return refuse(state, id, "it is not interrupted, so there is nothing to resume")
      return move(opened(state, { id, type: "resume" }), { type: "read", for: id })
    case "handback":
      return handBack(state, id, steer.text, now)
  }
}

function refuse(state: TurnState, steer: number, why: string): TurnStep {
  return move(state, { type: "answer", steer, why })
}

function opened(state: TurnState, steer: TurnState["open"][number]): TurnState {
  return { ...state, open: [...state.open, steer] }
}

function say(
  state: TurnState,
  id: number,
  { message }: Extract<TurnSteer, { type: "message" }>,
  now: number,
): TurnStep {
  const isNew = !state.own.some(({ messageID }) => messageID === message.messageID)
  const own: TurnState["own"] = isNew ? [...state.own, message] : state.own
  const takesBack = isNew ? { takesBack: message.messageID } : {}
  return andThen(goOn({ ...opened(state, { id, type: "message", ...takesBack }), own }, now), (next) =>
    andThen(move(next, { type: "send", sending: { tell: [], ask: message }, for: id }), (sent) => decide(sent, now)),
  )
}

function interrupt(state: TurnState, id: number): TurnStep {
  if (state.isHeld) return refuse(state, id, "it is interrupted already: resume it, or send it a message")
  const held = { ...opened(state, { id, type: "interrupt" }), isHeld: true, isStale: true }
  return andThen(tell(held), (next) => move(next, { type: "abort", for: id }))
}

function handBack(state: TurnState, id: number, text: string | undefined, now: number): TurnStep {
  if (!state.setup.isForeground)
    return refuse(state, id, "it works in the background and hands back by itself when it is done")
  const handback = text ? { text } : {}
  return andThen(move({ ...state, handback, isStale: true, hasNews: true }, { type: "answer", steer: id }), (next) =>
    decide(next, now),
  )
}

/** Continues a steer with the result of its request. */
export function afterSteer(state: TurnState, id: number, result: TurnResult, now: number): TurnStep {
  const steer = state.open.find((open) => open.id === id)
  if (result.type === "read") return resume(state, id, result.entries, now)
  const next = { ...state, open: state.open.filter((open) => open !== steer) }
  if (result.type !== "failed") return move(next, { type: "answer", steer: id })
  const failed = refuse(next, id, describe(result.error))
  if (state.phase.is === "over") return failed
  if (steer?.type === "interrupt")
    return andThen(
      andThen(failed, (held) => goOn(held, now)),
      (free) => decide(free, now),
    )
  if (steer?.takesBack === undefined) return failed
  const [prompt, ...said] = next.own
  const own: TurnState["own"] = [prompt, ...said.filter(({ messageID }) => messageID !== steer.takesBack)]
  return { ...failed, state: { ...next, own } }
}

function resume(state: TurnState, id: number, entries: Parameters<typeof missingSending>[1], now: number): TurnStep {
  const next = { ...state, open: state.open.filter((open) => open.id !== id) }
  if (state.phase.is === "over" || state.phase.is === "stopping") return refuse(next, id, TOO_LATE)
  if (!state.isHeld) return refuse(next, id, "it is not interrupted, so there is nothing to resume")
  const sending = missingSending(state.own, entries, false)
  return andThen(goOn(state, now), (free) =>
    andThen(move(free, { type: "send", sending, for: id }), (sent) => decide(sent, now)),
  )
}
