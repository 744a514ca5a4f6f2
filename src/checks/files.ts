import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readFile, realpath, stat } from "node:fs/promises"
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path"

/**
 * The target of a check's path. Links are followed, and their target must also be inside the root.
 */
export type FileLookup =
  | { readonly type: "file"; readonly file: string }
  /** A folder, device or pipe, which has no content to check. */
  | { readonly type: "other" }
  /** `file` is the path the file would have, with the links of its parent folders followed. */
  | { readonly type: "missing"; readonly file: string }
  | { readonly type: "outside" }

/**
 * Resolves a path inside the folder `root`. Rejects when the file system returns an error other
 * than a missing file.
 */
export async function find(root: string, path: string): Promise<FileLookup> {
  const top = await realpath(root)
  const file = join(top, path)
  if (isAbsolute(path) || !isWithin(top, file)) return { type: "outside" }
  const real = await realOf(file)
  if (!isWithin(top, real)) return { type: "outside" }
  const found = await stat(real).catch(missing)
  if (found === undefined) return { type: "missing", file: real }
  return found.isFile() ? { type: "file", file: real } : { type: "other" }
}

/**
 * SHA-256 of the file's content in hex, or null when it is not a file. Rejects on an error of the
 * file system.
 */
export async function hashOf(root: string, path: string): Promise<string | null> {
  const found = await find(root, path)
  if (found.type !== "file") return null
  const hash = createHash("sha256")
  for await (const chunk of createReadStream(found.file)) hash.update(chunk as Uint8Array)
  return hash.digest("hex")
}

/** Whether a file contains a text. */
export async function holdsText(file: string, text: string): Promise<boolean> {
  return (await readFile(file)).includes(text)
}

/**
 * The real path of a file. For a missing file, it is the path below the nearest existing parent
 * folder.
 */
export async function realOf(file: string): Promise<string> {
  const folder = dirname(file)
  const real = await realpath(file).catch(missing)
  return real ?? (folder === file ? file : join(await realOf(folder), basename(file)))
}

export function isWithin(root: string, file: string): boolean {
  const way = relative(root, file)
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** Turns the error of a missing file into undefined, and throws all others. */
export function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error
}
