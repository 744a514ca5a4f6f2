import { mkdir, readFile, realpath } from "node:fs/promises"
import { dirname, join, normalize, relative, sep } from "node:path"
import writeFileAtomic from "write-file-atomic"
import type { Saved } from "../core/ports/ports.ts"
import { isTrustedSetPath } from "../core/rights/trusted-set.ts"
import { find, isWithin, missing, realOf } from "./files.ts"

/** Folder of Baton's journal. No answer is written into it, whatever the path evaluates to. */
const STATE = join(".opencode", "workflow-state", sep)
const CLOSED = "belongs to git or to Baton"
/** An answer in one of these files would run in the next run, or in the next OpenCode. */
const DECIDES = "decides what runs in this folder, so only a person writes it"

/** Writes a text to a file of the project; see the `Checker` port. Never rejects. */
export async function save(root: string, path: string, text: string): Promise<Saved> {
  const file = normalize(path)
  const why = refusal(path, file)
  if (why !== undefined) return { error: why }
  try {
    const found = await find(root, file)
    if (found.type === "outside") return { error: "is outside the project" }
    if (found.type === "other") return { error: "exists and is not a file" }
    if (await isClosed(root, found.file)) return { error: CLOSED }
    if (isTrustedSetPath(shown(relative(await realpath(root), found.file)))) return { error: DECIDES }
    await write(found.file, text)
    return { saved: shown(file) }
  } catch (error) {
    return { error: `could not be written: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/**
 * Writes a file atomically and creates its parent folders. Does nothing when the content is the
 * same.
 */
async function write(file: string, text: string): Promise<void> {
  const before = await readFile(file, "utf8").catch(missing)
  if (before === text) return
  await mkdir(dirname(file), { recursive: true })
  await writeFileAtomic(file, text)
}

/** The reason to refuse a path regardless of the file system. */
function refusal(path: string, file: string): string | undefined {
  if (path.trim() === "" || /[/\\]$/.test(path) || file === ".") return "is not a file's name"
  if (path.split(/[/\\]/).includes("..")) return "must not contain `..`"
  if (isReserved(file)) return CLOSED
  return isTrustedSetPath(shown(file)) ? DECIDES : undefined
}

/** Whether the name of a path belongs to git or Baton. */
function isReserved(file: string): boolean {
  // Some file systems ignore case.
  const name = `${file.toLowerCase()}${sep}`
  return name.split(sep).includes(".git") || name.startsWith(STATE)
}

/**
 * Whether a real path belongs to git or Baton, either by its name or because their folder is a link
 * to its location.
 */
async function isClosed(root: string, file: string): Promise<boolean> {
  const top = await realpath(root)
  if (isReserved(relative(top, file))) return true
  const folders = await Promise.all([".git", STATE].map((name) => realOf(join(top, name))))
  return folders.some((folder) => isWithin(folder, file))
}

function shown(file: string): string {
  return file.split(sep).join("/")
}
