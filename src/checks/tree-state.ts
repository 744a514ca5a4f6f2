import { lstatSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { GENERATED, OWN_FOLDER } from "../files/generated.ts"
import { type Git, ignoring, type Repository } from "../git/repository.ts"
import { type Prints, sha256 } from "./prints.ts"

/** Lists what a project's folder holds: with git, what differs from an index; else all files. */

/** Maximum number of files that are looked at where there is no git. */
const MAX_FILES = 20_000
/** Maximum number of changed and untracked files. */
const MAX_DIRTY = 20_000

export interface Listing {
  /** Files whose state is in their prints. With git, every file that is not listed is as in the index. */
  readonly paths: readonly string[]
  /** Links that git tracks. */
  readonly links: readonly string[]
  /** Why some files are not known, as a sentence without a full stop. */
  readonly partial?: string
}

/** What one line of `ls-files` says: its tag, and for a file of the index its mode. */
const ENTRY = /^(\S) (?:(\d{6}) [0-9a-f]+ (\d)\t)?([\s\S]+)$/

interface Indexed {
  /** The file with the index. */
  readonly index: string
  readonly excludes: readonly string[]
}

/**
 * Lists the files of the project that differ from an index, and those that are not in it. It takes
 * one git command, whose cost is that of `git status`.
 */
export async function listByIndex({ git, project }: Repository, { index, excludes }: Indexed): Promise<Listing> {
  const options = ["-z", "-v", "--stage", "--cached", "--modified", "--others", ...ignoring(excludes)]
  const text = await git(index, "ls-files", ...options)
  const paths = new Set<string>()
  const links: string[] = []
  let at = 0
  for (let end = text.indexOf("\0"); end >= 0; at = end + 1, end = text.indexOf("\0", at)) {
    // Most entries are unchanged files, which need no further look.
    if (text.startsWith("H 100", at)) continue
    const [, tag = "", mode = "", stage, path = ""] = ENTRY.exec(text.slice(at, end)) ?? []
    if (mode === "120000") links.push(path)
    // A file that git was told to leave out is normally not there.
    if (tag.toUpperCase() === "S" && !lstatSync(join(project, path), { throwIfNoEntry: false })) continue
    // What differs, what is new, what conflicts, other repositories, and what git was told not to look at.
    if (tag !== "H" || stage !== "0" || mode === "160000") paths.add(path.replace(/\/$/, ""))
  }
  return cut(
    [...paths].filter((path) => path !== ""),
    links,
    MAX_DIRTY,
    "changed and untracked files",
  )
}

/** Lists all files of a folder that is in no repository, except those of packages, builds and caches. */
export async function listByWalk(root: string): Promise<Listing> {
  const skipped = new Set([".git", ...GENERATED])
  const paths: string[] = []
  const links: string[] = []
  const folders = [""]
  for (let folder = folders.shift(); folder !== undefined && paths.length <= MAX_FILES; folder = folders.shift()) {
    const entries = await readdir(join(root, folder), { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`
      if (path === OWN_FOLDER) continue
      if (!entry.isDirectory()) paths.push(path)
      else if (!skipped.has(entry.name)) folders.push(path)
      if (entry.isSymbolicLink()) links.push(path)
    }
  }
  return cut(paths, links, MAX_FILES, "files and is in no git repository")
}

function cut(paths: readonly string[], links: readonly string[], max: number, what: string): Listing {
  if (paths.length <= max) return { paths, links }
  const partial = `the project has more than ${max.toLocaleString("en")} ${what}, and only so many are compared`
  return { paths: paths.slice(0, max), links, partial }
}

/** A hash that stays the same as long as no file of the project changes; see the `Checker` port. */
export async function fingerprint(root: string, git: Git, prints: Prints): Promise<string> {
  const repository = await git.open()
  if (repository === undefined) return hashOf(await prints.of((await listByWalk(root)).paths))
  return repository.withIndex(async (index) => {
    const [listed, head] = await Promise.all([
      listByIndex(repository, { index, excludes: repository.excludes }),
      repository.head(),
    ])
    return hashOf(await prints.of(listed.paths), head)
  })
}

function hashOf(prints: Readonly<Record<string, string>>, head = "no commit"): string {
  const entries = Object.entries(prints).sort(([a], [b]) => (a < b ? -1 : 1))
  return sha256(Buffer.from(JSON.stringify([head, entries])))
}
