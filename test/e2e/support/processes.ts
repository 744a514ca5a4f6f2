import { readdirSync, readFileSync } from "node:fs"

/** A running process. */
export interface Process {
  readonly pid: number
  readonly parent: number
  /** Its command line, for people. */
  readonly command: string
}

/**
 * Every running process that descends from `pid`, without `pid` itself. Linux only, like everything
 * in this file.
 */
export function processesUnder(pid: number): Process[] {
  const all = living()
  const found = new Set([pid])
  // A parent can have a higher pid than its child, so the loop repeats until nothing is added.
  for (let before = 0; before !== found.size; ) {
    before = found.size
    for (const process of all) if (found.has(process.parent)) found.add(process.pid)
  }
  found.delete(pid)
  return all.filter((process) => found.has(process.pid))
}

/**
 * Every running process whose environment contains exactly `NAME=value`. Unlike descent, this also
 * finds a process that has a new parent.
 */
export function processesWith(marker: string): Process[] {
  return living().filter(({ pid }) => read(pid, "environ")?.split("\0").includes(marker))
}

/** One process a line, for the message of a failed assertion. */
export function describeProcesses(processes: readonly Process[]): string[] {
  return processes.map(({ pid, command }) => `${pid} ${command}`)
}

/**
 * Sends a signal to a process, or to its whole group if the pid is negative. Ignores a process that
 * has just ended.
 */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}

function living(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const pid = Number(name)
      // The format is `pid (name) state parent …`, and the name may contain spaces and brackets.
      const stat = read(pid, "stat")
      const [state, parent] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? []
      if (state === undefined || state === "Z") return []
      return [{ pid, parent: Number(parent), command: read(pid, "cmdline")?.replaceAll("\0", " ").trim() ?? "" }]
    })
}

/** Reads a file of /proc. Undefined if the process has ended or may not be inspected. */
function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8")
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined
    throw error
  }
}
