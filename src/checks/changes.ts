import { createHash } from "node:crypto"
import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Seen, Unseen } from "../core/model/events.ts"
import type { Log } from "../core/ports/ports.ts"
import type { Surveyor } from "../core/ports/surveyor.ts"
import { countOf, plural } from "../core/view/numbers.ts"
import { type Git, ignoring, type Repository } from "../git/repository.ts"

/** A project with more uncommitted files than this is not tracked, because each has to be read. */
const MAX_DIRTY = 2_000
/** Larger files are compared by size and modification time instead of their content. */
const HASHED_BYTES = 1_000_000
/** The tree without files, which git knows without having it. */
const EMPTY_TREE: Readonly<Record<"sha1" | "sha256", string>> = {
  sha1: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  sha256: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}

/** Asks git which files of the project in `root` changed. It changes nothing in the repository. */
export function createSurveyor(root: string, git: Git, log: Log): Surveyor {
  const attempt = async <T>(
    when: string,
    what: (repository: Repository) => Promise<T>,
  ): Promise<T | Unseen | undefined> => {
    try {
      const repository = await git.open()
      return repository && (await what(repository))
    } catch (error) {
      log.error("git could not list the changed files", { error: String(error) })
      const why = error instanceof Error ? error.message : String(error)
      return { why: `git could not list the files ${when}: ${why}` }
    }
  }
  return {
    look: () =>
      attempt("when the run began", async (repository) => {
        const commit = (await repository.head()) ?? EMPTY_TREE[repository.format]
        const paths = await dirtyOf(repository, commit)
        if (paths.length > MAX_DIRTY) return { why: tooMany(paths.length) }
        return { commit, dirty: await printsOf(root, paths) }
      }),
    changedSince: async ({ commit, dirty }: Seen) => {
      const changed = await attempt("when the run ended", async (repository) => {
        const paths = await dirtyOf(repository, commit)
        const known = Object.keys(dirty)
        const prints = await printsOf(root, known)
        const isKnown = new Set(known)
        return [...paths.filter((path) => !isKnown.has(path)), ...known.filter((path) => prints[path] !== dirty[path])]
      })
      return changed ?? { why: "the project was in a git repository when the run began, and is in none any more" }
    },
  }
}

/** The files that differ from `commit` or are not part of it. */
function dirtyOf({ withIndex, git, excludes }: Repository, commit: string): Promise<string[]> {
  return withIndex(async (index) => {
    const compare = ["diff", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--relative", "-z"]
    const listed = await Promise.all([
      git(index, ...compare, commit, "--"),
      git(index, "ls-files", "--others", ...ignoring(excludes), "-z"),
    ])
    return [...new Set(listed.flatMap((text) => text.split("\0")))].filter((path) => path !== "")
  })
}

function tooMany(count: number): string {
  return `${plural(count, "file")} had not been committed when the run began, and more than ${countOf(MAX_DIRTY)} are not compared: commit them, or let git ignore what is generated`
}

async function printsOf(root: string, paths: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await printOf(join(root, path))])))
}

/**
 * A value that identifies the content of a file. A missing or unreadable file has a value of its
 * own.
 */
async function printOf(file: string): Promise<string> {
  try {
    const found = await stat(file)
    // A link may lead to a device or a pipe, which must not be read.
    if (!found.isFile()) return "not a file"
    const { size, mtimeMs } = found
    if (size > HASHED_BYTES) return `${size} ${mtimeMs}`
    return createHash("sha256")
      .update(await readFile(file))
      .digest("hex")
      .slice(0, 32)
  } catch (error) {
    return (error as { code?: string }).code ?? "unreadable"
  }
}
