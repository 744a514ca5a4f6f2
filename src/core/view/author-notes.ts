import { oneLine } from "../base/printable.ts"
import type { Workflow } from "../model/workflow.ts"

/** What the authors of a workflow note in it: shown to people, without any effect on a run. */

/** Notes beyond this number, and characters of one beyond this length, are not shown. */
const MAX_NOTES = 20
const MAX_CHARS = 200

/** Returns the version and the metadata of a workflow as names and texts, in the order written. */
export function authorNotes({ version, metadata = {} }: Pick<Workflow, "version" | "metadata">): [string, string][] {
  const notes = Object.entries({ ...(version === undefined ? {} : { version }), ...metadata })
  return notes.slice(0, MAX_NOTES).map(([name, value]) => [name, oneLine(textOf(value), MAX_CHARS)])
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(", ")
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}
