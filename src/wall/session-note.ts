import { createHash } from "node:crypto"
import { mkdirSync } from "node:fs"
import { isAbsolute, join } from "node:path"
import writeFileAtomic from "write-file-atomic"
import type { JsonSchema } from "../core/model/workflow.ts"
import { readTextAsync } from "../files/read.ts"

/**
 * What the server of a worker's session must know of it. The session's metadata names the file, so
 * that every OpenCode with Baton's guard finds it, also one that another process started.
 */
export interface SessionNote {
  /** The file with bubblewrap's arguments; undefined: its commands run without a wall. */
  readonly wall?: string
  /** Variables that its commands see besides the usual ones; undefined: all of them. */
  readonly env?: readonly string[]
  /** The schema that its result must match. */
  readonly schema?: JsonSchema
}

const MAX_BYTES = 1024 * 1024

/** Returns the file of a session's note. The key is that of the session. */
export function noteFile(folder: string, key: string): string {
  return join(folder, `${createHash("sha256").update(key).digest("hex").slice(0, 32)}.json`)
}

/** Writes a session's note, which only this user can read. */
export function writeNote(file: string, note: SessionNote): void {
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 })
  writeFileAtomic.sync(file, JSON.stringify(note), { mode: 0o600 })
}

/** Reads a session's note. Rejects when there is none, or none that can be read. */
export async function readNote(file: string): Promise<SessionNote> {
  const note: unknown = JSON.parse(await readTextAsync(file, MAX_BYTES))
  if (typeof note !== "object" || note === null) throw new Error(`${file} is not a note about a session`)
  return note
}

/** What Baton writes into the metadata of a worker's session. */
interface WorkerMark {
  /** Absolute path of the session's note; undefined in sessions of earlier versions. */
  readonly note?: string
}

/**
 * Returns the mark of a worker's session, or undefined for a session that Baton did not open for a
 * worker. Metadata comes from outside, so only what has the right shape counts.
 */
export function workerMark(metadata: unknown): WorkerMark | undefined {
  const mark = isRecord(metadata) ? metadata.baton : undefined
  if (!isRecord(mark) || typeof mark.key !== "string") return undefined
  return typeof mark.note === "string" && isAbsolute(mark.note) ? { note: mark.note } : {}
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null
}
