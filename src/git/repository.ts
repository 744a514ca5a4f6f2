import { randomBytes } from "node:crypto"
import { constants } from "node:fs"
import { lstat, mkdir, open, readdir, realpath, rm, stat, utimes, writeFile } from "node:fs/promises"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { GENERATED, OWN_FOLDER } from "../files/generated.ts"
import { readTextAsync } from "../files/read.ts"
import { writeInside } from "../files/write.ts"
import { GitError, type GitPlace, runGit, runGitForBytes } from "./command.ts"

/**
 * The project's repository, read through a git dir of Baton's own: it borrows the project's objects
 * and works on a copy of its index, and no configuration of the project is in force. So nothing that
 * the project's configuration or attributes name is run, and nothing of the repository is changed.
 */

type Env = Readonly<Record<string, string | undefined>>

export interface Repository {
  /** Real path of the worktree's root. */
  readonly top: string
  /** Real path of the project's folder, inside it. */
  readonly project: string
  /** The kind of its object ids. */
  readonly format: "sha1" | "sha256"
  /** The project's current commit; undefined before the first one. */
  head(): Promise<string | undefined>
  /** Copies the project's index to a file that is new or replaced; without one, there is no file. */
  copyIndex(to: string): Promise<void>
  /** Calls `use` with a copy of the index that exists only during the call. */
  withIndex<T>(use: (index: string) => Promise<T>): Promise<T>
  /** The output of a git command in the project's folder, on the index in that file. */
  git(index: string, ...args: string[]): Promise<string>
  /** The content of a file of the index in that file, as git stores it; undefined without one. */
  content(index: string, path: string): Promise<Uint8Array | undefined>
  /** Files with patterns of what is ignored: a copy of the project's own list, then the user's list. */
  readonly excludes: readonly string[]
}

export interface Git {
  /** The repository that the project is in; undefined when there is none or git is not installed. */
  open(): Promise<Repository | undefined>
  /**
   * The repository as it was opened last, whatever became of the project's git dir meanwhile. `top`
   * is the root of its worktree. It has no current commit and no index of its own.
   */
  opened(top: string): Promise<Repository>
}

/** Options of `ls-files` that leave out what is ignored. */
export function ignoring(excludes: readonly string[]): string[] {
  return ["--exclude-per-directory=.gitignore", ...excludes.map((file) => `--exclude-from=${file}`)]
}

/** Settings of a repository that say how its files are compared. None of them runs a program. */
const SETTINGS: Readonly<Record<string, RegExp>> = {
  "core.filemode": /^(true|false)$/,
  "core.ignorecase": /^(true|false)$/,
  "core.symlinks": /^(true|false)$/,
  "core.precomposeunicode": /^(true|false)$/,
  "core.autocrlf": /^(true|false|input)$/,
  "core.eol": /^(lf|crlf|native)$/,
  "extensions.objectformat": /^(sha1|sha256)$/,
}
/**
 * Attributes that name a program have no effect without a configuration; this says so once more.
 * Line endings stay as the project has them, because git itself converts these.
 */
const ATTRIBUTES = "* -filter !diff !merge\n"
const MAX_POINTER_BYTES = 16 * 1024
const MAX_EXCLUDE_BYTES = 1024 * 1024
const MAX_INDEX_BYTES = 512 * 1024 * 1024

/** Git for the project in the folder `root`. `folder` is where its private git dir is kept. */
export function createGit(root: string, { folder, env }: { readonly folder: string; readonly env: Env }): Git {
  let own: Promise<string[]> | undefined
  let known: { readonly stamp: string; readonly settings: ReadonlyMap<string, string> } | undefined
  const settingsIn = async ({ top, common }: GitDirs) => {
    const file = await lstat(join(common, "config"), { bigint: true }).catch(absent)
    const stamp = file === undefined ? "none" : `${common} ${file.ino} ${file.size} ${file.mtimeNs} ${file.ctimeNs}`
    if (known?.stamp !== stamp)
      known = { stamp, settings: await settingsOf(env, { gitDir: folder, worktree: top, cwd: top }, common) }
    return known.settings
  }
  const over = async (found: GitDirs, format: Repository["format"]): Promise<Repository> => {
    const place: GitPlace = { gitDir: folder, worktree: found.top, cwd: await realpath(root) }
    own ??= ownExcludes(env, place)
    return repository(env, { found, place, format, excludes: [join(folder, "info", "exclude"), ...(await own)] })
  }
  return {
    async open() {
      try {
        const found = await findGitDirs(root)
        if (found === undefined) return undefined
        const settings = await settingsIn(found)
        const format = settings.get("extensions.objectformat") === "sha256" ? "sha256" : "sha1"
        await prepare(folder, found, { settings, format })
        return await over(found, format)
      } catch (error) {
        if (error instanceof GitError && error.isMissing) return undefined
        throw error
      }
    },
    opened: (top) => over({ top, own: folder, common: folder }, "sha1"),
  }
}

/** Where a repository keeps what a worktree has for itself, and what all its worktrees share. */
interface GitDirs {
  readonly top: string
  readonly own: string
  readonly common: string
}

/** The git dirs of the nearest folder at or above `root` that has a `.git`. */
async function findGitDirs(root: string): Promise<GitDirs | undefined> {
  for (let folder = await realpath(root); ; folder = dirname(folder)) {
    const entry = join(folder, ".git")
    const found = await stat(entry).catch(absent)
    const own = found?.isDirectory() ? entry : found?.isFile() ? await pointedTo(entry, folder) : undefined
    if (own !== undefined) {
      const common = await line(join(own, "commondir"))
      return { top: folder, own, common: common === undefined ? own : resolve(own, common) }
    }
    if (folder === dirname(folder)) return undefined
  }
}

/** The folder that the `.git` file of a linked worktree or submodule names. */
async function pointedTo(file: string, folder: string): Promise<string | undefined> {
  const path = (await line(file))?.match(/^gitdir: (.+)$/)?.[1]
  return path === undefined ? undefined : resolve(folder, path)
}

/** The first line of a file; undefined when it is not a short regular file. */
async function line(file: string): Promise<string | undefined> {
  const text = await readTextAsync(file, MAX_POINTER_BYTES).catch(absent)
  return text?.split(/\r?\n/, 1)[0] || undefined
}

/** The repository's settings that are in `SETTINGS`. Files that its configuration includes are not read. */
async function settingsOf(env: Env, place: GitPlace, common: string): Promise<ReadonlyMap<string, string>> {
  const file = join(common, "config")
  const settings = new Map<string, string>()
  if (!(await lstat(file).catch(absent))?.isFile()) return settings
  const wanted = `^(${Object.keys(SETTINGS).join("|").replaceAll(".", "\\.")})$`
  const args = ["config", "--file", file, "--no-includes", "-z", "--get-regexp", wanted]
  // Exit code 1 says that there is no such setting.
  const text = await runGit(env, place, args).catch((error: GitError) => {
    if (error.exitCode === 1) return ""
    throw error
  })
  for (const entry of text.split("\0")) {
    const [key = "", value = "true"] = entry.split("\n")
    if (SETTINGS[key]?.test(value)) settings.set(key, value)
  }
  return settings
}

/** Turns the error of a file that is not there, or that git could not use, into undefined. */
function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== undefined && !["ENOENT", "ENOTDIR", "ELOOP", "EISDIR"].includes(error.code)) throw error
}

interface Settings {
  readonly settings: ReadonlyMap<string, string>
  readonly format: Repository["format"]
}

/** Makes the private git dir, or brings it up to date. */
async function prepare(folder: string, found: GitDirs, { settings, format }: Settings): Promise<void> {
  for (const name of ["objects/info", "refs", "info"]) await mkdir(join(folder, name), { recursive: true, mode: 0o700 })
  const core = [...settings]
    .filter(([key]) => key.startsWith("core."))
    .map(([key, value]) => `\t${key.slice(5)} = ${value}`)
  const config = [
    ...["[core]", `\trepositoryformatversion = ${format === "sha1" ? 0 : 1}`, "\tbare = false", ...core],
    ...(format === "sha1" ? [] : ["[extensions]", `\tobjectformat = ${format}`]),
  ]
  const exclude = (await readTextAsync(join(found.common, "info", "exclude"), MAX_EXCLUDE_BYTES).catch(absent)) ?? ""
  const objects = join(found.common, "objects")
  // A path with a line break, or one that looks quoted, is written in quotes.
  const alternate = /[\n"]/.test(objects) ? JSON.stringify(objects) : objects
  await Promise.all([
    update(folder, "HEAD", "ref: refs/heads/none\n"),
    update(folder, "config", `${config.join("\n")}\n`),
    update(folder, "objects/info/alternates", `${alternate}\n`),
    update(folder, "info/attributes", ATTRIBUTES),
    update(
      folder,
      "info/exclude",
      `${[`${OWN_FOLDER}/`, ...GENERATED.map((name) => `${name}/`)].join("\n")}\n${exclude}\n`,
    ),
    copyShared(found.own, folder),
  ])
}

async function update(folder: string, name: string, text: string): Promise<void> {
  const now = await readTextAsync(join(folder, name)).catch(absent)
  if (now !== text) writeInside(folder, name, text)
}

/** An index can be split into two files; the larger one is beside it and never changes. */
async function copyShared(from: string, to: string): Promise<void> {
  const names = ((await readdir(from).catch(absent)) ?? []).filter((name) => /^sharedindex\.[0-9a-f]+$/.test(name))
  const missing: string[] = []
  for (const name of names) if (!(await lstat(join(to, name)).catch(absent))) missing.push(name)
  await Promise.all(missing.map((name) => copyFile(join(from, name), join(to, name))))
}

/**
 * Copies a regular file with its modification time, by which git knows which files may have changed
 * since the index was written. Without such a file, the copy is removed.
 */
async function copyFile(from: string, to: string): Promise<void> {
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
  const file = await open(from, flags).catch(absent)
  if (file === undefined) return rm(to, { force: true })
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new Error(`${from} is not a regular file`)
    if (found.size > MAX_INDEX_BYTES) throw new Error(`${from} is larger than ${MAX_INDEX_BYTES} bytes`)
    await writeFile(to, await file.readFile(), { mode: 0o600 })
    // Whole seconds are the unit in which git compares, and an earlier time is the cautious one.
    const seconds = Math.floor(found.mtimeMs / 1000)
    await utimes(to, seconds, seconds)
  } finally {
    await file.close()
  }
}

/** So many names may lead from `HEAD` to a commit. */
const MOST_NAMES = 5
const MAX_REFS_BYTES = 64 * 1024 * 1024

/** The current commit, from the files that say it. */
async function headOf(env: Env, { own, common }: GitDirs, place: GitPlace): Promise<string | undefined> {
  if (await stat(join(common, "reftable")).catch(absent)) return askHead(env, { ...place, gitDir: own })
  let text = await line(join(own, "HEAD"))
  for (let names = 0; names < MOST_NAMES && text !== undefined; names++) {
    if (/^[0-9a-f]{40,64}$/.test(text)) return text
    const name = /^ref: (refs\/[^\0]+)$/.exec(text)?.[1]
    if (name === undefined || name.split("/").includes("..")) return undefined
    text = (await line(join(own, name))) ?? (await line(join(common, name))) ?? (await packed(common, name))
  }
  return undefined
}

async function packed(common: string, name: string): Promise<string | undefined> {
  const text = (await readTextAsync(join(common, "packed-refs"), MAX_REFS_BYTES).catch(absent)) ?? ""
  return text
    .split("\n")
    .find((entry) => entry.endsWith(` ${name}`))
    ?.split(" ", 1)[0]
}

/** Repositories that keep their refs in tables are asked. This runs nothing of their configuration. */
async function askHead(env: Env, place: GitPlace): Promise<string | undefined> {
  try {
    return (await runGit(env, place, ["rev-parse", "--verify", "--quiet", "HEAD"])).trim()
  } catch (error) {
    if (error instanceof GitError && error.exitCode === 1) return undefined
    throw error
  }
}

/** Options with the user's own list of ignored files, which git no longer finds without a home. */
async function ownExcludes(env: Env, place: GitPlace): Promise<string[]> {
  const home = env.HOME ?? ""
  const base = env.XDG_CONFIG_HOME || join(home, ".config")
  const named = await userSetting(env, place, "core.excludesFile")
  const path = named?.replace(/^~(?=\/)/, home) ?? join(base, "git", "ignore")
  const isThere = isAbsolute(path) && (await stat(path).catch(absent))?.isFile()
  return isThere ? [`--exclude-from=${path}`] : []
}

/** A setting of the user's own configuration; files that it includes are not read. */
async function userSetting(env: Env, place: GitPlace, key: string): Promise<string | undefined> {
  const home = env.HOME ?? ""
  for (const file of [join(home, ".gitconfig"), join(env.XDG_CONFIG_HOME || join(home, ".config"), "git", "config")]) {
    const isThere = isAbsolute(file) && (await stat(file).catch(absent))?.isFile()
    const args = ["config", "--file", file, "--no-includes", "--get", key]
    const value = isThere ? await runGit(env, place, args).catch(() => "") : ""
    if (value.trim() !== "") return value.trim()
  }
  return undefined
}

interface Opened {
  readonly found: GitDirs
  readonly place: GitPlace
  readonly format: Repository["format"]
  readonly excludes: readonly string[]
}

function repository(env: Env, { found, place, format, excludes }: Opened): Repository {
  const git = (index: string, ...args: string[]) => runGit(env, { ...place, index }, args)
  const copyIndex = (to: string) => copyFile(join(found.own, "index"), to)
  return {
    top: found.top,
    project: place.cwd,
    format,
    excludes,
    copyIndex,
    head: () => headOf(env, found, place),
    async withIndex(use) {
      const index = join(place.gitDir, `index-${randomBytes(9).toString("base64url")}`)
      try {
        await copyIndex(index)
        return await use(index)
      } finally {
        await rm(index, { force: true })
      }
    },
    git,
    async content(index, path) {
      const entry = await git(index, "ls-files", "-z", "--stage", "--", `:(literal)${path}`)
      const [, mode = "", oid = ""] = /^(\d+) ([0-9a-f]+) 0\t/.exec(entry) ?? []
      if (!mode.startsWith("1") || mode === "160000") return undefined
      return runGitForBytes(env, { ...place, index }, ["cat-file", "blob", oid])
    },
  }
}
