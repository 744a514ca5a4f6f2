import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join, relative, resolve } from "node:path"
import type { Problem, Result } from "../core/model/problem.ts"

const NAMES = ["orchestrator.json", "orchestrator.jsonc"] as const

export interface ProjectLocation {
  /** Folder in which the user works. */
  readonly directory: string
  /** Root of its git worktree; OpenCode passes `/` when there is none. */
  readonly worktree?: string
}

/**
 * The absolute path of the folder in which a project's files are looked up: the nearest folder from
 * `directory` upwards, but not above the worktree, that contains `.opencode` or an
 * orchestrator.json; else the worktree; else `directory`.
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
 * Finds the config file that applies: in `.opencode/`, then the project root, then the global
 * folder. The first folder that has one wins, and nothing is merged. The value is null when there
 * is none; two files in one folder are a problem. Without a root, only the global folder counts.
 */
export function findConfig(root: string | undefined, globalDir: string): Result<string | null> {
  const own = root === undefined ? [] : [join(root, ".opencode"), root]
  for (const folder of [...own, globalDir]) {
    const [first, second] = NAMES.map((name) => join(folder, name)).filter((file) => existsSync(file))
    if (first !== undefined && second !== undefined) return { ok: false, problems: [twoFiles(first, second)] }
    if (first !== undefined) return { ok: true, value: first }
  }
  return { ok: true, value: null }
}

function twoFiles(first: string, second: string): Problem {
  return { file: second, line: 0, column: 0, message: `${first} exists as well`, hint: "delete one of the two" }
}

/** The user's OpenCode config folder: `$XDG_CONFIG_HOME/opencode`, else `~/.config/opencode`. */
export function globalConfigDir(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), ".config"), "opencode")
}
