import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { readText } from "../files/read.ts"
import { CHILD_VARIABLE } from "./ledger.ts"
import { identityOf, isRunning, type ProcessId } from "./proc.ts"

/**
 * Whether a process was started by a worker. Processes in which workers work are recorded; what
 * runs below one of them is a worker's, whatever it has removed from its environment. A process
 * whose parents have ended is not recognised by this.
 */

/** A variable in the environment of every shell of a worker's session. Its value is RUN/STEP. */
export const WORKER_VARIABLE = "BATON_WORKER"

type Env = Readonly<Record<string, string | undefined>>

const MAX_RECORD_BYTES = 1024
/** The state of a listening socket in /proc/net/tcp. */
const LISTENING = "0A"
/** No chain of processes is longer than this without a mistake. */
const MOST_PARENTS = 256

let records = 0

/** Returns the folder of the records, given the folder of all states. */
export function driversOf(base: string): string {
  return join(base, "drivers")
}

/**
 * Records that workers work in this process, or in the server of this machine at `url`. Returns the
 * function that ends the record. Records of processes that have ended are deleted.
 */
export function recordDriver(folder: string, url?: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  driversIn(folder, (file) => rmSync(file, { force: true }))
  const pid = url === undefined ? process.pid : listenerOn(Number(new URL(url).port))
  const own = pid === undefined ? undefined : identityOf(pid)
  if (own === undefined) return () => undefined
  const file = join(folder, `${own.pid}-${records++}.json`)
  writeFileSync(file, JSON.stringify(own), { mode: 0o600 })
  return () => rmSync(file, { force: true })
}

/** Returns what shows that a worker started this process; undefined when nothing does. */
export function workerAbove(folder: string, env: Env, pid = process.pid): string | undefined {
  const own = markIn((name) => env[name])
  if (own !== undefined) return own
  const drivers = driversIn(folder)
  for (let at = parentOf(pid), left = MOST_PARENTS; at !== undefined && at > 0 && left > 0; at = parentOf(at), left--) {
    const found = identityOf(at)
    if (found && drivers.some((driver) => driver.pid === found.pid && driver.startedAt === found.startedAt))
      return "it runs below the process in which workers work"
    const variables = environmentOf(at)
    const mark = markIn((name) => variables.get(name))
    if (mark !== undefined) return mark
  }
  return undefined
}

function markIn(read: (name: string) => string | undefined): string | undefined {
  const worker = read(WORKER_VARIABLE)
  if (worker !== undefined) return `it runs in a shell of the worker ${worker.slice(0, 200)}`
  return read(CHILD_VARIABLE) === undefined ? undefined : "it runs in what Baton started for a worker"
}

/** The recorded processes that still run. `onStale` gets the file of each other record. */
function driversIn(folder: string, onStale: (file: string) => void = () => undefined): ProcessId[] {
  const files = namesIn(folder).filter((name) => name.endsWith(".json"))
  return files.flatMap((name) => {
    const driver = readRecord(join(folder, name))
    if (driver && isRunning(driver)) return [driver]
    onStale(join(folder, name))
    return []
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
    throw error
  }
}

function readRecord(file: string): ProcessId | undefined {
  try {
    const { pid, startedAt } = JSON.parse(readText(file, MAX_RECORD_BYTES)) as Record<keyof ProcessId, unknown>
    return typeof pid === "number" && typeof startedAt === "string" ? { pid, startedAt } : undefined
  } catch {
    // It is gone, or nothing that `recordDriver` has written.
    return undefined
  }
}

function parentOf(pid: number): number | undefined {
  if (process.platform !== "linux") {
    const { stdout, status } = spawnSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" })
    return status === 0 ? Number(stdout.trim()) : undefined
  }
  const stat = procFile(pid, "stat")
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields === undefined ? undefined : Number(fields[1])
}

/** The initial environment of a process; empty where the system does not tell. */
function environmentOf(pid: number): ReadonlyMap<string, string> {
  const pairs = procFile(pid, "environ")?.split("\0") ?? []
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]))
}

/** The process of this machine that listens on a port of the loopback interface; Linux only. */
function listenerOn(port: number): number | undefined {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  const lines = ["net/tcp", "net/tcp6"].flatMap((name) => procFile("self", name)?.split("\n") ?? [])
  const rows = lines.map((line) => line.trim().split(/\s+/))
  const sockets = new Set(
    rows.flatMap(([, local, , state, , , , , , inode]) =>
      local?.endsWith(wanted) && state === LISTENING ? [`socket:[${inode}]`] : [],
    ),
  )
  if (sockets.size === 0) return undefined
  const pids = namesIn("/proc").filter((name) => /^\d+$/.test(name))
  return pids.map(Number).find((pid) => filesOf(pid).some((link) => sockets.has(link)))
}

/** The open files of a process, as far as this user may see them. */
function filesOf(pid: number): string[] {
  const read = <T>(look: () => T, otherwise: T): T => {
    try {
      return look()
    } catch {
      // The process or the file is gone, or belongs to somebody else.
      return otherwise
    }
  }
  const names = read(() => readdirSync(`/proc/${pid}/fd`), [])
  return names.map((name) => read(() => readlinkSync(`/proc/${pid}/fd/${name}`), ""))
}

function procFile(pid: number | "self", name: string): string | undefined {
  if (process.platform !== "linux") return undefined
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8")
  } catch {
    // It has ended, or belongs to somebody else.
    return undefined
  }
}
