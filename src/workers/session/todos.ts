import type { Part } from "@opencode-ai/sdk/v2"
import type { Entry } from "../../host/entries.ts"

/** OpenCode's tool for a session's todo list. */
export const TODO_TOOL = "todowrite"

/**
 * Returns the final state of a worker's todo list, as the states of its items in order, or
 * undefined without a list.
 */
export function todosIn(turn: readonly Entry[]): string | undefined {
  const states = statesIn(turn.flatMap(({ parts }) => parts))
  return states.length === 0 ? undefined : states.join()
}

/** Whether the last todo list among these parts has an item that is neither done nor given up. */
export function hasOpenTodo(parts: readonly Part[]): boolean {
  return statesIn(parts).some((state) => state !== "completed" && state !== "cancelled")
}

/** Returns the states of the items of the last todo list, in order. */
function statesIn(parts: readonly Part[]): readonly unknown[] {
  const last = parts.findLast(
    (part) => part.type === "tool" && part.tool === TODO_TOOL && part.state.status === "completed",
  )
  const todos: unknown = last?.type === "tool" ? last.state.input.todos : undefined
  if (!Array.isArray(todos)) return []
  return todos.map((todo: unknown) => (typeof todo === "object" && todo && "status" in todo ? todo.status : "?"))
}
