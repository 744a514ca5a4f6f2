import { mkdir, readFile } from "node:fs/promises"
import { dirname, join, normalize, sep } from "node:path"
import writeFileAtomic from "write-file-atomic"
import type { Saved } from "../core/ports.ts"
import { find, missing } from "./files.ts"

/** Baton's record: nobody's answer is written into it, whatever a path comes to. */
const STATE = join(".opencode", "workflow-state", sep)

/** Writes a text to a file of the project; see the `Checker` port. Never rejects. */
export async function save(root: string, path: string, text: string): Promise<Saved> {
  const file = normalize(path)
  const why = refusal(path, file)
  if (why !== undefined) return { error: why }
  try {
    const found = await find(root, file)
    if (found.type === "outside") return { error: "is outside the project" }
    if (found.type === "other") return { error: "is there, and is not a file" }
    const target = found.type === "file" ? found.file : join(root, file)
    await write(target, text)
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
  // Some file systems take any case.
  const name = `${file.toLowerCase()}${sep}`
  const isClosed = name.split(sep).includes(".git") || name.startsWith(STATE)
  return isClosed ? "belongs to git or to Baton" : undefined
}

function shown(file: string): string {
  return file.split(sep).join("/")
}
