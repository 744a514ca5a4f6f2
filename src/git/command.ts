import { execFile } from "node:child_process"
import { devNull } from "node:os"
import { delimiter, isAbsolute, relative, sep } from "node:path"

/**
 * Starts git. Git runs programs that a repository's configuration names (hooks, filters, a file
 * system monitor, diff and merge drivers, a pager, ssh), so it is started from nowhere else, always
 * with these switches, an environment of its own, no shell, and bounds for time and output.
 */

type Env = Readonly<Record<string, string | undefined>>

/** Time in which a git command has to end. */
const GIT_MS = 30_000
/** Maximum output in bytes, about 700,000 paths. */
const GIT_BYTES = 128 * 1024 * 1024

const SWITCHES = [
  ...["core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null", "core.sshCommand=false"],
  ...["core.pager=cat", "credential.helper=", "diff.ignoreSubmodules=all", "submodule.recurse=false"],
  ...["protocol.allow=never", "gc.auto=0", "maintenance.auto=false", "commit.gpgSign=false", "log.showSignature=false"],
].flatMap((setting) => ["-c", setting])

export interface GitPlace {
  /** The git dir and the worktree are always given, so that no `core.worktree` and no `.git` counts. */
  readonly gitDir: string
  readonly worktree: string
  /** The folder in which the command runs, inside the worktree. */
  readonly cwd: string
  /** The file with the index. */
  readonly index?: string
}

/** A git command that could not be started, did not end in time, or exited with an error. */
export class GitError extends Error {
  /** The exit code, or undefined when git did not run to its end. */
  readonly exitCode: number | undefined
  readonly isMissing: boolean

  constructor(message: string, exitCode: number | undefined, isMissing: boolean) {
    super(message)
    this.exitCode = exitCode
    this.isMissing = isMissing
  }
}

/** Returns the output of a git command. Rejects with a `GitError` whose message is git's own words. */
export async function runGit(env: Env, place: GitPlace, args: readonly string[]): Promise<string> {
  return (await runGitForBytes(env, place, args)).toString("utf8")
}

/** Does the same as `runGit` for output that may not be text. */
export function runGitForBytes(env: Env, place: GitPlace, args: readonly string[]): Promise<Buffer> {
  const path = pathOutside(env.PATH ?? "", place.worktree)
  // With an empty path, the system would look in places of its own.
  if (path === "") return Promise.reject(new GitError("git is not installed", undefined, true))
  const options = {
    cwd: place.cwd,
    env: environment(env, path, place),
    timeout: GIT_MS,
    killSignal: "SIGKILL" as const,
    maxBuffer: GIT_BYTES,
    encoding: "buffer" as const,
  }
  return new Promise((resolve, reject) => {
    const child = execFile("git", ["--no-pager", ...SWITCHES, ...args], options, (error, stdout, stderr) => {
      if (error) reject(gitError(error, stderr.toString("utf8")))
      else resolve(stdout)
    })
    child.stdin?.end()
  })
}

/** Nothing of the user's environment and configuration is passed on but the way to git. */
function environment(env: Env, path: string, { gitDir, worktree, index }: GitPlace): Record<string, string> {
  return {
    PATH: path,
    ...(env.SystemRoot === undefined ? {} : { SystemRoot: env.SystemRoot }),
    LC_ALL: "C",
    HOME: "/nonexistent",
    XDG_CONFIG_HOME: "/nonexistent",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: devNull,
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_LAZY_FETCH: "1",
    GIT_DIR: gitDir,
    GIT_WORK_TREE: worktree,
    ...(index === undefined ? {} : { GIT_INDEX_FILE: index }),
  }
}

/** A program called `git` in the project's own folders is not git. */
function pathOutside(path: string, folder: string): string {
  return path
    .split(delimiter)
    .filter((entry) => isAbsolute(entry) && !isWithin(folder, entry))
    .join(delimiter)
}

function isWithin(root: string, path: string): boolean {
  const way = relative(root, path)
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function gitError(error: Error, stderr: string): GitError {
  const { code, killed } = error as { code?: unknown; killed?: boolean }
  const exitCode = typeof code === "number" ? code : undefined
  const said = exitCode === undefined ? undefined : stderr.trim().split("\n", 1)[0]
  const why = killed ? `git did not end in ${GIT_MS / 1000} s` : error.message
  return new GitError(said || (why.split("\n", 1)[0] ?? why), exitCode, code === "ENOENT")
}
