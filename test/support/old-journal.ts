import { Database } from "bun:sqlite"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { RunEvent } from "../../src/core/model/events.ts"

/**
 * A journal written by an earlier version, whose commit is in `by`. It contains everything that the
 * version could write: the rows of its tables, and what it showed of each run.
 */
type Row = Readonly<Record<string, string | number | null>>
type OldView = { readonly id: string; readonly steps: readonly Readonly<Record<string, unknown>>[] }
type Line = {
  readonly version?: number
  readonly schema?: readonly string[]
  readonly run?: Row
  readonly worker?: Row
  readonly view?: OldView
  readonly event?: { readonly run: string; readonly seq: number; readonly body: RunEvent }
}
const lines = readFileSync(join(import.meta.dirname, "../fixtures/journal-2.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Line)
export const views = lines.flatMap(({ view }) => view ?? [])
export const events = lines.flatMap(({ event }) => event ?? [])

/** Writes the file as that version left it. */
export function writeOldJournal(file: string): void {
  const db = new Database(file, { create: true })
  const [head] = lines
  db.exec("BEGIN")
  for (const sql of head?.schema ?? []) db.exec(sql)
  const insert = (table: string, row: Row) =>
    db
      .query(
        `INSERT INTO ${table} (${Object.keys(row).join()}) VALUES (${Object.keys(row)
          .map(() => "?")
          .join()})`,
      )
      .run(...Object.values(row))
  for (const { run, worker } of lines) {
    if (run) insert("run", run)
    if (worker) insert("worker", worker)
  }
  for (const { run, seq, body } of events) insert("event", { run, seq, body: JSON.stringify(body) })
  db.exec(`PRAGMA user_version=${head?.version}; COMMIT`)
  db.close()
}
