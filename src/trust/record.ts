import { rmSync } from "node:fs"
import { join } from "node:path"
import writeFileAtomic from "write-file-atomic"
import { readText } from "../files/read.ts"
import { findState, openState } from "../state/project-state.ts"
import { stampOf, type TrustedSet, type TrustPlace } from "./set.ts"

/** The record of a person's decision about a folder, in the state of the project. */

/** How a person decided. */
export type TrustedBy = "dialog" | "terminal" | "--trust" | "init" | "edit"

export interface TrustRecord {
  /** When (milliseconds since 1970), and how. */
  readonly at: number
  readonly by: TrustedBy
  /** The commit of the folder then. */
  readonly head: string | null
  /** What the set's files were compared by, by path. */
  readonly files: Readonly<Record<string, string>>
  /** Texts of small files, to show differences. */
  readonly texts: Readonly<Record<string, string>>
}

interface Stored {
  readonly trusted?: TrustRecord
  /** The set for which a person answered no. */
  readonly declined?: { readonly digest: string; readonly at: number }
}

const FILE = "trust.json"
const MAX_BYTES = 8 * 1024 * 1024
const MAX_TEXTS = 256 * 1024

/** Reads what is recorded of a folder. A record that is not whole counts as none. */
export function readStored({ root, env }: TrustPlace): Stored {
  const state = findState(root, env)
  if (state === undefined) return {}
  try {
    const stored: unknown = JSON.parse(readText(join(state.folder, FILE), MAX_BYTES))
    return isStored(stored) ? stored : {}
  } catch {
    // There is no record yet.
    return {}
  }
}

/** Records that a person trusts the set. */
export function writeTrusted(place: TrustPlace, set: TrustedSet, by: TrustedBy, at: number, head: string | null): void {
  const files = Object.fromEntries(Object.entries(set.files).map(([path, file]) => [path, stampOf(file)]))
  let left = MAX_TEXTS
  const texts = Object.entries(set.files).flatMap(([path, file]) => {
    if (!("text" in file) || file.text === undefined || file.text.length > left) return []
    left -= file.text.length
    return [[path, file.text] as const]
  })
  write(place, { trusted: { at, by, head, files, texts: Object.fromEntries(texts) } })
}

/** Records that a person does not trust the set, so that they are not asked about it again. */
export function writeDeclined(place: TrustPlace, digest: string, at: number): void {
  write(place, { ...readStored(place), declined: { digest, at } })
}

/** Forgets what a person decided about the folder. Returns whether it was trusted. */
export function revoke(place: TrustPlace): boolean {
  const state = findState(place.root, place.env)
  const { trusted } = readStored(place)
  if (state) rmSync(join(state.folder, FILE), { force: true })
  return trusted !== undefined
}

function write(place: TrustPlace, stored: Stored): void {
  const { folder } = openState(place.root, place.env)
  writeFileAtomic.sync(join(folder, FILE), `${JSON.stringify(stored)}\n`, { mode: 0o600 })
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== "object" || value === null) return false
  const { trusted, declined } = value as { trusted?: Partial<TrustRecord>; declined?: { digest?: unknown } }
  const isTexts = (texts: unknown) =>
    typeof texts === "object" && texts !== null && Object.values(texts).every((text) => typeof text === "string")
  if (declined !== undefined && typeof declined?.digest !== "string") return false
  if (trusted === undefined) return true
  const isHead = trusted.head === null || typeof trusted.head === "string"
  return typeof trusted.at === "number" && isHead && isTexts(trusted.files) && isTexts(trusted.texts)
}
