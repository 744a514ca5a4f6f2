import type { Message, Part } from "@opencode-ai/sdk/v2"

/**
 * Messages of a session, and the task that each belongs to. A kept session has one task after
 * another.
 */

export interface Entry {
  readonly info: Message
  readonly parts: readonly Part[]
}

/** Returns the mark in the parts of our messages that names their task (contract C16). */
export function markOf(task: string): { readonly baton: { readonly task: string } } {
  return { baton: { task } }
}

/** Returns the task that a message of ours names, or undefined for a message of somebody else. */
export function markIn({ parts }: Pick<Entry, "parts">): unknown {
  const marked = parts.flatMap((part) => (part.type === "text" ? [part.metadata?.baton] : [])).find(Boolean)
  return (marked as { task?: unknown } | undefined)?.task
}

/**
 * Returns the messages from `start` up to the first one of another task. Empty when there is none
 * at `start`.
 */
export function taskFrom(entries: readonly Entry[], start: number): readonly Entry[] {
  const first = entries[start]
  if (first === undefined) return []
  const rest = entries.slice(start)
  const own = markIn(first)
  const end = rest.findIndex((entry) => ![undefined, own].includes(markIn(entry)))
  return end < 0 ? rest : rest.slice(0, end)
}
