import { isAbsolute, join, relative, sep } from "node:path"
import type { Part } from "@opencode-ai/sdk/v2"
import type { Host } from "../../host/host.ts"
import type { Answer } from "./verdict.ts"

/** Which files a worker wrote with its tools: `write`, `edit` and `apply_patch`, as OpenCode 1.18.33 tells of them. What a
 *  shell command wrote is not known here. */

/** Paths, as a tool call's result names them, of what it wrote; empty when it wrote nothing, or failed. */
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

/** The files that were written in a turn, relative to the project, with `/`; one outside of it is absolute. */
export function writtenIn(turn: readonly Answer[], origin: Pick<Host, "directory" | "root">): string[] {
  const { directory, root = directory } = origin
  const paths = turn.flatMap(({ info, parts }) =>
    parts.flatMap(writtenBy).map((path) => {
      // Of a server elsewhere the folder is another; what is in it has the same place there.
      const here = relative(info.path.cwd, isAbsolute(path) ? path : join(info.path.cwd, path))
      const inProject = relative(root, join(directory, here))
      return inProject.startsWith("..") ? path : inProject.split(sep).join("/")
    }),
  )
  return [...new Set(paths)].sort()
}
