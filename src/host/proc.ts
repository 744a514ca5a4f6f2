import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

/** Processes as the kernel knows them. A pid alone says little: it is given to another process one day. */
export interface ProcessId {
  readonly pid: number
  /** When the kernel started it, in whatever words: equal for the same process only. */
  readonly startedAt: string
}

/** Which process has this pid now; undefined when none has. */
export function identityOf(pid: number): ProcessId | undefined {
  const startedAt = process.platform === "linux" ? linuxStart(pid) : psStart(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

/** Whether that very process still runs. */
export function isRunning({ pid, startedAt }: ProcessId): boolean {
  return identityOf(pid)?.startedAt === startedAt
}

/** Pids of the processes whose environment held `NAME=value` when they began, this one left out. Linux; elsewhere none. */
export function pidsWith(marker: string): number[] {
  if (process.platform !== "linux") return []
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => read(`/proc/${name}/environ`)?.split("\0").includes(marker))
    .map(Number)
}

/** Sends a signal to a process, or with a negative pid to its whole group; that there is none any more is fine. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    // EPERM: macOS says so of a group of which only zombies are left.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error
  }
}

/** Ticks since the boot, and which boot. A zombie has ended. */
function linuxStart(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`)
  // `pid (name) state …`, where the name may hold spaces and brackets; the start is the 22nd field.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return undefined
  return `${read("/proc/sys/kernel/random/boot_id")?.trim()} ${fields[19]}`
}

function psStart(pid: number): string | undefined {
  const { stdout, status } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" })
  return status === 0 && stdout.trim() !== "" ? stdout.trim() : undefined
}

/** A file of /proc, or undefined when the process has ended or is not ours to look into. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined
    throw error
  }
}
