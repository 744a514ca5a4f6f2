import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs"
import { open, readdir, stat } from "node:fs/promises"

/**
 * Reads files that somebody else may have written. A device, pipe or socket is never opened, and no
 * file is read beyond a size, so that no folder can stop the process or fill its memory.
 */

/** Maximum size in bytes of a document that a person writes, such as a workflow. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024

/** Opening does not wait, even when the file is replaced by a pipe after it was looked at. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Returns the text of a regular file of at most `maxBytes` bytes; links are followed. Throws an
 * error whose message says why the file cannot be used, with the system's `code` where there is one.
 */
export function readText(file: string, maxBytes = MAX_DOCUMENT_BYTES): string {
  refuse(statSync(file), maxBytes)
  const handle = openSync(file, FLAGS)
  try {
    const found = fstatSync(handle)
    refuse(found, maxBytes)
    const bytes = Buffer.alloc(Math.min(found.size, maxBytes) + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(handle, bytes, length, bytes.length - length, null)
    }
    return textOf(bytes.subarray(0, length), found.size)
  } finally {
    closeSync(handle)
  }
}

/** Does the same as `readText` without blocking the process. */
export async function readTextAsync(file: string, maxBytes = MAX_DOCUMENT_BYTES): Promise<string> {
  return (await readBytesAsync(file, maxBytes)).toString("utf8")
}

/** Returns the bytes of such a file. */
export async function readBytesAsync(file: string, maxBytes = MAX_DOCUMENT_BYTES): Promise<Buffer> {
  refuse(await stat(file), maxBytes)
  const handle = await open(file, FLAGS)
  try {
    const found = await handle.stat()
    refuse(found, maxBytes)
    const bytes = Buffer.alloc(Math.min(found.size, maxBytes) + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = (await handle.read(bytes, length, bytes.length - length, null)).bytesRead
    }
    // A file that grew while it was read is read up to the size it had.
    return bytes.subarray(0, Math.min(length, found.size))
  } finally {
    await handle.close()
  }
}

/** Returns the names in a folder, sorted; none when there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return []
    throw error
  }
}

interface Found {
  readonly size: number
  isFile(): boolean
  isDirectory(): boolean
}

function refuse(found: Found, maxBytes: number): void {
  if (found.isDirectory()) throw new Error("it is a folder")
  if (!found.isFile()) throw new Error("it is not a regular file")
  if (found.size > maxBytes) throw new Error(`it is larger than ${sizeOf(maxBytes)}`)
}

/** A file that grew while it was read is read up to the size it had. */
function textOf(bytes: Buffer, size: number): string {
  return bytes.subarray(0, size).toString("utf8")
}

function sizeOf(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MiB` : `${Math.ceil(bytes / 1024)} KiB`
}
