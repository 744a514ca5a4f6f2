import { runProgram } from "./cli/exit.ts"
import { createProgram } from "./cli/program.ts"

// Set by bin/baton.mjs to run this file in OpenCode's Bun. It must not reach the OpenCode that is started from here,
// which would then be Bun as well.
delete process.env.BUN_BE_BUN

/** Runs the command line and gives its exit code. */
export function main(args: readonly string[]): Promise<number> {
  return runProgram(
    createProgram(() => import("./compose.ts")),
    args,
  )
}
