import { runProgram } from "./cli/exit.ts"
import { createProgram } from "./cli/program.ts"

// bin/baton.mjs sets this to run this file in OpenCode's Bun. It must not reach the OpenCode that
// is started from here, which would then run as Bun too.
delete process.env.BUN_BE_BUN

/** Runs the command line and gives its exit code. */
export function main(args: readonly string[]): Promise<number> {
  return runProgram(
    createProgram(() => import("./compose.ts")),
    args,
  )
}
