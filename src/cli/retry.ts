import type { Command } from "commander"
import type { LoadCompose } from "./context.ts"
import { stepDecision } from "./decide.ts"

/**
 * `baton retry [RUN] STEP`: tries a step once more that waits, or that failed in a run that has
 * ended.
 */
export function retryCommand(compose: LoadCompose): Command {
  const command = stepDecision(compose, "retry", "retry a step that waits or has failed")
  return command.option("-m, --message <text>", "a message to its worker, sent in its session")
}
