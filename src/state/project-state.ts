import { createHash, randomBytes } from "node:crypto"
import { existsSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import writeFileAtomic from "write-file-atomic"
import { readText } from "../files/read.ts"
import { ownFolder, stateBase } from "./folder.ts"

/**
 * Which state belongs to which project. A project is its folder on this machine: its real path, and
 * the device, inode and birth time by which the file system knows it. A folder that takes the place
 * of another one inherits nothing of it, and neither does a copy.
 */

type Env = Readonly<Record<string, string | undefined>>

export interface ProjectIdentity {
  /** The real path of the project's root. */
  readonly path: string
  readonly device: string
  readonly inode: string
  /** Nanoseconds since 1970. Null where the file system does not record it. */
  readonly born: string | null
}

/** The state of one project. */
export interface ProjectState {
  /** Its name in the list of states. */
  readonly id: string
  /** Absolute path of the folder with journal, claims, records of processes and servers. */
  readonly folder: string
  readonly identity: ProjectIdentity
}

const MAX_BYTES = 16 * 1024
/** So many folders may have had the same path, one after the other. */
const MOST_TWINS = 1_000

/** Returns the state of the project in `root`; undefined when it has none. Creates nothing. */
export function findState(root: string, env: Env): ProjectState | undefined {
  const identity = identityOf(root)
  return statesAt(identity.path, env).find((state) => isSame(state.identity, identity))
}

/** Returns the state of the project in `root`, and creates it if necessary. */
export function openState(root: string, env: Env): ProjectState {
  const identity = identityOf(root)
  const found = statesAt(identity.path, env).find((state) => isSame(state.identity, identity))
  if (found) return { ...found, folder: ownFolder(found.folder) }
  return create(identity, env)
}

/** Returns the states of all projects, in the order of their paths. A record that cannot be read is left out. */
export function allStates(env: Env): ProjectState[] {
  const states = namesIn(projectsIn(env)).flatMap((id) => stateOf(projectsIn(env), id) ?? [])
  return states.sort((a, b) => (a.identity.path < b.identity.path ? -1 : 1))
}

/**
 * Returns the states that may have been this project's: of a folder that had its path, or of the
 * same folder at another path.
 */
export function formerStates(root: string, env: Env): ProjectState[] {
  const identity = identityOf(root)
  return allStates(env).filter(({ identity: other }) => {
    if (isSame(other, identity)) return false
    return other.path === identity.path || (isSameFolder(other, identity) && !isThere(other))
  })
}

/**
 * Returns the journal that an earlier version kept in the project, if there is one. It is not read,
 * because a repository could have brought it.
 */
export function formerJournal(root: string): string | undefined {
  const file = join(root, ".opencode", "workflow-state", "journal.db")
  return existsSync(file) ? file : undefined
}

/** Whether the folder of a state is still where it was. */
export function isThere(identity: ProjectIdentity): boolean {
  try {
    return isSame(identityOf(identity.path), identity)
  } catch {
    // The folder is gone, or may not be looked at.
    return false
  }
}

/** Gives the state of a moved or replaced folder to the project in `root`, which must have none. */
export function adoptState(state: ProjectState, root: string, env: Env): ProjectState {
  const identity = identityOf(root)
  const next = { id: freeId(identity.path, env), identity }
  const folder = join(projectsIn(env), next.id)
  writeRecord(state.folder, identity)
  // Runs are taken over, and trust is not: what is in the folder now may be somebody else's.
  rmSync(join(state.folder, "trust.json"), { force: true })
  renameSync(state.folder, folder)
  return { ...next, folder }
}

/** Deletes a state with everything in it. */
export function forgetState({ folder }: ProjectState): void {
  rmSync(folder, { recursive: true, force: true })
}

export function identityOf(root: string): ProjectIdentity {
  const path = realpathSync(root)
  const { dev, ino, birthtimeNs, ctimeNs } = statSync(path, { bigint: true })
  // Where the birth time is not recorded, the time of the last change stands in its place.
  const isRecorded = birthtimeNs > 0n && birthtimeNs < ctimeNs
  return { path, device: String(dev), inode: String(ino), born: isRecorded ? String(birthtimeNs) : null }
}

function isSame(a: ProjectIdentity, b: ProjectIdentity): boolean {
  return a.path === b.path && isSameFolder(a, b)
}

/** A device can have another number after a reboot, so the birth time decides where it is known. */
function isSameFolder(a: ProjectIdentity, b: ProjectIdentity): boolean {
  if (a.inode !== b.inode) return false
  return a.born !== null && b.born !== null ? a.born === b.born : a.device === b.device
}

function projectsIn(env: Env): string {
  return join(stateBase(env), "projects")
}

function nameOf(path: string): string {
  return createHash("sha256").update(path).digest("hex").slice(0, 16)
}

/** The states of all folders that have or had this path. */
function statesAt(path: string, env: Env): ProjectState[] {
  const projects = projectsIn(env)
  const states: ProjectState[] = []
  for (let at = 1; at <= MOST_TWINS; at++) {
    const id = idOf(path, at)
    if (!existsSync(join(projects, id))) break
    const state = stateOf(projects, id)
    if (state) states.push(state)
  }
  return states
}

function idOf(path: string, at: number): string {
  return at === 1 ? nameOf(path) : `${nameOf(path)}-${at}`
}

function freeId(path: string, env: Env): string {
  for (let at = 1; at <= MOST_TWINS; at++) if (!existsSync(join(projectsIn(env), idOf(path, at)))) return idOf(path, at)
  throw new Error(`there are too many states of ${path}: delete some with \`baton state forget\``)
}

function stateOf(projects: string, id: string): ProjectState | undefined {
  const folder = join(projects, id)
  try {
    const identity: unknown = JSON.parse(readText(join(folder, "project.json"), MAX_BYTES))
    return isIdentity(identity) ? { id, folder, identity } : undefined
  } catch {
    // It is not a state, or one that was not written to its end and is empty.
    return undefined
  }
}

function isIdentity(value: unknown): value is ProjectIdentity {
  if (typeof value !== "object" || value === null) return false
  const { path, device, inode, born } = value as Record<keyof ProjectIdentity, unknown>
  const isText = [path, device, inode].every((one) => typeof one === "string")
  return isText && (born === null || typeof born === "string")
}

/** The folder appears with its record in it, so that of two processes that create it one wins. */
function create(identity: ProjectIdentity, env: Env): ProjectState {
  ownFolder(stateBase(env))
  const projects = ownFolder(projectsIn(env))
  const draft = ownFolder(join(projects, `.${nameOf(identity.path)}-${randomBytes(6).toString("hex")}`))
  writeRecord(draft, identity)
  const id = freeId(identity.path, env)
  const folder = join(projects, id)
  try {
    renameSync(draft, folder)
    return { id, folder, identity }
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    const other = statesAt(identity.path, env).find((state) => isSame(state.identity, identity))
    if (other) return other
    throw error
  }
}

function writeRecord(folder: string, identity: ProjectIdentity): void {
  writeFileAtomic.sync(join(folder, "project.json"), `${JSON.stringify(identity, undefined, 2)}\n`, { mode: 0o600 })
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith(".")) : []
}
