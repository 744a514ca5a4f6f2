import { Database } from "bun:sqlite"
import { existsSync } from "node:fs"
import type { Claim } from "../../core/ports/ports.ts"

/**
 * A claim is an exclusive SQLite lock on an otherwise empty file. The kernel releases it with the
 * process, so a killed owner leaves nothing to clean up, and no clock or heartbeat has to decide
 * who is alive.
 */
const PROBE_MS = 250

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY")
}

/**
 * Claims `file`; returns undefined when another process holds it. It waits up to 250 ms, because a
 * probe by `isFileClaimed` holds the lock for a moment and must not look like an owner.
 */
export function claimFile(file: string): Claim | undefined {
  const db = new Database(file, { create: true })
  try {
    db.exec(`PRAGMA busy_timeout=${PROBE_MS}; BEGIN EXCLUSIVE`)
  } catch (error) {
    db.close()
    if (isBusy(error)) return undefined
    throw error
  }
  let isHeld = true
  return {
    release() {
      if (!isHeld) return
      isHeld = false
      db.close()
    },
  }
}

/**
 * Whether a process holds the claim on `file`. It probes with a shared lock that it releases at
 * once.
 */
export function isFileClaimed(file: string): boolean {
  if (!existsSync(file)) return false
  const db = new Database(file)
  try {
    db.exec("PRAGMA busy_timeout=0; BEGIN; SELECT count(*) FROM sqlite_master; COMMIT")
    return false
  } catch (error) {
    if (isBusy(error)) return true
    throw error
  } finally {
    db.close()
  }
}
