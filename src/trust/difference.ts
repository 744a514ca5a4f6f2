import type { TrustRecord } from "./record.ts"
import { stampOf, type TrustedSet } from "./set.ts"

/** What changed in the set since a person trusted it. */

export interface ChangedFile {
  readonly path: string
  readonly how: "added" | "changed" | "removed"
  /** Removed lines begin with `-`, added ones with `+`. Undefined when they are not known. */
  readonly lines?: readonly string[]
}

/** With more lines, only the number of changed ones would be readable, so none are shown. */
const MAX_LINES = 400
const SHOWN_LINES = 40

/** Compares the set with the one that was trusted. Returns the differing files in order. */
export function differenceOf({ files, texts }: TrustRecord, set: TrustedSet): ChangedFile[] {
  const paths = [...new Set([...Object.keys(files), ...Object.keys(set.files)])].sort()
  return paths.flatMap((path): ChangedFile[] => {
    const now = set.files[path]
    const before = Object.hasOwn(files, path) ? files[path] : undefined
    if (now === undefined) return [{ path, how: "removed" }]
    if (before === undefined) return [{ path, how: "added", ...linesOf("", textIn(now)) }]
    if (before === stampOf(now)) return []
    return [{ path, how: "changed", ...linesOf(Object.hasOwn(texts, path) ? texts[path] : undefined, textIn(now)) }]
  })
}

function textIn(file: TrustedSet["files"][string]): string | undefined {
  return "text" in file ? file.text : undefined
}

function linesOf(before: string | undefined, after: string | undefined): { readonly lines?: readonly string[] } {
  if (before === undefined || after === undefined) return {}
  const [old, now] = [before, after].map((text) => text.split("\n")) as [string[], string[]]
  if (Math.max(old.length, now.length) > MAX_LINES) return {}
  const lines = changedLines(old, now)
  const more = lines.length - SHOWN_LINES
  return { lines: more > 0 ? [...lines.slice(0, SHOWN_LINES), `… and ${more} more lines`] : lines }
}

/** Removed and added lines in order, by a longest common subsequence. */
function changedLines(old: readonly string[], now: readonly string[]): string[] {
  const common = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1))
  const at = (i: number, j: number) => common[i]?.[j] ?? 0
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      (common[i] as Uint16Array)[j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const lines: string[] = []
  for (let i = 0, j = 0; i < old.length || j < now.length; ) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      i++
      j++
    } else if (i < old.length && (j === now.length || at(i + 1, j) >= at(i, j + 1))) lines.push(`- ${old[i++]}`)
    else lines.push(`+ ${now[j++]}`)
  }
  return lines.filter((line) => line.trim().length > 1)
}
