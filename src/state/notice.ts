import { existsSync } from "node:fs"
import { join } from "node:path"
import { findState, formerJournal, formerStates } from "./project-state.ts"

/**
 * Returns what a person should know when a project has no runs: that there are runs which may be
 * this project's, and how to take them over. Undefined when there are none, or when the project has
 * runs of its own.
 */
export function stateNotice(root: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const state = findState(root, env)
  if (state && existsSync(join(state.folder, "journal.db"))) return undefined
  const [former] = formerStates(root, env).filter(({ folder }) => existsSync(join(folder, "journal.db")))
  if (former) {
    const { path } = former.identity
    const what = path === root ? "the folder that was here before" : `${path}, from where this folder was moved`
    return `there are runs of ${what}: \`baton state adopt ${former.id}\` takes them over, \`baton state forget ${former.id}\` deletes them`
  }
  const old = formerJournal(root)
  if (old === undefined) return undefined
  return `${old} has runs of an earlier version of Baton, which are not read, because a repository could bring them: if they are yours, \`baton state adopt\` takes them over`
}
