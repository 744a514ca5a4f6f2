import type { Command } from "commander"
import type { LoadCompose } from "./context.ts"
import { stepDecision } from "./decide.ts"

/** `baton skip [RUN] STEP`: skips a step that waits. */
export function skipCommand(compose: LoadCompose): Command {
  return stepDecision(compose, "skip", "skip a step that waits")
}
