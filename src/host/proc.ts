import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

/** Processes as the kernel knows them. A pid alone says little, because the kernel reuses it. */
export interface ProcessId {
  readonly pid: number
  /** When the kernel started it. The text is equal for the same process only. */
  readonly startedAt: string
}

/** Returns the process with this pid, or undefined. A negative pid names a group and no process. */
export function identityOf(pid: number): ProcessId | undefined {
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined
  const startedAt = process.platform === "linux" ? linuxStart(pid) : psStart(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

/** Whether exactly this process still runs. */
export function isRunning({ pid, startedAt }: ProcessId): boolean {
  const found = identityOf(pid)
  return found !== undefined && found.startedAt === startedAt
}

/**
 * Returns the pids of the processes whose initial environment had `NAME=value`, without this one.
 * Only Linux can tell; elsewhere it returns none.
 */
export function pidsWith(marker: string): number[] {
  if (process.platform !== "linux") return []
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => read(`/proc/${name}/environ`)?.split("\0").includes(marker))
    .map(Number)
}

/**
 * Returns the space in which pids are valid: two containers on one machine each have their own.
 * Undefined where the system does not say.
 */
export function pidSpace(): string | undefined {
  try {
    return readlinkSync("/proc/self/ns/pid")
  } catch {
    // Only Linux has the file; elsewhere all processes share one space.
    return undefined
  }
}

/**
 * Sends a signal to a process, or to a whole group with a negative pid. A process that is gone is
 * no error.
 */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    // macOS reports EPERM for a group that has only zombies left.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error
  }
}

/** Returns the start time in ticks since the boot, with the boot's id. A zombie counts as ended. */
function linuxStart(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`)
  // The line is `pid (name) state …`. The name may contain spaces and brackets; the start time is
  // the 22nd field.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return undefined
  return `${read("/proc/sys/kernel/random/boot_id")?.trim()} ${fields[19]}`
}

function psStart(pid: number): string | undefined {
  const { stdout, status } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" })
  return status === 0 && stdout.trim() !== "" ? stdout.trim() : undefined
}

/** Returns a file of /proc, or undefined when the process has ended or must not be read. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined
    throw error
  }
}
