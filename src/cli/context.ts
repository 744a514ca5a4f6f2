import { existsSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { globalConfigDir } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import type { Log } from "../core/ports/ports.ts"
import type { Host } from "../host/host.ts"
import { Project } from "../project/project.ts"
import type { Runtime } from "../project/runtime.ts"
import { UserError } from "./exit.ts"
import { hideVariable, stderr } from "./terminal.ts"

/**
 * Loads the parts of compose.ts that the commands need. Loaded at the first use, because it
 * requires Bun's SQLite and `plan` does not.
 */
export type LoadCompose = () => Promise<{
  openRuntime(
    options: LoadOptions & {
      readonly host: Host
      readonly log: Log
      readonly isReader?: boolean
      readonly usesFolder?: () => boolean
    },
  ): Runtime
  hasJournal(options: LoadOptions): boolean
  /** Whether a process drives a run whose journal is in this folder. */
  isInUse(folder: string): boolean
}>

/** Options of every command. */
export interface GlobalOptions {
  readonly directory?: string
  readonly opencode?: string
}

/**
 * The project that a command works on, from the working directory or `--directory`. Throws
 * UserError when that is not a folder.
 */
export function placeOf(options: GlobalOptions): LoadOptions {
  const directory = pathOf(options, ".")
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`no such folder: ${directory}`)
  const worktree = worktreeOf(directory)
  return {
    directory,
    ...(worktree === undefined ? {} : { worktree }),
    globalDir: globalConfigDir(process.env),
    env: process.env,
    onVariable: hideVariable,
  }
}

/** Makes a typed path absolute, relative to the folder that the command works in. */
export function pathOf(options: GlobalOptions, path: string): string {
  return resolve(options.directory ?? ".", path)
}

/** Root of the git worktree around `directory`, determined as OpenCode does. */
function worktreeOf(directory: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return folder
    if (folder === dirname(folder)) return undefined
  }
}

export function projectOf(options: GlobalOptions): Project {
  return new Project(placeOf(options))
}

/** Writes errors of Baton itself to stderr, because outside OpenCode a person looks there. */
export const stderrLog: Log = {
  error(message, detail) {
    stderr.write(`baton: ${message}${detail ? ` ${JSON.stringify(detail)}` : ""}\n`)
  },
}

/** Replaces the server for commands that only read the journal. */
export const NO_HOST = {
  get client(): never {
    throw new Error("this command does not talk to OpenCode")
  },
  directory: "",
  isAttended: false,
  subscribe: () => () => undefined,
} satisfies Host
