import { randomBytes } from "node:crypto"
import { lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, isAbsolute, join, normalize, sep } from "node:path"

/**
 * Writes and deletes files of Baton in a folder that somebody else may have filled. No path is
 * followed through a link, which could lead anywhere on the machine.
 */

/**
 * Writes a file below `root`, and the folders it needs; the file appears whole or not at all. Throws
 * when a folder on the way is a link or not a folder, or when the path leaves the root.
 */
export function writeInside(root: string, path: string, content: string | Uint8Array): void {
  const file = join(root, pathInside(path))
  makeFolders(root, dirname(pathInside(path)))
  const draft = join(dirname(file), `.${randomBytes(9).toString("base64url")}.tmp`)
  try {
    writeFileSync(draft, content, { flag: "wx" })
    // A rename replaces a link instead of following it.
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

/** Deletes a file or folder below `root`, unless a folder on the way to it is a link. */
export function removeInside(root: string, path: string): void {
  const parts = pathInside(path).split(sep)
  for (let at = 1; at < parts.length; at++) {
    const found = lstatSync(join(root, ...parts.slice(0, at)), { throwIfNoEntry: false })
    if (!found?.isDirectory()) return
  }
  rmSync(join(root, ...parts), { recursive: true, force: true })
}

function makeFolders(root: string, path: string): void {
  const parts = path.split(sep).filter((part) => part !== ".")
  for (let at = 1; at <= parts.length; at++) {
    const folder = join(root, ...parts.slice(0, at))
    const found = lstatSync(folder, { throwIfNoEntry: false })
    if (found === undefined) mkdirSync(folder, { recursive: true })
    else if (found.isSymbolicLink()) throw new Error(`${folder} is a link, and Baton writes through none`)
    else if (!found.isDirectory()) throw new Error(`${folder} is not a folder`)
  }
}

function pathInside(path: string): string {
  const inside = normalize(path)
  if (isAbsolute(inside) || inside === "." || inside.split(sep)[0] === "..")
    throw new Error(`${path} leaves the folder`)
  return inside
}
