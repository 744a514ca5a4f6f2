import { homedir } from "node:os"
import { resolve } from "node:path"
import { type ChangedFile, differenceOf } from "./difference.ts"
import { headOf, wasOnlyCommitted } from "./head.ts"
import { readStored, type TrustedBy, type TrustRecord, writeDeclined, writeTrusted } from "./record.ts"
import { readSet, type TrustedSet, type TrustPlace } from "./set.ts"

/**
 * Whether a folder's own documents and programs may be used.
 *
 * - `trusted`: the set is the one that a person trusted; or there is nothing to trust.
 * - `untrusted`: nobody was asked yet.
 * - `changed`: the set differs from the trusted one, and the change came from elsewhere.
 * - `edited`: the set differs, and nothing but the person's own work explains it.
 */
export type Verdict = "trusted" | "untrusted" | "changed" | "edited"

export interface Trust {
  readonly place: TrustPlace
  readonly verdict: Verdict
  readonly set: TrustedSet
  readonly record?: TrustRecord
  /** What differs from the trusted set. */
  readonly changes: readonly ChangedFile[]
  /** For `changed`: where the change came from, as a sentence without a full stop. */
  readonly why?: string
  /** Whether a person has answered no for this very set. */
  readonly isDeclined: boolean
}

/**
 * Says which run may have changed one of these paths of the project since a time (milliseconds since
 * 1970), as a sentence; undefined for none.
 */
export type TouchedByRun = (since: number, paths: readonly TouchedPath[]) => string | undefined

export interface TouchedPath {
  readonly path: string
  /** When the file was changed last; undefined for a removed one. */
  readonly changedAt: number | undefined
}

/** Examines a folder. Reads only, and starts nothing. */
export async function examine(
  place: TrustPlace,
  touched: () => Promise<TouchedByRun>,
  more: readonly string[] = [],
): Promise<Trust> {
  const { trusted: record, declined } = readStored(place)
  const set = await readSet(place, [...new Set([...Object.keys(record?.files ?? {}), ...more])])
  const isDeclined = declined?.digest === set.digest
  const base = { place, set, isDeclined, changes: [], ...(record === undefined ? {} : { record }) }
  if (Object.keys(set.files).length === 0 || isHome(place)) return { ...base, verdict: "trusted" }
  if (record === undefined) return { ...base, verdict: "untrusted" }
  const changes = differenceOf(record, set)
  if (changes.length === 0) return { ...base, verdict: "trusted" }
  const paths = changes.map(({ path }) => ({ path, changedAt: set.changedAt[path] }))
  const why = movedHead(place, record) ?? (await touched())(record.at, paths)
  return why === undefined ? { ...base, changes, verdict: "edited" } : { ...base, changes, verdict: "changed", why }
}

/** Records that the person trusts what was examined. */
export function trust({ place, set }: Trust, by: TrustedBy, now: number): void {
  writeTrusted(place, set, by, now, headOf(place.root))
}

/** Records that the person answered no. */
export function decline({ place, set }: Trust, now: number): void {
  writeDeclined(place, set.digest, now)
}

/** The user's home is the user's own: OpenCode loads what is in it in every folder. */
function isHome({ root, env }: TrustPlace): boolean {
  return resolve(root) === resolve(env.HOME || homedir())
}

function movedHead({ root }: TrustPlace, { head }: TrustRecord): string | undefined {
  const now = headOf(root)
  if (now === head || wasOnlyCommitted(root, head)) return undefined
  return now === null ? "the commit of this folder is not known any more" : `git moved to commit ${now.slice(0, 10)}`
}
