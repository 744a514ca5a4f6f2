import { Database } from "bun:sqlite"
import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync } from "node:fs"
import { join } from "node:path"
import type { RunEvent } from "../../core/model/events.ts"
import type { DelegatedRun, JournalExtent, KeptWorker, RunHeader, Store } from "../../core/ports/ports.ts"
import { claimFile, isFileClaimed } from "./claim.ts"
import { QUEUE_SCHEMA, queueOf, SIGNED_QUEUE_SCHEMA } from "./command-queue.ts"

/**
 * The journal: one SQLite file for each project, `journal.db` in the folder of its state. Runs and
 * events are never updated, and only `remove` deletes them. Everything that is shown or resumed of
 * a run is derived from `event`.
 *
 *   run     written by `append` with a run's first event; read by `list` and `delegated`
 *   event   written by `append` in the process that holds the run's claim; any process reads it
 *   worker  written by `keep` and `unkeep`, read by `kept`: the sessions of kept workers
 *   inbox   see command-queue.ts: commands that other processes queue for the one that drives a run
 *   locks/  one lock file for each run, see claim.ts
 *
 * WAL lets others read while the owner writes. `synchronous=FULL` makes an append survive a power
 * loss, not only a SIGKILL. It costs 0.1 to 0.4 ms on a quiet disk and more on a busy one.
 * `step.opened` alone waits for the next flush: after a power loss, the session it names is found
 * by the key that the session carries.
 */
const SCHEMA_VERSION = 4
/** The statements that each version adds to the one before it. */
const SCHEMAS = [
  `
  CREATE TABLE run (id TEXT PRIMARY KEY, workflow TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE event (run TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID;
`,
  `
  CREATE TABLE worker (name TEXT PRIMARY KEY, profile TEXT NOT NULL, kind TEXT NOT NULL, session TEXT NOT NULL,
    parent TEXT, created_at INTEGER NOT NULL) WITHOUT ROWID;
  ALTER TABLE run ADD COLUMN delegated_by TEXT;
  CREATE INDEX run_delegated_by ON run (delegated_by) WHERE delegated_by IS NOT NULL;
`,
  QUEUE_SCHEMA,
  // The position is the place of an event among those of all runs. The trigger gives one to the
  // events of a process that runs an earlier version and opened the file before.
  `
  ALTER TABLE event ADD COLUMN position INTEGER;
  CREATE TABLE counter (position INTEGER NOT NULL);
  UPDATE event SET position = ordered.position FROM (
    SELECT e.run, e.seq, row_number() OVER (ORDER BY r.created_at, e.run, e.seq) AS position
    FROM event e LEFT JOIN run r ON r.id = e.run
  ) ordered WHERE ordered.run = event.run AND ordered.seq = event.seq;
  INSERT INTO counter SELECT count(*) FROM event;
  CREATE UNIQUE INDEX event_position ON event (position);
  CREATE TRIGGER event_positioned AFTER INSERT ON event WHEN NEW.position IS NULL BEGIN
    UPDATE counter SET position = position + 1;
    UPDATE event SET position = (SELECT position FROM counter) WHERE run = NEW.run AND seq = NEW.seq;
  END;
  ${SIGNED_QUEUE_SCHEMA}
`,
]
const BUSY_TIMEOUT_MS = 5_000

/**
 * Opens the journal in `folder`, and creates it if necessary. `secret` signs queued commands; a
 * process with another secret does not carry them out. Throws when the folder is not writable, or
 * when a newer Baton wrote the file, because an older one must not guess its meaning.
 */
export function openSqliteStore(folder: string, secret?: Uint8Array): Store {
  const locks = join(folder, "locks")
  mkdirSync(locks, { recursive: true, mode: 0o700 })
  const file = join(folder, "journal.db")
  // SQLite gives the files beside the journal the rights that the journal has.
  closeSync(openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600))
  const db = new Database(file, { create: true, strict: true })
  db.exec(`PRAGMA busy_timeout=${BUSY_TIMEOUT_MS}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL`)
  migrate(db, file)
  const flush = flusher(db)
  const lockOf = (run: string) => join(locks, `${encodeURIComponent(run)}.lock`)
  return {
    append: appender(db, flush),
    ...reader(db),
    remove: (run) =>
      db
        .transaction(() => {
          db.query("DELETE FROM event WHERE run = ?").run(run)
          db.query("DELETE FROM inbox WHERE run = ?").run(run)
          db.query("DELETE FROM run WHERE id = ?").run(run)
        })
        .immediate(),
    claim: (run) => claimFile(lockOf(run)),
    isClaimed: (run) => isFileClaimed(lockOf(run)),
    ...keeper(db),
    ...queueOf(db, flush, secret),
    close: () => db.close(),
  }
}

/**
 * Whether a process holds a claim on a run of the journal in `folder`. SQLite leaves a file named
 * `…-journal` beside the claim of a killed process.
 */
export function isStoreInUse(folder: string): boolean {
  const locks = join(folder, "locks")
  if (!existsSync(locks)) return false
  const claims = readdirSync(locks, { withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith("-journal"),
  )
  return claims.some(({ name }) => isFileClaimed(join(locks, name)))
}

function migrate(db: Database, file: string): void {
  const version = () => db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0
  db.transaction(() => {
    const missing = SCHEMAS.slice(version()).join("")
    if (missing !== "") db.exec(`${missing} PRAGMA user_version=${SCHEMA_VERSION}`)
  }).immediate()
  if (version() > SCHEMA_VERSION) {
    throw new Error(`${file} was written by a newer version of Baton (format ${version()}): update opencode-baton`)
  }
}

/** The last event of a run does not end it. What git found can be written after the end. */
const IS_UNENDED = `(SELECT json_extract(body, '$.type') AS type FROM event
  WHERE run = id AND type NOT IN ('run.changed', 'run.unseen') ORDER BY seq DESC LIMIT 1) <> 'run.ended'`
const HEADER = "id, workflow, created_at AS createdAt"
const NEWEST_FIRST = "ORDER BY created_at DESC, id DESC"

/** Whether a run of the journal in `file` has not ended. Nothing is written, not even a migration. */
export function hasUnendedRun(file: string): boolean {
  const db = new Database(file, { readonly: true })
  try {
    db.exec(`PRAGMA busy_timeout=${BUSY_TIMEOUT_MS}`)
    return db.query(`SELECT 1 FROM run WHERE ${IS_UNENDED} LIMIT 1`).get() !== null
  } finally {
    db.close()
  }
}

function reader(
  db: Database,
): Pick<Store, "read" | "readAll" | "extent" | "version" | "list" | "unended" | "delegated"> {
  return {
    read: (run, after = 0) =>
      db
        .query<{ body: string }, [string, number]>("SELECT body FROM event WHERE run = ? AND seq > ? ORDER BY seq")
        .all(run, after)
        .map((row) => JSON.parse(row.body) as RunEvent),
    readAll: (after, most) =>
      db
        .query<{ position: number; run: string; body: string }, [number, number]>(
          "SELECT position, run, body FROM event WHERE position > ? ORDER BY position LIMIT ?",
        )
        .all(after, most)
        .map(({ position, run, body }) => ({ position, run, event: eventIn(body) })),
    extent: (run) =>
      db
        .query<JournalExtent, [string]>(
          "SELECT created_at AS createdAt, (SELECT max(seq) FROM event WHERE run = id) AS events FROM run WHERE id = ?",
        )
        .get(run) ?? undefined,
    version: () => db.query<{ data_version: number }, []>("PRAGMA data_version").get()?.data_version ?? 0,
    list: () => db.query<RunHeader, []>(`SELECT ${HEADER} FROM run ${NEWEST_FIRST}`).all(),
    unended: () => db.query<RunHeader, []>(`SELECT ${HEADER} FROM run WHERE ${IS_UNENDED} ${NEWEST_FIRST}`).all(),
    delegated: () =>
      db
        .query<DelegatedRun, []>(
          "SELECT id, delegated_by AS parent, created_at AS createdAt FROM run WHERE delegated_by IS NOT NULL",
        )
        .all(),
  }
}

function eventIn(body: string): RunEvent | null {
  try {
    return JSON.parse(body) as RunEvent
  } catch {
    // Its run cannot be read either, which is said where that run is shown.
    return null
  }
}

function keeper(db: Database): Pick<Store, "keep" | "kept" | "unkeep"> {
  return {
    keep({ name, profile, kind, session, parent, createdAt }) {
      db.query("INSERT OR REPLACE INTO worker VALUES (?, ?, ?, ?, ?, ?)").run(
        name,
        profile,
        kind,
        session,
        parent,
        createdAt,
      )
    },
    kept: () =>
      db
        .query<KeptWorker, []>(
          "SELECT name, profile, kind, session, parent, created_at AS createdAt FROM worker ORDER BY created_at, name",
        )
        .all(),
    unkeep: (name) => void db.query("DELETE FROM worker WHERE name = ?").run(name),
  }
}

/** Sets how the next write reaches the disk: at once, or with the next flush. */
function flusher(db: Database): (mode: "FULL" | "NORMAL") => void {
  let mode = "FULL"
  return (wanted) => {
    if (wanted !== mode) db.exec(`PRAGMA synchronous=${wanted}`)
    mode = wanted
  }
}

function appender(db: Database, flush: ReturnType<typeof flusher>): Store["append"] {
  const addRun = db.query("INSERT INTO run (id, workflow, created_at, delegated_by) VALUES (?, ?, ?, ?)")
  const addEvent = db.query("INSERT INTO event (run, seq, position, body) VALUES (?, ?, ?, ?)")
  const take = db.query<{ position: number }, [number]>("UPDATE counter SET position = position + ? RETURNING position")
  const lastSeq = db.query<{ seq: number | null }, [string]>("SELECT max(seq) AS seq FROM event WHERE run = ?")
  const end = db.query("UPDATE inbox SET outcome = '{}' WHERE run = ? AND key = ? AND outcome IS NULL")
  const append = db.transaction((run: string, events: readonly RunEvent[], done: string | undefined) => {
    const first = events[0]
    let seq = lastSeq.get(run)?.seq ?? 0
    if (first?.type === "run.created") {
      addRun.run(run, first.workflow.name, first.at, first.depth ? (first.parent ?? null) : null)
    } else if (seq === 0) throw new Error(`there is no run ${run}`)
    let position = (take.get(events.length)?.position ?? 0) - events.length
    for (const event of events) addEvent.run(run, ++seq, ++position, JSON.stringify(event))
    if (done !== undefined) end.run(run, done)
  })
  return (run, events, done) => {
    flush(done === undefined && events.every((event) => event.type === "step.opened") ? "NORMAL" : "FULL")
    append.immediate(run, events, done)
  }
}
