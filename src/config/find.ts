import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join, relative, resolve } from "node:path"
import type { Problem, Result } from "../core/model/problem.ts"

const NAMES = ["orchestrator.json", "orchestrator.jsonc"] as const

export interface ProjectLocation {
  /** Folder the user works in. */
  readonly directory: string
  /** Root of its git worktree; `/` is OpenCode's way of saying that there is none. */
  readonly worktree?: string
}

/**
 * The folder a project's files are looked up in: the nearest one from `directory` upwards that holds `.opencode` or an
 * orchestrator.json, not above the worktree; else the worktree, else `directory`. Absolute.
 */
export function projectRoot({ directory, worktree }: ProjectLocation): string {
  const start = resolve(directory)
  const top = worktree === undefined || resolve(worktree) === "/" ? start : resolve(worktree)
  const isInside = !relative(top, start).startsWith("..")
  if (!isInside) return start
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".opencode")) || NAMES.some((name) => existsSync(join(folder, name)))) return folder
    if (folder === top) return top
  }
}

/**
 * The one config file that counts: `.opencode/`, then the project root, then the global folder; the first place that
 * has one wins and nothing is merged. null when there is none; a place that has two is a problem.
 */
export function findConfig(root: string, globalDir: string): Result<string | null> {
  for (const folder of [join(root, ".opencode"), root, globalDir]) {
    const [first, second] = NAMES.map((name) => join(folder, name)).filter((file) => existsSync(file))
    if (first !== undefined && second !== undefined) return { ok: false, problems: [twoFiles(first, second)] }
    if (first !== undefined) return { ok: true, value: first }
  }
  return { ok: true, value: null }
}

function twoFiles(first: string, second: string): Problem {
  return { file: second, line: 0, column: 0, message: `${first} is there as well`, hint: "delete one of the two" }
}

/** The user's OpenCode config folder: `$XDG_CONFIG_HOME/opencode`, else `~/.config/opencode`. */
export function globalConfigDir(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), ".config"), "opencode")
}
