import { createHmac, randomBytes } from "node:crypto"
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { ownFolder, stateBase } from "./folder.ts"

/**
 * The secret of the user whose runs these are. It signs what processes of Baton tell each other, so
 * that nobody who can only write the journal can command a run.
 */

type Env = Readonly<Record<string, string | undefined>>

const BYTES = 32
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * Returns a secret for one purpose, derived from the owner's key, which is created at the first use.
 * Throws when the key's file is a link, belongs to somebody else, or is not a key.
 */
export function ownerSecret(env: Env, ...purpose: readonly [string, ...string[]]): Uint8Array {
  return createHmac("sha256", ownerKey(env)).update(JSON.stringify(purpose)).digest()
}

/** Returns the token with which a script decides for this user, and the file that has it. */
export function ownerToken(env: Env): { readonly token: string; readonly file: string } {
  const file = secretFile(env, "token", () => randomBytes(BYTES).toString("hex"))
  return { token: readOwn(file, 2 * BYTES).toString(), file }
}

function ownerKey(env: Env): Buffer {
  return readOwn(
    secretFile(env, "key", () => randomBytes(BYTES)),
    BYTES,
  )
}

/** Creates a file of the state folder that only this user can read, once, and returns its path. */
function secretFile(env: Env, name: string, make: () => string | Uint8Array): string {
  const folder = ownFolder(stateBase(env))
  const file = join(folder, name)
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) return file
  const draft = join(folder, `.${name}-${randomBytes(9).toString("base64url")}`)
  writeFileSync(draft, make(), { flag: "wx", mode: 0o600 })
  try {
    // Of two processes that create it, one wins: a link appears with its content or not at all.
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return file
}

/** Reads a file of exactly so many bytes that only this user can read or write. */
function readOwn(file: string, length: number): Buffer {
  const wrong = (why: string) => new Error(`${file} ${why}: delete it, and Baton makes a new one`)
  const handle = openOwn(file, wrong)
  try {
    const found = fstatSync(handle)
    if (!found.isFile()) throw wrong("is not a regular file")
    if (process.getuid !== undefined && found.uid !== process.getuid()) throw wrong("belongs to another user")
    if (process.platform !== "win32" && (found.mode & 0o077) !== 0) throw wrong("can be read by others")
    const bytes = Buffer.alloc(length + 1)
    if (readSync(handle, bytes, 0, length + 1, 0) !== length) throw wrong("does not have the right length")
    return bytes.subarray(0, length)
  } finally {
    closeSync(handle)
  }
}

function openOwn(file: string, wrong: (why: string) => Error): number {
  try {
    return openSync(file, FLAGS)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ELOOP" ? wrong("is a link") : error
  }
}
