import type { Command } from "commander"
import type { LoadCompose } from "./context.ts"
import { stepDecision } from "./decide.ts"

/** `baton retry [RUN] STEP`: one more try of a step that waits, or that failed in a run that has ended. */
export function retryCommand(compose: LoadCompose): Command {
  const command = stepDecision(compose, "retry", "try a step again that waits or has failed")
  return command.option("-m, --message <text>", "said to its worker, in its session")
}
