import { createHash } from "node:crypto"
import { lstat, readdir, readlink, stat } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join, relative, resolve, sep } from "node:path"
import {
  BATON_DOCUMENTS,
  LOADED_FOLDERS,
  OPENCODE_DOCUMENTS,
  SKILL_FOLDERS,
  WORKFLOW_FOLDERS,
} from "../core/rights/trusted-set.ts"
import { readBytesAsync } from "../files/read.ts"

/**
 * Reads the files of a folder that decide what is executed, and identifies their contents. Nothing
 * of the folder is interpreted, and the work is bounded whatever the folder contains. A link is part
 * of the set, and so is what it leads to, because OpenCode follows links.
 */

/** Where a project is. */
export interface TrustPlace {
  /** The project's root. */
  readonly root: string
  /** The folder that OpenCode is started in: the root, or a folder below it. */
  readonly directory: string
  /** The root of the git worktree; undefined or `/` when there is none. */
  readonly worktree?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A file of the set: the hash of its content, or why its content is not known. */
export type SetFile = { readonly sha256: string; readonly text?: string } | { readonly unreadable: string }

export interface TrustedSet {
  /** By path relative to the root, with `/`; sorted. */
  readonly files: Readonly<Record<string, SetFile>>
  /** When each file's content, name or rights were changed last (milliseconds since 1970). */
  readonly changedAt: Readonly<Record<string, number>>
  /** Identifies all of it. */
  readonly digest: string
}

/** Limits of the whole set. What is beyond them is part of the set as unreadable. */
const MAX_FILES = 2_000
const MAX_BYTES = 64 * 1024 * 1024
const MAX_DEPTH = 12
/** Of a smaller file the text is kept, so that a later difference can be shown line by line. */
const MAX_TEXT_BYTES = 16 * 1024

/** Reads the set. `more` are further files of it, by their path relative to the root. */
export async function readSet(place: TrustPlace, more: readonly string[] = []): Promise<TrustedSet> {
  const found = new Found(place.root)
  const { root } = place
  for (const folder of WORKFLOW_FOLDERS) await found.folder(join(root, folder), 0)
  for (const name of BATON_DOCUMENTS) for (const at of [".opencode", "."]) await found.file(join(root, at, name))
  for (const folder of foldersAbove(place)) {
    for (const name of OPENCODE_DOCUMENTS) for (const at of [".opencode", "."]) await found.file(join(folder, at, name))
    await found.file(join(folder, ".opencode", "package.json"))
    for (const name of LOADED_FOLDERS) await found.folder(join(folder, ".opencode", name), MAX_DEPTH)
    for (const name of SKILL_FOLDERS) await found.folder(join(folder, name), MAX_DEPTH)
  }
  for (const path of more) await found.file(resolve(root, path))
  return found.set()
}

/**
 * The folders in which OpenCode looks for a project's configuration: from where it is started up to
 * the worktree's root, or to the top of the file system without one. The user's home is left out,
 * because what is in it applies everywhere and is the user's own.
 */
function foldersAbove({ root, directory, worktree, env }: TrustPlace): string[] {
  const home = resolve(env.HOME || homedir())
  const top = worktree === undefined ? "/" : resolve(worktree)
  const folders = new Set([resolve(root)])
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    if (folder !== home) folders.add(folder)
    if (folder === top || folder === dirname(folder)) return [...folders]
  }
}

class Found {
  readonly #root: string
  readonly #files = new Map<string, SetFile>()
  readonly #changedAt = new Map<string, number>()
  #bytes = 0

  constructor(root: string) {
    this.#root = root
  }

  set(): TrustedSet {
    const names = [...this.#files.keys()].sort()
    const files = Object.fromEntries(names.map((name) => [name, this.#files.get(name) as SetFile]))
    return { files, changedAt: Object.fromEntries(this.#changedAt), digest: digestOf(files) }
  }

  /** Adds the files of a folder, down to so many folders below it. */
  async folder(folder: string, depth: number): Promise<void> {
    const found = await lstat(folder).catch(absent)
    if (found === undefined) return
    if (found.isSymbolicLink()) this.#add(folder, found.ctimeMs, { unreadable: `a link to ${await readlink(folder)}` })
    else if (!found.isDirectory()) return this.file(folder)
    const entries = await readdir(folder, { withFileTypes: true }).catch(nothing)
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name === "node_modules") continue
      const path = join(folder, entry.name)
      const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await isFolderBehind(path)))
      if (!isFolder) await this.file(path)
      else if (depth > 0 && !this.#isFull()) await this.folder(path, depth - 1)
    }
  }

  async file(path: string): Promise<void> {
    const found = await lstat(path).catch(absent)
    if (found === undefined || found.isDirectory() || this.#files.has(this.#nameOf(path))) return
    if (this.#isFull()) return this.#add(this.#root, 0, { unreadable: "there are too many files to read" }, "…")
    const link = found.isSymbolicLink() ? `link to ${await readlink(path)}: ` : ""
    this.#add(path, found.ctimeMs, await this.#contentOf(path, link))
  }

  async #contentOf(path: string, link: string): Promise<SetFile> {
    try {
      const bytes = await readBytesAsync(path)
      this.#bytes += bytes.length
      const text = bytes.length <= MAX_TEXT_BYTES ? textOf(bytes) : undefined
      return {
        sha256: createHash("sha256").update(link).update(bytes).digest("hex"),
        ...(text === undefined ? {} : { text }),
      }
    } catch (error) {
      return { unreadable: `${link}${error instanceof Error ? error.message : String(error)}` }
    }
  }

  #isFull(): boolean {
    return this.#files.size >= MAX_FILES || this.#bytes > MAX_BYTES
  }

  #add(path: string, changedAt: number, file: SetFile, name = this.#nameOf(path)): void {
    this.#files.set(name, file)
    this.#changedAt.set(name, changedAt)
  }

  #nameOf(path: string): string {
    return relative(this.#root, path).split(sep).join("/")
  }
}

function digestOf(files: TrustedSet["files"]): string {
  const lines = Object.entries(files).map(([name, file]) => [name, stampOf(file)])
  return createHash("sha256").update(JSON.stringify(lines)).digest("hex")
}

/** What a file is compared by. */
export function stampOf(file: SetFile): string {
  return "sha256" in file ? file.sha256 : `unreadable: ${file.unreadable}`
}

/** The text of bytes; undefined when they are not text. */
function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString("utf8")
  return bytes.includes(0) || !Buffer.from(text, "utf8").equals(bytes) ? undefined : text
}

async function isFolderBehind(link: string): Promise<boolean> {
  try {
    return (await stat(link)).isDirectory()
  } catch {
    // It leads nowhere, which is said where it is read.
    return false
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (["ENOENT", "ENOTDIR", "EACCES"].includes(error.code ?? "")) return undefined
  throw error
}

function nothing(): [] {
  return []
}
