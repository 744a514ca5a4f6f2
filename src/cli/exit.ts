import { type Command, CommanderError } from "commander"
import { UnreadableRun } from "../core/fold/evolve.ts"
import { formatProblems, type Problem } from "../core/model/problem.ts"
import type { StopCause } from "../core/model/result.ts"
import type { RunView } from "../core/view/view.ts"
import { stderr } from "./terminal.ts"

/** Exit codes of `baton` (docs/guide/command-line.md). */
export const EXIT = { success: 0, failed: 1, usage: 2, paused: 3, budget: 4, deadline: 5, interrupted: 130 } as const

/**
 * An error that the user can fix. Its message says what is wrong and what to do, and is shown
 * without a stack.
 */
export class UserError extends Error {}

/**
 * Puts all problems of the user's documents into one error, with paths relative to the working
 * directory.
 */
export function problemsError(problems: readonly Problem[]): UserError {
  return new UserError(formatProblems(problems, process.cwd()))
}

export function exitCodeOf(run: Pick<RunView, "status" | "hold"> & { readonly cause: StopCause | null }): number {
  if (run.status === "success") return EXIT.success
  if (run.status === "paused") return run.hold?.cause === "budget" ? EXIT.budget : EXIT.paused
  if (run.status === "interrupted" || run.status === "running") return EXIT.interrupted
  return run.cause === "deadline" ? EXIT.deadline : EXIT.failed
}

/**
 * Parses and runs one command line. A usage error or UserError is written to stderr as a sentence
 * and returns 2. Any other error is a bug of Baton: its stack is written, and the result is 1.
 */
export async function runProgram(program: Command, args: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...args], { from: "user" })
    return Number(process.exitCode ?? EXIT.success)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage
    if (error instanceof UserError || error instanceof UnreadableRun) {
      stderr.write(`baton: ${error.message}\n`)
      return EXIT.usage
    }
    stderr.write(`baton: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return EXIT.failed
  }
}
