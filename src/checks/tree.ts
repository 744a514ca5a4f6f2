import { cp, mkdir, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Log } from "../core/ports/ports.ts"
import type { StepChanges, StepTree, StepWindow, StrayFile } from "../core/ports/tree.ts"
import { owns } from "../core/rights/file-patterns.ts"
import { readTextAsync } from "../files/read.ts"
import { removeInside, writeInside } from "../files/write.ts"
import type { Git, Repository } from "../git/repository.ts"
import { isWithin, missing } from "./files.ts"
import { namedBy, namedPrints } from "./named.ts"
import { contentOf, GONE, HASHED_BYTES, hashIn, limitFor, Prints, sha256 } from "./prints.ts"
import { nameOf } from "./project-files.ts"
import type { TreeRecord } from "./tree-record.ts"
import { type Listing, listByIndex, listByWalk } from "./tree-state.ts"

/**
 * What steps change: the state of the project's files before and after each attempt. It is kept in
 * the project's state, where no worker that keeps to its project can change it.
 */

/** At most so many bytes of earlier content are kept for a run. */
const KEPT_BYTES = 64_000_000
const MAX_RECORD_BYTES = 64 * 1024 * 1024

/** Prints of the files that differ from the index before the attempt, or of all files without git. */
type Before = Readonly<Record<string, string>>
type Attempt = Pick<StepWindow, "run" | "step" | "attempt">

interface TreeDeps {
  readonly root: string
  /** Where records and contents are kept. */
  readonly folder: string
  readonly git: Git
  readonly log: Log
}

interface ActiveWindow {
  readonly key: string
  readonly step: string
  readonly owned: readonly string[] | null
  readonly begun: number
  ended: number
}

export class Tree implements StepTree {
  readonly #deps: TreeDeps
  readonly #prints: Prints
  readonly #anywhere = new Prints("/")
  /** Attempts of this process, also those that ended while another one worked. */
  #windows: ActiveWindow[] = []
  /** A count of begins and ends, which orders them. */
  #moment = 0
  readonly #kept = new Map<string, number>()
  /** Files that Baton itself wrote, by path, with the hash of their content. */
  readonly #written = new Map<string, string>()

  constructor(deps: TreeDeps) {
    this.#deps = deps
    this.#prints = new Prints(deps.root)
  }

  /** Notes that Baton itself wrote a file, which no step did. */
  wrote(path: string, hash: string): void {
    this.#written.set(path, hash)
  }

  async begin(window: StepWindow): Promise<string | undefined> {
    try {
      const known = await this.#read(window)
      if (known === undefined && window.isResumed) return "it had begun before, and the state before it is not recorded"
      this.#open(window)
      if (known === undefined) await this.#record(window)
      return undefined
    } catch (error) {
      this.#deps.log.error("the state of the project before a step could not be recorded", { error: String(error) })
      return error instanceof Error ? error.message : String(error)
    }
  }

  async end(window: Attempt): Promise<StepChanges | { readonly why: string }> {
    const active = this.#windows.find(({ key, ended }) => key === keyOf(window) && ended === 0)
    try {
      const record = await this.#read(window)
      if (record === undefined) return { why: "the state of the project before it is not recorded" }
      const found = await this.#changes(window, record)
      const changes = await this.#attributed(window, { record, ...found }, active)
      const namedAfter = await namedPrints(this.#deps.root, Object.keys(record.named.prints))
      this.#write(window, { ...record, changed: found.changed, namedAfter })
      return { ...changes, notes: found.notes }
    } catch (error) {
      this.#deps.log.error("what a step changed could not be found out", { error: String(error) })
      return { why: error instanceof Error ? error.message : String(error) }
    } finally {
      this.#close(active)
    }
  }

  #close(active: ActiveWindow | undefined): void {
    if (active) active.ended = ++this.#moment
    if (this.#windows.every(({ ended }) => ended > 0)) this.#windows = []
  }

  leave(window: Attempt): void {
    this.#close(this.#windows.find(({ key, ended }) => key === keyOf(window) && ended === 0))
  }

  async settle(run: string): Promise<void> {
    const folder = join(this.#deps.folder, nameOf(run))
    try {
      const names = (await readdir(folder).catch(missing)) ?? []
      const own = names.filter((name) => name === "blobs" || /\.(index|exclude|prints)$/.test(name))
      await Promise.all(own.map((name) => rm(join(folder, name), { recursive: true, force: true })))
      this.#kept.delete(run)
    } catch (error) {
      this.#deps.log.error("the states of the project during a run could not be deleted", { run, error: String(error) })
    }
  }

  /** The files that differ from their state before an attempt; undefined when that is not kept any more. */
  async changedSince(run: string, record: TreeRecord): Promise<readonly string[] | undefined> {
    const { prints } = this.#paths({ run, step: record.step, attempt: record.attempt })
    if ((await stat(join(this.#deps.folder, prints)).catch(missing)) === undefined) return undefined
    return (await this.#changes({ run, step: record.step, attempt: record.attempt }, record)).changed
  }

  forget(run: string): void {
    removeInside(this.#deps.folder, nameOf(run))
    this.#kept.delete(run)
  }

  /** The records of a run's attempts, by step, in the order of the attempts. */
  async records(run: string): Promise<ReadonlyMap<string, readonly TreeRecord[]>> {
    const folder = join(this.#deps.folder, nameOf(run))
    const names = (await readdir(folder).catch(missing)) ?? []
    const records: TreeRecord[] = []
    for (const name of names.filter((one) => one.endsWith(".json"))) {
      const record = await this.#parse(join(folder, name))
      if (record) records.push(record)
    }
    const steps = new Map<string, TreeRecord[]>()
    for (const record of records.sort((a, b) => a.attempt - b.attempt))
      steps.set(record.step, [...(steps.get(record.step) ?? []), record])
    return steps
  }

  #open(window: StepWindow): void {
    if (this.#windows.some(({ key, ended }) => key === keyOf(window) && ended === 0)) return
    const { step, owned } = window
    this.#windows.push({ key: keyOf(window), step, owned: owned ?? null, begun: ++this.#moment, ended: 0 })
  }

  async #record(window: StepWindow): Promise<void> {
    const { root, git, folder } = this.#deps
    await mkdir(join(folder, nameOf(window.run)), { recursive: true, mode: 0o700 })
    const repository = await git.open()
    const at = this.#paths(window)
    const listing = repository ? await this.#indexed(repository, at) : await listByWalk(root)
    const limit = limitFor(listing.paths.length)
    const prints = await this.#prints.of(listing.paths, limit)
    if (window.owned) await this.#keep(window.run, prints)
    writeInside(folder, at.prints, JSON.stringify(prints))
    this.#write(window, {
      step: window.step,
      attempt: window.attempt,
      owned: window.owned ?? null,
      top: repository?.top ?? null,
      limit,
      outside: await this.#outside(window.owned, listing, prints),
      named: await namedBy(root, window.checks),
      mustChange: window.own.flatMap((check) => (check.type === "file" && check.changed ? [check.path] : [])),
    })
  }

  /** Lists against the index as it is now; index and list of ignored files are kept for the end. */
  async #indexed(repository: Repository, at: TreePaths): Promise<Listing> {
    await repository.copyIndex(at.index)
    const [own, ...others] = repository.excludes
    if (own !== undefined) await cp(own, at.exclude)
    return listByIndex(repository, { index: at.index, excludes: [at.exclude, ...others] })
  }

  async #changes(window: Attempt, record: TreeRecord) {
    const { root, git } = this.#deps
    const at = this.#paths(window)
    const repository = record.top === null ? undefined : await git.opened(record.top)
    const excludes = [at.exclude, ...(repository?.excludes.slice(1) ?? [])]
    const listing = repository ? await listByIndex(repository, { index: at.index, excludes }) : await listByWalk(root)
    const before = JSON.parse(await readTextAsync(join(this.#deps.folder, at.prints), MAX_RECORD_BYTES)) as Before
    const after = await this.#prints.of([...listing.paths, ...Object.keys(before)], record.limit)
    const changed = Object.entries(after)
      .filter(([path, print]) => before[path] !== print && !this.#isOwn(path, print))
      .map(([path]) => path)
      .sort()
    const through: string[] = []
    for (const [path, { target, hash }] of Object.entries(record.outside))
      if (hash !== shortOf(await this.#anywhere.one(target))) through.push(path)
    const notes = listing.partial === undefined ? [] : [listing.partial]
    return { before, changed, through, repository, notes }
  }

  #isOwn(path: string, print: string): boolean {
    const written = this.#written.get(path)
    return written !== undefined && hashIn(print) === written
  }

  async #attributed(window: Attempt, found: Found, active: ActiveWindow | undefined) {
    const { record, changed, through } = found
    const others = this.#windows.filter((one) => one !== active && isConcurrent(one, active))
    const isMine = (path: string) => record.owned === null || owns(record.owned, path)
    const isTheirs = (path: string) => others.some(({ owned }) => owned === null || owns(owned, path))
    // Of two steps that may both write everywhere, it is not known which one did.
    const files = record.owned === null && others.length > 0 ? [] : changed.filter(isMine)
    const strays: StrayFile[] = []
    for (const path of changed.filter((one) => !isMine(one) && !isTheirs(one)))
      strays.push({ path, others: others.map(({ step }) => step), before: await this.#rescue(window, found, path) })
    for (const path of through)
      strays.push({ path: `${path} (through the link)`, others: [], before: "it is outside the project" })
    const kept = strays.some(({ before }) => before === "kept") ? { kept: this.#paths(window).kept } : {}
    return { files, strays, ...kept }
  }

  /** Stores the earlier content of a file that a step changed and does not own. */
  async #rescue(window: Attempt, found: Found, path: string): Promise<string> {
    const { repository } = found
    const before = found.before[path]
    const at = this.#paths(window)
    if (before === undefined) {
      const content = await repository?.content(at.index, path)
      if (content === undefined) return "new"
      writeInside(this.#deps.folder, join(at.keptInside, path), content)
      return "kept"
    }
    if (before === GONE) return "new"
    if (before.startsWith("link ")) {
      writeInside(this.#deps.folder, join(at.keptInside, path), before.slice(5))
      return "kept"
    }
    const hash = hashIn(before)
    if (hash === undefined)
      return before.startsWith("folder ")
        ? "it is a repository of its own"
        : `it is larger than ${formatSize(found.record.limit)}`
    const blob = join(this.#deps.folder, nameOf(window.run), "blobs", hash)
    if ((await stat(blob).catch(missing)) === undefined) return "more than 64 MB had changed before"
    writeInside(this.#deps.folder, join(at.keptInside, path), await readFile(blob))
    return "kept"
  }

  /** Stores the content of changed and untracked files before a worker can write. */
  async #keep(run: string, prints: Before): Promise<void> {
    const folder = join(this.#deps.folder, nameOf(run), "blobs")
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const [path, print] of Object.entries(prints)) {
      const hash = hashIn(print)
      if (hash === undefined || (await stat(join(folder, hash)).catch(missing))) continue
      const content = await contentOf(join(this.#deps.root, path)).catch(missing)
      const kept = (this.#kept.get(run) ?? 0) + (content?.length ?? 0)
      if (content === undefined || content.length > HASHED_BYTES || kept > KEPT_BYTES) continue
      await writeFile(join(folder, hash), content, { mode: 0o600 })
      this.#kept.set(run, kept)
    }
  }

  /** Prints of what the links in owned folders lead to, where that is outside the project. */
  async #outside(owned: readonly string[] | undefined, listing: Listing, prints: Before) {
    if (owned === undefined) return {}
    const untracked = Object.keys(prints).filter((path) => prints[path]?.startsWith("link "))
    const found: Record<string, { target: string; hash: string }> = {}
    const top = await realpath(this.#deps.root)
    for (const path of new Set([...listing.links, ...untracked])) {
      const target = owns(owned, path) ? await realpath(join(top, path)).catch(missing) : undefined
      if (target === undefined || isWithin(top, target)) continue
      found[path] = { target, hash: shortOf(await this.#anywhere.one(target)) }
    }
    return found
  }

  #paths(window: Attempt): TreePaths {
    const run = nameOf(window.run)
    const name = `${nameOf(window.step)}-${window.attempt}`
    const base = join(this.#deps.folder, run, name)
    const keptInside = join(run, "kept", name)
    return {
      record: join(run, `${name}.json`),
      prints: join(run, `${name}.prints`),
      index: `${base}.index`,
      exclude: `${base}.exclude`,
      kept: join(this.#deps.folder, keptInside),
      keptInside,
    }
  }

  #write(window: Attempt, record: TreeRecord): void {
    writeInside(this.#deps.folder, this.#paths(window).record, JSON.stringify(record))
  }

  #read(window: Attempt): Promise<TreeRecord | undefined> {
    return this.#parse(join(this.#deps.folder, this.#paths(window).record))
  }

  async #parse(file: string): Promise<TreeRecord | undefined> {
    const text = await readTextAsync(file, MAX_RECORD_BYTES).catch(missing)
    return text === undefined ? undefined : (JSON.parse(text) as TreeRecord)
  }
}

/** `record`, `prints` and `keptInside` are relative to the folder of all records. */
interface TreePaths {
  readonly record: string
  readonly prints: string
  readonly index: string
  readonly exclude: string
  readonly kept: string
  readonly keptInside: string
}

interface Found {
  readonly record: TreeRecord
  readonly before: Before
  readonly changed: readonly string[]
  readonly through: readonly string[]
  readonly repository: Repository | undefined
}

const shortOf = (print: string) => sha256(Buffer.from(print))
const formatSize = (bytes: number) => (bytes >= 1_000_000 ? `${bytes / 1_000_000} MB` : `${bytes / 1_000} KB`)
const keyOf = ({ run, step, attempt }: Attempt) => `${run}/${step}/${attempt}`

function isConcurrent(other: ActiveWindow, own: ActiveWindow | undefined): boolean {
  return other.ended === 0 || own === undefined || other.ended > own.begun
}
