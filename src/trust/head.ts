import { existsSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { readText } from "../files/read.ts"

/** Reads which commit a folder is at from git's files, without running git. */

const MAX_BYTES = 4 * 1024 * 1024
const MAX_LINE = 4_096

/** The commit of HEAD; null in no repository, before the first commit, and when it cannot be read. */
export function headOf(folder: string): string | null {
  const git = gitFolderOf(folder)
  if (git === undefined) return null
  const head = lineOf(join(git, "HEAD"))
  const ref = /^ref: (refs\/[^\s]+)$/.exec(head ?? "")?.[1]
  if (ref === undefined) return idIn(head)
  if (ref.split("/").includes("..")) return null
  const common = resolve(git, lineOf(join(git, "commondir")) ?? ".")
  return idIn(lineOf(join(git, ref))) ?? idIn(lineOf(join(common, ref))) ?? packed(join(common, "packed-refs"), ref)
}

/**
 * Whether every move of HEAD since it was at `before` was a commit that was made here. A pull, merge,
 * checkout or reset brings content of somebody else.
 */
export function wasOnlyCommitted(folder: string, before: string | null): boolean {
  const git = gitFolderOf(folder)
  const lines =
    git === undefined
      ? []
      : textOf(join(git, "logs", "HEAD"))
          .split("\n")
          .filter(Boolean)
  const from = lines.findLastIndex((line) => line.split(" ")[1] === before)
  if (from < 0 && before !== null) return false
  return lines.length > 0 && lines.slice(from + 1).every((line) => /\tcommit(?: \((?:amend|initial)\))?:/.test(line))
}

/** The git folder of the worktree around a folder. */
function gitFolderOf(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const git = join(at, ".git")
    if (existsSync(git)) {
      if (statSync(git).isDirectory()) return git
      const target = /^gitdir: (.+)$/.exec(lineOf(git) ?? "")?.[1]
      return target === undefined ? undefined : resolve(at, target)
    }
    if (at === dirname(at)) return undefined
  }
}

function packed(file: string, ref: string): string | null {
  const line = textOf(file)
    .split("\n")
    .find((one) => one.endsWith(` ${ref}`))
  return idIn(line?.split(" ")[0])
}

function idIn(text: string | undefined): string | null {
  return text !== undefined && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text) ? text : null
}

function lineOf(file: string): string | undefined {
  try {
    return readText(file, MAX_LINE).trim()
  } catch {
    // There is no such file, or it is none of git's.
    return undefined
  }
}

function textOf(file: string): string {
  try {
    return readText(file, MAX_BYTES)
  } catch {
    // There is no such file, or it is too large: the commit then counts as unknown.
    return ""
  }
}
