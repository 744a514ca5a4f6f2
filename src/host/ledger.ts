import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { namesIn, readTextAsync } from "../files/read.ts"
import { identityOf, isRunning, type ProcessId, pidSpace, pidsWith, signal } from "./proc.ts"

/**
 * The record of every process that Baton starts, one file each. What outlives a killed Baton is
 * found by it and ended, and nothing else (G6).
 */

/** A variable in the environment of everything that Baton starts, directly or indirectly. */
export const CHILD_VARIABLE = "BATON_CHILD"

interface LedgerEntry {
  readonly command: readonly string[]
  /** Value of BATON_CHILD in its environment. */
  readonly token: string
  /** Null until the process exists. */
  readonly process: ProcessId | null
  /** The process that started it and ends it. */
  readonly owner: ProcessId
  /** Pids mean nothing on another machine, which may share the folder. */
  readonly machine: string
  /** Pids mean nothing in another container either. Missing where the system does not tell. */
  readonly space?: string
}

/** A process that is in the record. */
export interface Tracked {
  readonly child: ChildProcess
  readonly pid: number
  readonly token: string
  /** Resolves with how the process ended. Never rejects. */
  readonly ended: Promise<string>
  /** Ends the process and everything it started. Resolves when nothing is left. */
  stop(): Promise<void>
}

/** 18 random bytes as base64url. */
const TOKEN = /^[\w-]{24}$/
const MAX_ENTRY_BYTES = 64 * 1024
const TERM_MS = 3_000
/**
 * How often to look for processes with the token: a process may start another one while it is being
 * ended.
 */
const ROUNDS = 20
const ROUND_MS = 50

/** Returns the folder of a project's record, given the folder of its state. */
export function ledgerOf(state: string): string {
  return join(state, "processes")
}

/**
 * Starts a process as the leader of its own group. It is recorded before it exists. Throws when it
 * cannot be started or recorded, and then there is no process.
 */
export async function startTracked(
  folder: string,
  command: readonly [string, ...string[]],
  options: SpawnOptions,
): Promise<Tracked> {
  const token = randomBytes(18).toString("base64url")
  const file = join(folder, `${token}.json`)
  const owner = identityOf(process.pid)
  if (owner === undefined) throw new Error("this process does not find itself among those that run")
  const entry: LedgerEntry = { command, token, process: null, owner, machine: hostname(), ...spaceOf() }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  write(file, entry)
  const [program, ...args] = command
  const env = { ...options.env, [CHILD_VARIABLE]: token }
  const child = spawn(program, args, { ...options, env, detached: true })
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, name) => resolve(name === null ? `exit code ${code}` : `signal ${name}`))
    child.once("error", (error) => resolve(error.message))
  })
  const { pid } = child
  if (pid === undefined) {
    const why = await ended
    rmSync(file, { force: true })
    throw new Error(`${program} could not be started: ${why}`)
  }
  write(file, { ...entry, process: identityOf(pid) ?? null })
  return {
    child,
    pid,
    token,
    ended,
    async stop() {
      signal(-pid, "SIGTERM")
      await within(TERM_MS, ended)
      signal(-pid, "SIGKILL")
      await ended
      await endAll(token)
      rmSync(file, { force: true })
    },
  }
}

/**
 * Ends what dead owners have left running: exactly the processes that the record names by pid and
 * start time, and those that carry the token. Those of a living owner or of another machine are
 * left alone. Returns the commands it ended.
 */
export async function reap(folder: string): Promise<string[]> {
  const files = (await namesIn(folder)).filter((name) => name.endsWith(".json"))
  const reaped = await Promise.all(files.map((name) => reapOne(join(folder, name))))
  return reaped.flatMap((command) => command ?? [])
}

async function reapOne(file: string): Promise<string | undefined> {
  const entry = await readEntry(file)
  if (entry === undefined || !isHere(entry) || isRunning(entry.owner)) return undefined
  const { process: leader, token } = entry
  const isLeft = leader !== null && isRunning(leader)
  const carriers = pidsWith(`${CHILD_VARIABLE}=${token}`)
  if (isLeft) {
    signal(-leader.pid, "SIGTERM")
    await until(() => !isRunning(leader), TERM_MS)
    if (isRunning(leader)) signal(-leader.pid, "SIGKILL")
  }
  await endAll(token)
  rmSync(file, { force: true })
  return isLeft || carriers.length > 0 ? entry.command.join(" ") : undefined
}

/**
 * Ends every process that carries the token, even one that a tool set free in a session of its own.
 */
async function endAll(token: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const left = pidsWith(`${CHILD_VARIABLE}=${token}`)
    if (left.length === 0) return
    for (const pid of left) signal(pid, "SIGKILL")
    await pause(ROUND_MS)
  }
}

/** Writes a temporary file and renames it, so that a reader sees all of it or nothing. */
function write(file: string, entry: LedgerEntry): void {
  const draft = `${file}.tmp`
  writeFileSync(draft, JSON.stringify(entry), { mode: 0o600 })
  renameSync(draft, file)
}

/**
 * Returns undefined when the process ended cleanly at this moment, or when the file is not one of
 * ours. Anybody who can write the folder can write such a file, so every value is checked.
 */
async function readEntry(file: string): Promise<LedgerEntry | undefined> {
  try {
    const entry: unknown = JSON.parse(await readTextAsync(file, MAX_ENTRY_BYTES))
    return isEntry(entry) ? entry : undefined
  } catch {
    // It is gone, or it is not a file that `write` has written.
    return undefined
  }
}

function isEntry(value: unknown): value is LedgerEntry {
  if (typeof value !== "object" || value === null) return false
  const { command, token, process: leader, owner, machine, space } = value as Record<keyof LedgerEntry, unknown>
  const isCommand = Array.isArray(command) && command.every((word) => typeof word === "string")
  const isToken = typeof token === "string" && TOKEN.test(token)
  const isPlace = typeof machine === "string" && (space === undefined || typeof space === "string")
  // An owner may be the first process of its container. That one is never ended.
  const isProcesses = (leader === null || isProcessId(leader, 2)) && isProcessId(owner, 1)
  return isCommand && isToken && isPlace && isProcesses
}

function isProcessId(value: unknown, least: number): value is ProcessId {
  if (typeof value !== "object" || value === null) return false
  const { pid, startedAt } = value as Record<keyof ProcessId, unknown>
  return Number.isSafeInteger(pid) && (pid as number) >= least && typeof startedAt === "string" && startedAt !== ""
}

function spaceOf(): Pick<LedgerEntry, "space"> {
  const space = pidSpace()
  return space === undefined ? {} : { space }
}

/** Whether the pids of an entry are valid in this process. */
function isHere({ machine, space }: LedgerEntry): boolean {
  return machine === hostname() && (space === undefined || space === pidSpace())
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const timer = Promise.withResolvers<void>()
  const handle = setTimeout(timer.resolve, ms)
  await Promise.race([promise, timer.promise])
  clearTimeout(handle)
}

async function until(isDone: () => boolean, ms: number): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end && !isDone(); ) await pause(ROUND_MS)
}
