import type { Message, Part } from "@opencode-ai/sdk/v2"

/** Messages of a session, and which task each belongs to: a kept session has one task after another. */

export interface Entry {
  readonly info: Message
  readonly parts: readonly Part[]
}

/** Our mark in the parts of a message that we send, which names its task. */
export function markOf(task: string): { readonly baton: { readonly task: string } } {
  return { baton: { task } }
}

/** The task that a message of ours names; undefined: it is somebody else's. */
export function markIn({ parts }: Pick<Entry, "parts">): unknown {
  const marked = parts.flatMap((part) => (part.type === "text" ? [part.metadata?.baton] : [])).find(Boolean)
  return (marked as { task?: unknown } | undefined)?.task
}

/** The messages from `start` up to the first of another task; empty when there is none at `start`. */
export function taskFrom(entries: readonly Entry[], start: number): readonly Entry[] {
  const first = entries[start]
  if (first === undefined) return []
  const rest = entries.slice(start)
  const own = markIn(first)
  const end = rest.findIndex((entry) => ![undefined, own].includes(markIn(entry)))
  return end < 0 ? rest : rest.slice(0, end)
}
