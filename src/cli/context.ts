import { existsSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { globalConfigDir } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import type { Log } from "../core/ports/ports.ts"
import type { Host } from "../host/host.ts"
import { Project } from "../project/project.ts"
import type { Runtime } from "../project/runtime.ts"
import { UserError } from "./exit.ts"

/** What the commands need of compose.ts. Loaded at the first use: it needs Bun's SQLite, and `plan` does not. */
export type LoadCompose = () => Promise<{
  openRuntime(options: LoadOptions & { readonly host: Host; readonly log: Log; readonly isReader?: boolean }): Runtime
  hasJournal(options: LoadOptions): boolean
}>

/** Options every command has. */
export interface GlobalOptions {
  readonly directory?: string
  readonly opencode?: string
}

/** Where the command is about, from the working directory or `--directory`. Throws UserError when that is no folder. */
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
  }
}

/** A path as it was typed, from the folder the command works in. Absolute. */
export function pathOf(options: GlobalOptions, path: string): string {
  return resolve(options.directory ?? ".", path)
}

/** Root of the git worktree around `directory`, as OpenCode finds it. */
function worktreeOf(directory: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return folder
    if (folder === dirname(folder)) return undefined
  }
}

export function projectOf(options: GlobalOptions): Project {
  return new Project(placeOf(options))
}

/** Errors of Baton itself, to stderr: outside OpenCode that is where a person looks. */
export const stderrLog: Log = {
  error(message, detail) {
    process.stderr.write(`baton: ${message}${detail ? ` ${JSON.stringify(detail)}` : ""}\n`)
  },
}

/** Stands in for a server where only the journal is read. */
export const NO_HOST = {
  get client(): never {
    throw new Error("this command does not talk to OpenCode")
  },
  directory: "",
  isAttended: false,
  subscribe: () => () => undefined,
} satisfies Host
