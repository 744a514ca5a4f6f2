import type { Entry } from "../../../host/entries.ts"
import type { TurnState } from "./state.ts"

/** How many answers are remembered. The answers of a session come one after another. */
const REMEMBERED = 16

/**
 * Remembers which answers call a tool. OpenCode gives the model the tool's result in another
 * request, whatever the answer's finish says, and reports the call before the answer's end.
 */
export function withCalls(state: TurnState, messageIDs: readonly string[]): TurnState {
  const added = messageIDs.filter((id) => !state.called.includes(id))
  if (added.length === 0) return state
  const { finished, ...rest } = state.news
  const news = finished && added.includes(finished.messageID) ? rest : state.news
  return { ...state, news, called: [...state.called, ...added].slice(-REMEMBERED) }
}

/** Returns the ids of the messages that call a tool. */
export function callersIn(entries: readonly Entry[]): readonly string[] {
  return entries.filter(({ parts }) => parts.some(({ type }) => type === "tool")).map(({ info }) => info.id)
}
