import { mkdir, readFile, realpath } from "node:fs/promises"
import { dirname, join, normalize, relative, sep } from "node:path"
import writeFileAtomic from "write-file-atomic"
import type { Saved } from "../core/ports/ports.ts"
import { find, isWithin, missing, realOf } from "./files.ts"

/** Baton's record: nobody's answer is written into it, whatever a path comes to. */
const STATE = join(".opencode", "workflow-state", sep)
const CLOSED = "belongs to git or to Baton"

/** Writes a text to a file of the project; see the `Checker` port. Never rejects. */
export async function save(root: string, path: string, text: string): Promise<Saved> {
  const file = normalize(path)
  const why = refusal(path, file)
  if (why !== undefined) return { error: why }
  try {
    const found = await find(root, file)
    if (found.type === "outside") return { error: "is outside the project" }
    if (found.type === "other") return { error: "is there, and is not a file" }
    if (await isClosed(root, found.file)) return { error: CLOSED }
    await write(found.file, text)
    return { saved: shown(file) }
  } catch (error) {
    return { error: `could not be written: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** Writes a file whole or not at all, with the folders above it. The same text again changes nothing. */
export async function write(file: string, text: string): Promise<void> {
  const before = await readFile(file, "utf8").catch(missing)
  if (before === text) return
  await mkdir(dirname(file), { recursive: true })
  await writeFileAtomic(file, text)
}

/** What is wrong with a path whatever is on the disk. */
function refusal(path: string, file: string): string | undefined {
  if (path.trim() === "" || /[/\\]$/.test(path) || file === ".") return "is not a file's name"
  if (path.split(/[/\\]/).includes("..")) return "must not contain `..`"
  return isReserved(file) ? CLOSED : undefined
}

/** Whether a path of the project is git's or Baton's by its name. */
function isReserved(file: string): boolean {
  // Some file systems take any case.
  const name = `${file.toLowerCase()}${sep}`
  return name.split(sep).includes(".git") || name.startsWith(STATE)
}

/** The same of a real path: by its name, or because git's or Baton's folder is a link to where it is. */
async function isClosed(root: string, file: string): Promise<boolean> {
  const top = await realpath(root)
  if (isReserved(relative(top, file))) return true
  const folders = await Promise.all([".git", STATE].map((name) => realOf(join(top, name))))
  return folders.some((folder) => isWithin(folder, file))
}

function shown(file: string): string {
  return file.split(sep).join("/")
}
