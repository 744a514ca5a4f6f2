import { Database } from "bun:sqlite"
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { RunEvent } from "../../../src/core/model/events.ts"
import type { Project } from "./project.ts"

const EVENTS = 20
const LOG_LINES = 20
const LINE_CHARS = 300

/**
 * The last events of the project's newest run and the complaints in OpenCode's log. They are part
 * of the error of a wait that timed out, because a screen alone does not show why something is
 * missing on it.
 */
export function evidence(project: Project): string {
  const complaints = project
    .log()
    .split("\n")
    .filter((line) => /level=(ERROR|WARN)|service=baton/.test(line))
  return ["The newest run:", ...lastEvents(project), "OpenCode's log:", ...complaints.slice(-LOG_LINES).map(cut)].join(
    "\n  ",
  )
}

function lastEvents(project: Project): string[] {
  const file = join(project.state(), "journal.db")
  if (!existsSync(file)) return ["none"]
  const db = new Database(file, { readonly: true })
  try {
    const rows = db
      .query<{ body: string }, []>(
        "SELECT body FROM event WHERE run = (SELECT id FROM run ORDER BY created_at DESC, id DESC LIMIT 1) ORDER BY seq",
      )
      .all()
    return rows
      .map(({ body }) => JSON.parse(body) as RunEvent)
      .map(({ at, ...event }) => cut(`${new Date(at).toISOString()} ${JSON.stringify(event)}`))
      .slice(-EVENTS)
  } finally {
    db.close()
  }
}

function cut(line: string): string {
  return line.length > LINE_CHARS ? `${line.slice(0, LINE_CHARS)}…` : line
}
