import type { Command } from "commander"
import { abortRun } from "../project/decisions.ts"
import type { LoadCompose } from "./context.ts"
import { carryOut, findOpen, RUN, stopping } from "./decide.ts"
import { EXIT } from "./exit.ts"

/** `baton abort [RUN]`: ends a waiting or interrupted run for good. */
export function abortCommand(compose: LoadCompose): Command {
  return stopping("abort", "end a waiting or interrupted run for good")
    .argument("[run]", RUN)
    .action(async (wanted: string | undefined, _: unknown, command: Command) => {
      await carryOut(compose, command, {
        find: (engine) => findOpen(engine, wanted),
        act: (engine, run) => abortRun(engine, run, "baton abort"),
      })
      // The user asked for the end, so it is not reported as a failure.
      if (process.exitCode === EXIT.failed) process.exitCode = EXIT.success
    })
}
