import type { Database } from "bun:sqlite"
import type { QueuedCommand, QueuedOutcome, QueueEntry, Store } from "../../core/ports/ports.ts"

/**
 * Commands that any process queues for the process that drives a run. `post` inserts them. They end
 * (`outcome` is set) in `append`, in the same transaction as the events, or in `refuse`. Ended rows
 * stay, so that their keys remain known.
 */
export const QUEUE_SCHEMA = `
  CREATE TABLE inbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    outcome TEXT, UNIQUE (run, key));
  CREATE INDEX inbox_waiting ON inbox (seq) WHERE outcome IS NULL;
`

/** The part of a store for queued commands. `flush` makes the next write reach the disk at once. */
export function queueOf(
  db: Database,
  flush: (mode: "FULL") => void,
): Pick<Store, "post" | "queued" | "refuse" | "outcomeOf" | "withdraw"> {
  const waiting = db.query<{ run: string; key: string; body: string }, []>(
    "SELECT run, key, body FROM inbox WHERE outcome IS NULL ORDER BY seq",
  )
  const outcome = db.query<{ outcome: string | null }, [string, string]>(
    "SELECT outcome FROM inbox WHERE run = ? AND key = ?",
  )
  return {
    post({ run, key, command }) {
      flush("FULL")
      db.query("INSERT OR IGNORE INTO inbox (run, key, body) VALUES (?, ?, ?)").run(run, key, JSON.stringify(command))
    },
    queued: () =>
      waiting.all().map(({ run, key, body }): QueueEntry => ({ run, key, command: JSON.parse(body) as QueuedCommand })),
    refuse(run, key, why) {
      const text = JSON.stringify({ refused: why } satisfies QueuedOutcome)
      db.query("UPDATE inbox SET outcome = ? WHERE run = ? AND key = ? AND outcome IS NULL").run(text, run, key)
    },
    outcomeOf(run, key) {
      const text = outcome.get(run, key)?.outcome
      return text == null ? undefined : (JSON.parse(text) as QueuedOutcome)
    },
    withdraw(run, key) {
      const row = db
        .query<{ body: string }, [string, string]>(
          "DELETE FROM inbox WHERE run = ? AND key = ? AND outcome IS NULL RETURNING body",
        )
        .get(run, key)
      return row === null ? undefined : (JSON.parse(row.body) as QueuedCommand)
    },
  }
}
