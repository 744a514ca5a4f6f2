import type { Database } from "bun:sqlite"
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import type { DroppedEntry, QueuedCommand, QueuedOutcome, QueueEntry, Store } from "../../core/ports/ports.ts"

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

/** When a command was queued, and its signature. */
export const SIGNED_QUEUE_SCHEMA = `
  ALTER TABLE inbox ADD COLUMN at INTEGER;
  ALTER TABLE inbox ADD COLUMN mac TEXT;
`

/** Signs the commands of a store that was opened without a key: no other process accepts them. */
const PROCESS_KEY = randomBytes(32)
/** So many pending rows are looked at in one round. */
const MOST_ROWS = 1_000
/** Maximum size in bytes of a queued command. */
const MAX_BODY = 1024 * 1024
/** The clocks of two processes of one machine do not differ by more, in milliseconds. */
const MAX_SKEW_MS = 60_000

/** A row as it is in the file. Anybody who can write the file can give each column any value. */
interface Row {
  readonly seq: number
  readonly run: unknown
  readonly key: unknown
  readonly body: unknown
  readonly at: unknown
  readonly mac: unknown
  readonly createdAt: number | null
}
type Signed = { readonly [Name in "run" | "key" | "body"]: string } & { readonly seq: number; readonly at: number }

const ROWS = `SELECT seq, run, key, at, mac, CASE WHEN length(CAST(body AS BLOB)) <= ${MAX_BODY} THEN body END AS body,
  (SELECT created_at FROM run WHERE id = inbox.run) AS createdAt FROM inbox WHERE outcome IS`
/** So many ended rows are looked through for one that is signed. */
const MOST_ENDED = 50

/** The part of a store for queued commands. `flush` makes the next write reach the disk at once. */
export function queueOf(
  db: Database,
  flush: (mode: "FULL") => void,
  secret: Uint8Array = PROCESS_KEY,
): Pick<Store, "post" | "queued" | "refuse" | "drop" | "outcomeOf" | "withdraw"> {
  const waiting = db.query<Row, []>(`${ROWS} NULL ORDER BY seq LIMIT ${MOST_ROWS}`)
  const pending = db.query<Row, [string, string]>(`${ROWS} NULL AND run = ? AND key = ?`)
  const outcome = db.query<{ outcome: string | null }, [string, string]>(
    "SELECT outcome FROM inbox WHERE run = ? AND key = ?",
  )
  const post = poster(db, secret)
  const check = checker(db, secret)
  const entryOf = (row: Row) => {
    const read = check(row)
    return typeof read === "string" ? undefined : read
  }
  return {
    post(entry) {
      flush("FULL")
      post(entry)
    },
    queued: () => waiting.all().flatMap((row) => entryOf(row) ?? []),
    drop: () =>
      waiting.all().flatMap((row): DroppedEntry[] => {
        const why = check(row)
        if (typeof why !== "string") return []
        const text = JSON.stringify({ refused: why } satisfies QueuedOutcome)
        db.query("UPDATE inbox SET outcome = ? WHERE seq = ? AND outcome IS NULL").run(text, row.seq)
        return [{ run: String(row.run), key: String(row.key), why }]
      }),
    refuse(run, key, why) {
      const text = JSON.stringify({ refused: why } satisfies QueuedOutcome)
      db.query("UPDATE inbox SET outcome = ? WHERE run = ? AND key = ? AND outcome IS NULL").run(text, run, key)
    },
    outcomeOf(run, key) {
      const text = outcome.get(run, key)?.outcome
      return text == null ? undefined : outcomeIn(text)
    },
    withdraw(run, key) {
      const row = pending.get(run, key)
      if (row === null) return undefined
      db.query("DELETE FROM inbox WHERE seq = ? AND outcome IS NULL").run(row.seq)
      return entryOf(row)?.command
    },
  }
}

/** Signs a command and inserts it, unless its key is known. */
function poster(db: Database, secret: Uint8Array): (entry: QueueEntry) => void {
  const post = db.transaction(({ run, key, command }: QueueEntry) => {
    if (db.query("SELECT 1 FROM inbox WHERE run = ? AND key = ?").get(run, key) !== null) return
    const used = db.query<{ seq: number }, []>("SELECT seq FROM sqlite_sequence WHERE name = 'inbox'").get()?.seq ?? 0
    const row = { seq: used + 1, run, key, at: Date.now(), body: JSON.stringify(command) }
    const { seq, at, body } = row
    const insert = db.query("INSERT INTO inbox (seq, run, key, at, body, mac) VALUES (?, ?, ?, ?, ?, ?)")
    insert.run(seq, run, key, at, body, macOf(secret, row))
  })
  return (entry) => post.immediate(entry)
}

/** Returns the entry of a pending row, or why it is not to be carried out. */
function checker(db: Database, secret: Uint8Array): (row: Row) => QueueEntry | string {
  const ended = db.query<Row, [string]>(`${ROWS} NOT NULL AND run = ? ORDER BY seq DESC LIMIT ${MOST_ENDED}`)
  const lastOf = (run: string) => ended.all(run).find((row) => typeof verified(secret, row) !== "string")?.seq ?? 0
  return (row) => {
    const read = verified(secret, row)
    // Answers are given while later commands are carried out. A request takes one answer only.
    const isInOrder = typeof read === "string" || read.command.type === "answer" || row.seq > lastOf(read.run)
    return isInOrder ? read : "it is older than a command that was carried out"
  }
}

/** The signature covers everything that decides what is done, and the place in the queue, so that a
 *  row is valid once. The project is in the secret. */
function macOf(secret: Uint8Array, { seq, run, key, at, body }: Signed): string {
  return createHmac("sha256", secret)
    .update(JSON.stringify([seq, run, key, at, body]))
    .digest("base64url")
}

/** Returns the entry of a row that is signed, or why it is not valid. */
function verified(secret: Uint8Array, row: Row): QueueEntry | string {
  if (!isSigned(row)) return "it is not signed by this user's Baton"
  const given = Buffer.from(row.mac)
  const right = Buffer.from(macOf(secret, row))
  if (given.length !== right.length || !timingSafeEqual(given, right)) return "it is not signed by this user's Baton"
  if (row.createdAt !== null && row.at + MAX_SKEW_MS < row.createdAt) return "it is older than its run"
  return { run: row.run, key: row.key, command: JSON.parse(row.body) as QueuedCommand }
}

function isSigned(row: Row): row is Row & Signed & { readonly mac: string } {
  const { run, key, body, mac, at } = row
  return [run, key, body, mac].every((text) => typeof text === "string") && Number.isSafeInteger(at)
}

/** The outcome that a row has. One that nobody can read counts as done, as every ended row does. */
function outcomeIn(text: string): QueuedOutcome {
  try {
    const { refused } = JSON.parse(text) as { refused?: unknown }
    return typeof refused === "string" ? { refused } : {}
  } catch {
    return {}
  }
}
