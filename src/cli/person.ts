import { timingSafeEqual } from "node:crypto"
import { fstatSync, readFileSync } from "node:fs"
import { isatty } from "node:tty"
import type { Command } from "commander"
import type { DecidedVia } from "../core/model/decided.ts"
import { readText } from "../files/read.ts"
import { driversOf, workerAbove } from "../host/ancestry.ts"
import { stateBase } from "../state/folder.ts"
import { ownerToken } from "../state/key.ts"
import { UserError } from "./exit.ts"

/**
 * Whether a person decides. Continuing, repeating, skipping and paying more are a person's to
 * decide, so a command that does so wants a terminal, or a token that the person gave to a script.
 */

/** Options of the commands that decide. */
export interface DecisionOptions {
  readonly yes?: boolean
  readonly tokenFile?: string
}

export const TOKEN_VARIABLE = "BATON_TOKEN"

// No process that is started from here may have it.
const given = process.env[TOKEN_VARIABLE]
delete process.env[TOKEN_VARIABLE]

const MAX_TOKEN_BYTES = 1024

/** Adds the options with which a script decides. */
export function withDecisionOptions(command: Command): Command {
  return command
    .option("--yes", "decide without a terminal, with the token of `baton token` in BATON_TOKEN")
    .option("--token-file <file>", "read that token from a file")
}

/**
 * Returns by what the person decides. `word` is the command's name. Throws UserError when a worker
 * typed it, or when neither a terminal nor the token shows that a person wants this.
 */
export function mustBePerson(word: string, { yes, tokenFile }: DecisionOptions): DecidedVia {
  refuseWorker(word, "a person does, in OpenCode with /workflow or in a terminal of their own")
  const token = tokenFile === undefined ? given : readToken(tokenFile)
  if (yes && token !== undefined) {
    if (isRight(token)) return "token"
    throw new UserError("the token is not the one of this user: `baton token` shows it")
  }
  if (hasTerminal()) return "terminal"
  const missing = yes ? "no token was given" : "--yes was not given"
  throw new UserError(
    `\`baton ${word}\` decides for a person, and there is no terminal here (${missing}). A script adds: --yes --token-file "$(baton token)"`,
  )
}

/** Throws UserError when a worker started this process. `instead` says who may do it, and how. */
export function refuseWorker(word: string, instead: string): void {
  const above = workerAbove(driversOf(stateBase(process.env)), process.env)
  if (above !== undefined) throw new UserError(`a worker may not \`baton ${word}\` (${above}): ${instead}`)
}

function readToken(file: string): string {
  try {
    return readText(file, MAX_TOKEN_BYTES).trim()
  } catch (error) {
    throw new UserError(`the token in ${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

function isRight(token: string): boolean {
  const [a, b] = [Buffer.from(token), Buffer.from(ownerToken(process.env).token)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Whether stdin is the terminal that controls this process. */
export function hasTerminal(): boolean {
  if (!isatty(0)) return false
  if (process.platform !== "linux") return true
  const stat = readFileSync("/proc/self/stat", "utf8")
  const controlling = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[4])
  return controlling !== 0 && controlling === Number(fstatSync(0).rdev)
}
