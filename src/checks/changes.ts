import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Seen, Unseen } from "../core/model/events.ts"
import type { Log } from "../core/ports/ports.ts"
import type { Surveyor } from "../core/ports/surveyor.ts"
import { countOf, plural } from "../core/view/numbers.ts"

/** A project with more uncommitted files than this is not tracked, because each has to be read. */
const MAX_DIRTY = 2_000
/**
 * Folders of packages, builds and caches that people let git ignore. New files in them are ignored
 * also where a project has no `.gitignore` yet; files that git tracks are compared everywhere.
 */
const GENERATED = [
  ...["node_modules", "bower_components", "dist", "build", "target", "coverage"],
  ...[".next", ".nuxt", ".svelte-kit", ".turbo", ".cache", ".parcel-cache", ".gradle", ".terraform"],
  ...[".venv", "venv", "__pycache__", ".tox", ".mypy_cache", ".pytest_cache", ".ruff_cache"],
].flatMap((folder) => ["--exclude", `${folder}/`])
/** Larger files are compared by size and modification time instead of their content. */
const HASHED_BYTES = 1_000_000
/** Timeout of a git command, so that git cannot delay the end of a run further. */
const GIT_MS = 10_000
const GIT_BYTES = 16 * 1024 * 1024

const run = promisify(execFile)

/** Asks git which files of the project in `root` changed. It only reads, and takes no locks. */
export function createSurveyor(root: string, env: Readonly<Record<string, string | undefined>>, log: Log): Surveyor {
  const git = (...args: string[]) => askGit(root, env, args)
  const attempt = async <T>(when: string, what: () => Promise<T>): Promise<T | Unseen> => {
    try {
      return await what()
    } catch (error) {
      log.error("git could not list the changed files", { error: String(error) })
      return { why: `git could not list the files ${when}: ${firstLineOf(error)}` }
    }
  }
  /** The files that differ from `commit` or are not part of it. */
  const dirtyOf = async (commit: string) => {
    const listed = await Promise.all([
      git("diff", "--name-only", "--no-renames", "--relative", "-z", commit, "--"),
      git("ls-files", "--others", "--exclude-standard", ...GENERATED, "-z"),
    ])
    return [...new Set(listed.flatMap((text) => text.split("\0")))].filter((path) => path !== "")
  }
  return {
    look: () =>
      attempt("when the run began", async () => {
        const commit = await commitOf(git)
        if (commit === undefined) return undefined
        const paths = await dirtyOf(commit)
        if (paths.length > MAX_DIRTY) return { why: tooMany(paths.length) }
        return { commit, dirty: await printsOf(root, paths) }
      }),
    changedSince: ({ commit, dirty }: Seen) =>
      attempt("when the run ended", async () => {
        const paths = await dirtyOf(commit)
        const known = Object.keys(dirty)
        const prints = await printsOf(root, known)
        const isKnown = new Set(known)
        return [...paths.filter((path) => !isKnown.has(path)), ...known.filter((path) => prints[path] !== dirty[path])]
      }),
  }
}

function tooMany(count: number): string {
  return `${plural(count, "file")} had not been committed when the run began, and more than ${countOf(MAX_DIRTY)} are not compared: commit them, or let git ignore what is generated`
}

function firstLineOf(error: unknown): string {
  const { stderr, message = String(error) } = error as { stderr?: string; message?: string }
  const said = stderr?.trim() ? stderr : message
  return said.trim().split("\n", 1)[0] ?? ""
}

async function askGit(root: string, env: Readonly<Record<string, string | undefined>>, args: readonly string[]) {
  const options = { cwd: root, env: { ...env, GIT_OPTIONAL_LOCKS: "0" }, timeout: GIT_MS, maxBuffer: GIT_BYTES }
  return (await run("git", args, options)).stdout
}

/** Exit code of git when the commit does not exist, as opposed to the repository. */
const NO_COMMIT = 1

/**
 * The project's current commit, or the empty tree when it has no commit. Undefined without a git
 * repository.
 */
async function commitOf(git: (...args: string[]) => Promise<string>): Promise<string | undefined> {
  try {
    return (await git("rev-parse", "--verify", "--quiet", "HEAD")).trim()
  } catch (error) {
    if ((error as { code?: unknown }).code !== NO_COMMIT) return undefined
    return (await git("hash-object", "-t", "tree", "/dev/null")).trim()
  }
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
