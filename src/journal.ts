import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { projectRoot } from "./config/find.ts"
import type { LoadOptions } from "./config/load.ts"
import { hasUnendedRun } from "./store/sqlite/store.ts"

/** Where a project's journal is, and what can be known of it without an engine. */

/** The folder of a project's journal. */
export function stateFolder(root: string): string {
  return join(root, ".opencode", "workflow-state")
}

function journalOf(options: LoadOptions): string {
  return join(stateFolder(projectRoot(options)), "journal.db")
}

/** Whether anything has ever run in a project. The check must not create a journal. */
export function hasJournal(options: LoadOptions): boolean {
  return existsSync(journalOf(options))
}

/**
 * Whether some run of a project has not ended. It changes nothing, and creates no journal. Throws
 * when the journal cannot be read.
 */
export function hasUnended(options: LoadOptions): boolean {
  return hasJournal(options) && hasUnendedRun(journalOf(options))
}

/** A text that changes when anybody writes to the journal; it costs the state of two files. */
export function stampOf(options: LoadOptions): string {
  const file = journalOf(options)
  const stats = [file, `${file}-wal`].map((path) => statSync(path, { throwIfNoEntry: false }))
  return stats.map((stat) => (stat === undefined ? "none" : `${stat.mtimeMs}/${stat.size}`)).join(" ")
}
