import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readFile, realpath, stat } from "node:fs/promises"
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path"

/** What a path of a check leads to. A link is followed, and what it leads to must be inside the root, too. */
export type Found =
  | { readonly type: "file"; readonly file: string }
  /** A folder, a device, a pipe: nothing whose content could be looked at. */
  | { readonly type: "other" }
  /** `file` is where it would be: the links among the folders above are followed. */
  | { readonly type: "missing"; readonly file: string }
  | { readonly type: "outside" }

/** Looks for a path in the folder `root`. Rejects when the file system refuses. */
export async function find(root: string, path: string): Promise<Found> {
  const top = await realpath(root)
  const file = join(top, path)
  if (isAbsolute(path) || !isWithin(top, file)) return { type: "outside" }
  const real = await realOf(file)
  if (!isWithin(top, real)) return { type: "outside" }
  const found = await stat(real).catch(missing)
  if (found === undefined) return { type: "missing", file: real }
  return found.isFile() ? { type: "file", file: real } : { type: "other" }
}

/** SHA-256, in hex, of the file's content; null where there is none. Rejects when the file system refuses. */
export async function hashOf(root: string, path: string): Promise<string | null> {
  const found = await find(root, path)
  if (found.type !== "file") return null
  const hash = createHash("sha256")
  for await (const chunk of createReadStream(found.file)) hash.update(chunk as Uint8Array)
  return hash.digest("hex")
}

/** Whether a file holds a text. */
export async function holdsText(file: string, text: string): Promise<boolean> {
  return (await readFile(file)).includes(text)
}

/** The real path of a file; of one that is not there, its place below the nearest folder above that is. */
export async function realOf(file: string): Promise<string> {
  const folder = dirname(file)
  const real = await realpath(file).catch(missing)
  return real ?? (folder === file ? file : join(await realOf(folder), basename(file)))
}

export function isWithin(root: string, file: string): boolean {
  const way = relative(root, file)
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** Turns "there is no such file" into undefined; anything else is an error. */
export function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error
}
