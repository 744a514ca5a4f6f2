import { execFile } from "node:child_process"
import { createHash, type Hash } from "node:crypto"
import { createReadStream } from "node:fs"
import { lstat, readdir, readlink } from "node:fs/promises"
import { join, relative, sep } from "node:path"
import { promisify } from "node:util"

/** For a larger file, its size and modification time are hashed instead of its content. */
const HASHED_BYTES = 1_000_000
/** Maximum number of files that are hashed. Of the others only the count is included. */
const MAX_FILES = 20_000
const GIT_MS = 60_000
const GIT_BYTES = 64_000_000
/** Folders that are left out when no git repository says what to ignore. */
const SKIPPED = new Set([".git", "node_modules"])
const STATE = join(".opencode", "workflow-state")

const run = promisify(execFile)

/** Hash of the project's files; see the `Checker` port. */
export async function fingerprint(root: string): Promise<string> {
  const hash = createHash("sha256")
  const top = (await git(root, "rev-parse", "--show-toplevel"))?.trim()
  if (top === undefined) await hashTree(hash, root)
  else await hashChanges(hash, root, top)
  return hash.digest("hex")
}

/** Hashes HEAD, and every file that differs from it. */
async function hashChanges(hash: Hash, root: string, top: string): Promise<void> {
  const head = await git(root, "rev-parse", "--verify", "--quiet", "HEAD")
  const status = await git(root, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", ".")
  if (status === undefined) throw new Error("git could not list the changed files")
  const entries = status.split("\0").filter((entry) => entry !== "" && !isState(join(top, entry.slice(3)), root))
  hash.update(`git ${head ?? "no commit"}\n`)
  await hashFiles(
    hash,
    entries.map((entry) => ({ name: entry, file: join(top, entry.slice(3)) })),
  )
}

async function hashTree(hash: Hash, root: string): Promise<void> {
  const files: { name: string; file: string }[] = []
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined && files.length <= MAX_FILES; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const file = join(folder, entry.name)
      if (SKIPPED.has(entry.name) || isState(file, root)) continue
      if (entry.isDirectory()) folders.push(file)
      else files.push({ name: relative(root, file), file })
    }
  }
  files.sort((a, b) => (a.name < b.name ? -1 : 1))
  await hashFiles(hash, files)
}

async function hashFiles(hash: Hash, files: readonly { readonly name: string; readonly file: string }[]) {
  hash.update(`${files.length} files\n`)
  for (const { name, file } of files.slice(0, MAX_FILES)) {
    hash.update(`${name}\0`)
    await hashFile(hash, file)
  }
}

async function hashFile(hash: Hash, file: string): Promise<void> {
  const info = await lstat(file).catch(gone)
  if (info === undefined) hash.update("gone")
  else if (info.isSymbolicLink()) hash.update(`link ${(await readlink(file).catch(gone)) ?? ""}`)
  else if (!info.isFile()) hash.update("no file")
  else if (info.size > HASHED_BYTES) hash.update(`${info.size} ${info.mtimeMs}`)
  else for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array)
  hash.update("\n")
}

function isState(file: string, root: string): boolean {
  const state = join(root, STATE)
  return file === state || file.startsWith(state + sep)
}

/** Output of a git command; undefined when git is missing or the folder is not a repository. */
async function git(root: string, ...args: string[]): Promise<string | undefined> {
  try {
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: "0" }
    const options = { cwd: root, env, timeout: GIT_MS, maxBuffer: GIT_BYTES }
    return (await run("git", ["-c", "core.fsmonitor=false", ...args], options)).stdout
  } catch (error) {
    const { code } = error as { code?: unknown }
    // Git exited with an error, or the program does not exist.
    if (typeof code === "number" || code === "ENOENT") return undefined
    throw error
  }
}

/** Turns the error of a file that was deleted meanwhile into undefined, and throws all others. */
function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error
}
