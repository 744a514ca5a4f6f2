import { normalize } from "node:path"
import picomatch from "picomatch"
import type { Check, CheckOf } from "../core/model/workflow.ts"
import { hashOf } from "./files.ts"
import { sha256 } from "./prints.ts"
import { type Protected, packageAt, protectionOf, scriptsIn } from "./protect.ts"
import type { Named, TreeRecord } from "./tree-record.ts"

/** The content of files that checks name, before and after attempts, and which step changed one. */

/** Keys of a package.json that say nothing about what a script does. */
const ORDINARY = new Set([
  ...["name", "version", "description", "keywords", "author", "contributors", "funding", "license", "repository"],
  ...["bugs", "homepage", "private", "files", "main", "module", "types", "typings", "bin", "exports", "engines"],
  ...["dependencies", "devDependencies", "peerDependencies", "peerDependenciesMeta", "optionalDependencies"],
  ...["bundledDependencies", "bundleDependencies", "overrides", "resolutions", "publishConfig", "sideEffects"],
  "scripts",
])

type Command = CheckOf<"command">
const isPattern = (text: string) => /[*?[\]{}()!]/.test(text)
const plain = (path: string) => normalize(path).replaceAll("\\", "/")
const patternsOf = ({ protect }: Command) => (protect ?? []).filter(isPattern)

/** The identity of a file: of a package.json, the scripts that count are part of it. */
const keyOf = ({ path, scripts }: Protected) => (scripts === undefined ? path : `${path}\n${scripts.join("\n")}`)
const pathOf = (key: string) => key.split("\n", 1)[0] ?? key
/** Commands can be the same and protect different files. */
const nameOf = ({ run, protect }: Command) => JSON.stringify([run, protect])

/** Looks up the files that checks name, and their content. */
export async function namedBy(root: string, checks: readonly Check[]): Promise<Named> {
  const files: Record<string, string[]> = {}
  const changed: string[] = []
  for (const check of checks) {
    if (check.type === "file" && check.changed !== undefined) changed.push(check.path)
    if (check.type !== "command") continue
    const own = check.protect?.filter((pattern) => !isPattern(pattern)).map(plain)
    files[nameOf(check)] ??= own ?? protectionOf(root, check.run).files.map(keyOf)
  }
  return { files, prints: await namedPrints(root, [...changed, ...Object.values(files).flat()]) }
}

export async function namedPrints(root: string, keys: readonly string[]): Promise<Record<string, string | null>> {
  const unique = [...new Set(keys)]
  return Object.fromEntries(await Promise.all(unique.map(async (key) => [key, await print(root, key)] as const)))
}

/** A file that cannot be read counts as unchanged while the error stays the same. */
async function print(root: string, key: string): Promise<string | null> {
  const [path = "", ...scripts] = key.split("\n")
  const data = scripts.length > 0 ? packageAt(root, path) : undefined
  if (data === undefined) return hashOf(root, path).catch((error) => `unreadable: ${error}`)
  const all = scriptsIn(data)
  const other = Object.entries(data).filter(([name]) => !ORDINARY.has(name))
  const own = scripts.map((name) => [name, Object.hasOwn(all, name) ? all[name] : null])
  return sha256(Buffer.from(JSON.stringify([own, other.sort(([a], [b]) => (a < b ? -1 : 1))])))
}

export interface Tampered {
  readonly path: string
  readonly step: string
}

interface Sources {
  readonly root: string
  readonly records: ReadonlyMap<string, readonly TreeRecord[]>
  /** The files that differ from their state before an attempt; undefined when that is not known. */
  readonly changedSince: (record: TreeRecord) => Promise<readonly string[] | undefined>
}

/**
 * The first file that a command trusts and that a step of the run has changed, although neither its
 * `files` nor its own checks name it as the step's to change.
 */
export async function tamperedWith(sources: Sources, check: Command): Promise<Tampered | undefined> {
  for (const [step, records] of sources.records) {
    const path = (await namedChange(sources, records, check)) ?? (await patternChange(sources, records, check))
    if (path !== undefined) return { path, step }
  }
  return undefined
}

async function namedChange({ root }: Sources, records: readonly TreeRecord[], check: Command) {
  const [first] = records
  const keys = first?.named.files[nameOf(check)] ?? []
  const now = await namedPrints(root, keys)
  const changed = keys.find((key) => {
    if (now[key] === first?.named.prints[key] || mayChange(records, pathOf(key))) return false
    // What changed between two attempts was changed by somebody else.
    return records.some(({ named, namedAfter }) => (namedAfter ?? now)[key] !== named.prints[key])
  })
  return changed === undefined ? undefined : pathOf(changed)
}

async function patternChange({ changedSince }: Sources, records: readonly TreeRecord[], check: Command) {
  const [first] = records
  const patterns = patternsOf(check)
  if (first === undefined || patterns.length === 0) return undefined
  const matches = picomatch(patterns, { dot: true })
  const seen = records
    .flatMap(({ changed = [] }) => changed)
    .filter((path) => matches(path) && !mayChange(records, path))
  if (seen.length === 0 && records.every(({ changed }) => changed !== undefined)) return undefined
  const now = await changedSince(first)
  if (now === undefined) return seen[0]
  const isOpen = records.some(({ changed }) => changed === undefined)
  return now.find((path) => matches(path) && !mayChange(records, path) && (isOpen || seen.includes(path)))
}

/** Whether it is the step's own task to change a file: its `files` or a check of it names the file. */
function mayChange(records: readonly TreeRecord[], path: string): boolean {
  const names = records.flatMap(({ owned, mustChange }) => [
    ...(owned ?? []).filter((one) => !isPattern(one)),
    ...mustChange,
  ])
  return names.some((name) => plain(name) === plain(path))
}
