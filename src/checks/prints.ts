import { createHash } from "node:crypto"
import { type BigIntStats, constants } from "node:fs"
import { lstat, open, readdir, readlink } from "node:fs/promises"
import { join } from "node:path"

/**
 * Prints of files: texts that differ when two states of a file differ. A print of a small file
 * holds the hash of its content; a larger one is known by its size and times.
 */

/** Files up to this size are hashed, and can be kept. */
export const HASHED_BYTES = 1_000_000
/** Maximum number of entries that are looked at in a nested folder. */
const MAX_NESTED = 20_000
/** Where a project has many such files, only smaller ones are read. */
const MANY = 2_000
const HASHED_OF_MANY = 64_000
/** The size up to which files are read, so that reading them all takes seconds at most. */
export const limitFor = (count: number) => (count > MANY ? HASHED_OF_MANY : HASHED_BYTES)
/** The print of a path where nothing is. */
export const GONE = "gone"
/** At most so many files are open at the same time. */
const AT_ONCE = 32

interface Known {
  readonly stat: string
  readonly print: string
}

/** Makes prints. It remembers them with size and times, so that an unchanged file is read once. */
export class Prints {
  readonly #root: string
  readonly #known = new Map<string, Known>()

  /** `root` is the folder that paths are relative to. */
  constructor(root: string) {
    this.#root = root
  }

  /** The prints of files, by path. Only files of at most `limit` bytes are read. */
  async of(paths: Iterable<string>, limit = HASHED_BYTES): Promise<Record<string, string>> {
    const found: [string, string][] = []
    const left = [...new Set(paths)]
    const work = async () => {
      for (let path = left.pop(); path !== undefined; path = left.pop()) found.push([path, await this.one(path, limit)])
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return Object.fromEntries(found)
  }

  /** The print of a file; of a folder, one of everything below it, by sizes and times. */
  async one(path: string, limit = HASHED_BYTES): Promise<string> {
    try {
      const found = await lstat(join(this.#root, path), { bigint: true })
      if (found.isSymbolicLink()) return `link ${await readlink(join(this.#root, path))}`
      if (found.isDirectory()) return `folder ${await this.#below(path)}`
      if (!found.isFile()) return "no file"
      const mode = (found.mode & 0o111n) === 0n ? "file" : "program"
      return `${mode} ${found.size > limit ? statOf(found) : await this.#hash(path, found)}`
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return code === "ENOENT" || code === "ENOTDIR" ? GONE : `unreadable ${code ?? error}`
    }
  }

  async #hash(path: string, found: BigIntStats): Promise<string> {
    const stat = statOf(found)
    const known = this.#known.get(path)
    if (known?.stat === stat) return known.print
    const print = sha256(await contentOf(join(this.#root, path)))
    // A file that was just written can change again within the resolution of its times.
    if (Date.now() - Number(found.mtimeMs) > 2_000) this.#known.set(path, { stat, print })
    return print
  }

  async #below(folder: string): Promise<string> {
    const hash = createHash("sha256")
    const open = [folder]
    let left = MAX_NESTED
    for (let next = open.shift(); next !== undefined && left > 0; next = open.shift()) {
      for (const entry of (await readdir(join(this.#root, next), { withFileTypes: true })).sort(byName)) {
        const path = `${next}/${entry.name}`
        left--
        if (entry.isDirectory()) {
          if (entry.name !== ".git") open.push(path)
          continue
        }
        hash.update(`${path}\0${statOf(await lstat(join(this.#root, path), { bigint: true }))}\n`)
      }
    }
    return hash.digest("hex")
  }
}

/** The hash in the print of a small file; undefined for other prints. */
export function hashIn(print: string): string | undefined {
  return /^(?:file|program) ([0-9a-f]{64})$/.exec(print)?.[1]
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex")
}

/** The content of a small regular file, even when it is replaced by a pipe meanwhile. */
export async function contentOf(file: string): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0))
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw new Error("it is not a regular file")
    const bytes = Buffer.alloc(HASHED_BYTES + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = (await handle.read(bytes, length, bytes.length - length, null)).bytesRead
    return bytes.subarray(0, length)
  } finally {
    await handle.close()
  }
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1)

/** The change time cannot be set by a program, so a file that was changed back in size and date differs. */
function statOf({ size, mtimeNs, ctimeNs, ino, mode }: BigIntStats): string {
  return `${size} ${mtimeNs} ${ctimeNs} ${ino} ${mode}`
}
