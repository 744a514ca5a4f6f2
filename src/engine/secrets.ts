import type { Command } from "../core/events.ts"
import type { Vault } from "../core/prompting.ts"
import type { Run } from "../core/run.ts"
import { secretsOf } from "../core/secrets.ts"

/**
 * Opens the secrets of a run that is about to be driven. Gives why it cannot be worked on here: a value that its workers
 * are to be given is not there. It can be decided on and ended all the same.
 */
export function missingSecrets(vault: Vault, state: Run | undefined, command: Command): string | undefined {
  const workflow = command.type === "create" ? command.created.workflow : state?.created.workflow
  if (workflow === undefined) return undefined
  const opened = vault.open(secretsOf(workflow))
  const isWork = command.type === "create" || command.type === "resume"
  return isWork && !opened.ok ? opened.why : undefined
}
