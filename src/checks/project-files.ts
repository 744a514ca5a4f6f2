import { readdir, readFile, stat } from "node:fs/promises"
import { join, relative, sep } from "node:path"
import picomatch from "picomatch"
import type { ProjectFile, ProjectFiles } from "../core/ports/composer.ts"
import { removeInside, writeInside } from "../files/write.ts"
import { find as look } from "./files.ts"

/** Of a larger file, only the name is shown. */
const SHOWN_BYTES = 20_000
/** Maximum number of visited files. A pattern that visits more is too broad to be useful. */
const MAX_LOOKED_AT = 50_000
/** Folders that are skipped unless a pattern names them. */
const SKIPPED = [".git", "node_modules"]
const STATE = ".opencode/workflow-state"

/** The files of the project in the folder `root`; see the `ProjectFiles` port. */
export function createProjectFiles(root: string): ProjectFiles {
  const pathOf = (run: string, step: string) => `${STATE}/outputs/${nameOf(run)}/${nameOf(step)}.md`
  return {
    find: (patterns) => find(root, patterns),
    pathOf,
    async keep(run, step, answer) {
      const path = pathOf(run, step)
      writeInside(root, `${STATE}/.gitignore`, "*\n")
      writeInside(root, path, answer)
      return path
    },
    forget: (run) => removeInside(root, `${STATE}/outputs/${nameOf(run)}`),
  }
}

/**
 * Encodes an id as a file name, because ids of parts contain characters that file names may not
 * have.
 */
export function nameOf(id: string): string {
  return id.replaceAll(/[^\w.-]/g, (char) => `%${char.codePointAt(0)?.toString(16)}`).replace(/^\.+$/, "%2e")
}

async function find(root: string, patterns: readonly string[]): Promise<readonly ProjectFile[]> {
  if (patterns.length === 0) return []
  const matches = picomatch([...patterns], { dot: true })
  const folders = [...new Set(patterns.map((pattern) => picomatch.scan(pattern).base))]
  const found = new Set<string>()
  const state = { left: MAX_LOOKED_AT }
  for (const folder of folders) await walk(root, folder === "." ? "" : folder, { matches, patterns, found, state })
  const files = await Promise.all([...found].sort().map((path) => fileAt(root, path)))
  return files.filter((file) => file !== undefined)
}

interface Walk {
  readonly matches: (path: string) => boolean
  readonly patterns: readonly string[]
  readonly found: Set<string>
  readonly state: { left: number }
}

/** Collects matching files below a folder, or the path itself when it is a file. */
async function walk(root: string, path: string, into: Walk): Promise<void> {
  const { matches, patterns, found, state } = into
  const at = await look(root, path === "" ? "." : path)
  if (at.type === "file" && matches(path)) found.add(path)
  if (at.type !== "other") return
  for (const entry of await readdir(join(root, path), { withFileTypes: true })) {
    if (state.left-- <= 0)
      throw new Error(`${patterns.join(", ")} covers more than ${MAX_LOOKED_AT} files: use a narrower pattern`)
    const next = path === "" ? entry.name : `${path}/${entry.name}`
    if (entry.isDirectory() && !isSkipped(entry.name, next, patterns)) await walk(root, next, into)
    else if (!entry.isDirectory() && matches(next)) found.add(next)
  }
}

function isSkipped(name: string, path: string, patterns: readonly string[]): boolean {
  if (path === STATE) return true
  return SKIPPED.includes(name) && !patterns.some((pattern) => pattern.split("/").includes(name))
}

/** The file as it is shown to workers; undefined when it is not a file inside the project. */
async function fileAt(root: string, path: string): Promise<ProjectFile | undefined> {
  const found = await look(root, path)
  if (found.type !== "file") return undefined
  const { size } = await stat(found.file)
  const name = relative(".", path).split(sep).join("/")
  if (size > SHOWN_BYTES) return { path: name, bytes: size }
  const content = await readFile(found.file)
  const text = content.toString("utf8")
  // Content that is not valid UTF-8 or contains a NUL is not text.
  const isText = !content.includes(0) && Buffer.from(text, "utf8").equals(content)
  return { path: name, bytes: size, ...(isText ? { text } : {}) }
}
