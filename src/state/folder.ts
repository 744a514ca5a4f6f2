import { chmodSync, lstatSync, mkdirSync, type Stats, statfsSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, isAbsolute, join } from "node:path"

/**
 * The folder in which Baton keeps what no project may contain: journals, claims, records of
 * processes and the data of servers. It belongs to the user alone. A repository cannot bring such
 * files, and a worker that keeps to its project cannot change them.
 */

type Env = Readonly<Record<string, string | undefined>>

/**
 * Returns the path of that folder: `BATON_STATE_DIR`, else `baton` in the XDG state home. Throws
 * when the variable holds a relative path, because it would depend on the working directory.
 */
export function stateBase(env: Env): string {
  const own = env.BATON_STATE_DIR
  if (own) {
    if (!isAbsolute(own)) throw new Error(`BATON_STATE_DIR must be an absolute path, and is ${own}`)
    return own
  }
  const home = env.XDG_STATE_HOME && isAbsolute(env.XDG_STATE_HOME) ? env.XDG_STATE_HOME : undefined
  return join(home ?? join(env.HOME || homedir(), ".local", "state"), "baton")
}

/** File systems on which SQLite's locks and its WAL do not work between machines (statfs(2)). */
const NETWORK: Readonly<Record<number, string>> = {
  26985: "NFS",
  20859: "SMB",
  4266872130: "SMB",
  4283649346: "CIFS",
  22092: "NCP",
  1397113167: "AFS",
  1799439955: "AFS",
  1937076805: "Coda",
  12805120: "Ceph",
  198183888: "Lustre",
  1196443219: "GPFS",
}

/** File systems that end with the container or with the machine (statfs(2)). */
const FLEETING: Readonly<Record<number, string>> = {
  2035054128: "in the layer of a container",
  1635083891: "in the layer of a container",
  16914836: "in memory",
  2240043254: "in memory",
}

/**
 * Returns what a person should know when the state folder does not outlive its container or the
 * machine's next start; undefined when it does, or does not exist yet.
 */
export function fleetingState(env: Env, typeOf = fileSystemOf): string | undefined {
  const base = stateBase(env)
  const where = FLEETING[typeOf(base) ?? 0]
  if (where === undefined) return undefined
  return `${base} is ${where}, so runs cannot be continued once that is gone: set BATON_STATE_DIR to a folder that stays, for example on a volume`
}

function fileSystemOf(folder: string): number | undefined {
  try {
    return statfsSync(folder).type
  } catch {
    // Without the folder there is nothing to lose yet.
    return undefined
  }
}

/**
 * Makes sure that a folder exists and that only this user can read or write it, and returns its
 * path. Throws when it is a link, belongs to somebody else, or is on a network file system.
 */
export function ownFolder(folder: string): string {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 })
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
  const found = lstatSync(folder)
  const why = objection(found)
  if (why !== undefined) throw new Error(`${folder} ${why}: move it away, or set BATON_STATE_DIR to another folder`)
  if ((found.mode & 0o077) !== 0 && process.platform !== "win32") chmodSync(folder, 0o700)
  const network = NETWORK[statfsSync(folder).type]
  if (network !== undefined)
    throw new Error(
      `${folder} is on a network file system (${network}), where a journal is not safe: set BATON_STATE_DIR to a folder on a local disk`,
    )
  return folder
}

function objection(found: Stats): string | undefined {
  if (found.isSymbolicLink()) return "is a link"
  if (!found.isDirectory()) return "is not a folder"
  if (process.getuid !== undefined && found.uid !== process.getuid()) return "belongs to another user"
  return undefined
}
