import type { Entry } from "../../host/entries.ts"

/** OpenCode's tool for a session's todo list. */
export const TODO_TOOL = "todowrite"

/**
 * Returns the final state of a worker's todo list, as the states of its items in order, or
 * undefined without a list.
 */
export function todosIn(turn: readonly Entry[]): string | undefined {
  const calls = turn.flatMap(({ parts }) => parts).filter((part) => part.type === "tool" && part.tool === TODO_TOOL)
  const last = calls.findLast((part) => part.type === "tool" && part.state.status === "completed")
  const todos: unknown = last?.type === "tool" ? last.state.input.todos : undefined
  if (!Array.isArray(todos) || todos.length === 0) return undefined
  return todos.map((todo: unknown) => (typeof todo === "object" && todo && "status" in todo ? todo.status : "?")).join()
}
