import type { Activity } from "../../../core/ports/ports.ts"
import type { Entry } from "../../../host/entries.ts"
import { doing, excused } from "./health.ts"
import {
  NO_NEWS,
  type TurnAction,
  type TurnEnd,
  type TurnPhase,
  type TurnRequest,
  type TurnResult,
  type TurnState,
  type TurnStep,
} from "./state.ts"

/** The reason for refusing what a person asks for after the turn's end. */
export const TOO_LATE = "its task has just ended"

export function move(state: TurnState, ...actions: readonly TurnAction[]): TurnStep {
  return { state, actions }
}

/** Continues a step with another one. */
export function andThen(first: TurnStep, next: (state: TurnState) => TurnStep): TurnStep {
  const second = next(first.state)
  return { state: second.state, actions: [...first.actions, ...second.actions] }
}

/** Makes the turn wait for the result of a request. */
export function request(state: TurnState, phase: TurnPhase, wanted: TurnRequest): TurnStep {
  return move({ ...state, phase, isStale: false }, { ...wanted, for: "turn" })
}

export function listening(state: TurnState): TurnState {
  return { ...state, phase: { is: "listening" } }
}

/** Returns the messages in a result. Empty when it has none. */
export function entriesOf(result: TurnResult): readonly Entry[] {
  return ("entries" in result ? result.entries : undefined) ?? []
}

/** Ends the turn. Steers that are still queued are refused. */
export function finish(state: TurnState, last: { readonly end: TurnEnd } | { readonly error: unknown }): TurnStep {
  const refusals = state.queue.map(({ id }): TurnAction => ({ type: "answer", steer: id, why: TOO_LATE }))
  const action: TurnAction = "end" in last ? { type: "end", ...last } : { type: "fail", ...last }
  return move({ ...state, phase: { is: "over" }, queue: [] }, action, ...refusals)
}

/** Whether it is the person's turn: the foreground worker has nothing to do. */
export function isYours({ setup, news, health }: TurnState): boolean {
  return setup.isForeground && news.hasIdled && !health.isBusy
}

/** Reports what the worker does. What a person did about it takes precedence. */
export function tell(state: TurnState): TurnStep {
  const { health } = state
  return move(state, { type: "activity", doing: { ...phaseOf(state), lastActivityAt: health.activeAt } })
}

function phaseOf(state: TurnState): Pick<Activity, "phase" | "tool"> {
  if (isYours(state)) return { phase: "yours", tool: null }
  return state.isHeld ? { phase: "held", tool: null } : doing(state.health)
}

/** Forgets what was heard so far, because the turn continues. */
export function goOn(state: TurnState, now: number): TurnStep {
  const health = excused(state.health, now)
  return tell({ ...state, health, news: NO_NEWS, isHeld: false, isStale: true, hasNews: true })
}
