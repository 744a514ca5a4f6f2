import { isAbsolute, join, relative, sep } from "node:path"
import type { Part } from "@opencode-ai/sdk/v2"
import type { Host } from "../../host/host.ts"
import type { Answer } from "./verdict.ts"

/**
 * Finds the files that a worker wrote with `write`, `edit` and `apply_patch`, as OpenCode 1.18.33
 * reports them (contract C29). Files written by a shell command are not known here.
 */

/**
 * Returns the paths that a tool call wrote, as its result names them. Empty when it wrote nothing
 * or failed.
 */
export function writtenBy(part: Part): string[] {
  if (part.type !== "tool" || part.state.status !== "completed") return []
  const { metadata } = part.state
  switch (part.tool) {
    case "write":
      return texts(metadata.filepath)
    case "edit":
      return texts(field(metadata.filediff, "file"))
    case "apply_patch": {
      const files: readonly unknown[] = Array.isArray(metadata.files) ? metadata.files : []
      return files.flatMap((file) => texts(field(file, "filePath"), field(file, "movePath")))
    }
    default:
      return []
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function texts(...values: readonly unknown[]): string[] {
  return values.filter((value): value is string => typeof value === "string" && value !== "")
}

/**
 * Returns the files that were written in a turn, relative to the project with `/`. A file outside
 * the project stays absolute.
 */
export function writtenIn(turn: readonly Answer[], origin: Pick<Host, "directory" | "root">): string[] {
  const { directory, root = directory } = origin
  const paths = turn.flatMap(({ info, parts }) =>
    parts.flatMap(writtenBy).map((path) => {
      // Another server has another folder, but the files in it have the same relative paths
      // (contract C36).
      const here = relative(info.path.cwd, isAbsolute(path) ? path : join(info.path.cwd, path))
      const inProject = relative(root, join(directory, here))
      return inProject.startsWith("..") ? path : inProject.split(sep).join("/")
    }),
  )
  return [...new Set(paths)].sort()
}
