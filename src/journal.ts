import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { projectRoot } from "./config/find.ts"
import type { LoadOptions } from "./config/load.ts"
import { findState } from "./state/project-state.ts"
import { hasUnendedRun } from "./store/sqlite/store.ts"

/** Where a project's journal is, and what can be known of it without an engine. */

/** The file of a project's journal; undefined when the project has no state. */
function journalOf(options: LoadOptions): string | undefined {
  const state = findState(projectRoot(options), options.env)
  return state && join(state.folder, "journal.db")
}

/** Whether anything has ever run in a project. The check must not create a journal. */
export function hasJournal(options: LoadOptions): boolean {
  const file = journalOf(options)
  return file !== undefined && existsSync(file)
}

/**
 * Whether some run of a project has not ended. It changes nothing, and creates no journal. Throws
 * when the journal cannot be read.
 */
export function hasUnended(options: LoadOptions): boolean {
  const file = journalOf(options)
  return file !== undefined && existsSync(file) && hasUnendedRun(file)
}

/** A text that changes when anybody writes to the journal; it costs the state of two files. */
export function stampOf(options: LoadOptions): string {
  const file = journalOf(options)
  if (file === undefined) return "none"
  const stats = [file, `${file}-wal`].map((path) => statSync(path, { throwIfNoEntry: false }))
  return stats.map((stat) => (stat === undefined ? "none" : `${stat.mtimeMs}/${stat.size}`)).join(" ")
}
