import { createInterface } from "node:readline"
import { Option } from "commander"
import type { LoadOptions } from "../config/load.ts"
import { formatTrust, type TrustQuestion, trustTitle } from "../core/view/trust-question.ts"
import { Gate, type Permit } from "../project/gate.ts"
import { touchedByRuns } from "../project/touched.ts"
import { type LoadCompose, NO_HOST, stderrLog } from "./context.ts"
import { UserError } from "./exit.ts"
import { stderr } from "./terminal.ts"

/** Options of the commands that may need a person's trust in the folder. */
export interface PermitOptions {
  readonly trust?: boolean
  readonly json?: boolean
}

export function trustOption(): Option {
  return new Option("--trust", "trust this folder as it is now, without a question (for scripts and CI)")
}

/** `attach` is the URL of a running server; without it, one is started in the folder. */
export function gateOf(compose: LoadCompose, place: LoadOptions, attach?: string): Gate {
  const touched = async () => {
    const { hasJournal, openRuntime } = await compose()
    const engine = hasJournal(place)
      ? openRuntime({ ...place, host: NO_HOST, log: stderrLog, isReader: true }).engine
      : undefined
    return touchedByRuns(engine)
  }
  return new Gate(place, touched, attach === undefined)
}

/**
 * Settles whether a command may use the folder: asks on a terminal, and takes `--trust` for a yes.
 * Returns whether it may. Throws UserError when the command needs the folder and may not use it.
 */
export async function settle(gate: Gate, permit: Permit, options: PermitOptions): Promise<boolean> {
  if (permit.type !== "ask") {
    if (permit.note !== undefined) note(permit.note)
    return permit.type === "folder"
  }
  const { question } = permit
  const isAsked = !options.trust && !options.json && isTerminal()
  if (isAsked) showTrust(question)
  const isTrusted = options.trust === true || (isAsked && (await confirm(trustTitle(question))))
  if (isTrusted || isAsked) await record(gate, question, isTrusted, options.trust ? "--trust" : "terminal")
  if (isTrusted) return true
  if (question.isNeeded) throw new UserError(refusal(question))
  note("this folder is not trusted: only your own settings are used, and nothing of it (`baton trust` changes that)")
  return false
}

/** Records an answer. Throws UserError when the files changed while the person decided. */
export async function record(
  gate: Gate,
  { digest }: TrustQuestion,
  isTrusted: boolean,
  by: "terminal" | "--trust" | "init",
): Promise<void> {
  if (await gate.answer(digest, isTrusted, by)) return
  throw new UserError(
    "the files of this folder changed meanwhile, so your answer does not count: run the command again",
  )
}

export function isTerminal(): boolean {
  return process.stdin.isTTY === true && stderr.isTTY
}

/** Shows the question on stderr, because stdout is for results. */
export function showTrust(question: TrustQuestion): void {
  stderr.write(`${formatTrust(question)}\n\n`)
}

/** Asks a question whose default is no. */
export async function confirm(question: string): Promise<boolean> {
  // The terminal itself shows what is typed.
  const lines = createInterface({ input: process.stdin })
  try {
    const answer = await new Promise<string>((resolve) => {
      lines.once("close", () => resolve(""))
      lines.once("line", resolve)
      stderr.write(`${question} [y/N] `)
    })
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}

function refusal({ verdict, why, wanted }: TrustQuestion): string {
  const because = why === null ? "" : `, and ${why}`
  const state = verdict === "changed" ? `changed since you trusted it (${why})` : `is not trusted${because}`
  return `this folder ${state}, so ${wanted} was not started: look at it with \`baton trust --list\`, then trust it with \`baton trust\`, or add --trust to this command`
}

function note(text: string): void {
  stderr.write(`baton: ${text}\n`)
}
