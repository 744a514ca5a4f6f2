import type { Command } from "../../core/model/events.ts"
import type { Run } from "../../core/model/run.ts"
import type { Vault } from "../../core/ports/composer.ts"
import { secretsOf } from "../../core/rights/secret-text.ts"

/** Why a run cannot be worked on here: the value of a secret is missing. Such a run can still be
 *  ended. */
export function missingSecrets(vault: Vault, state: Run | undefined, command: Command): string | undefined {
  const workflow = command.type === "create" ? command.created.workflow : state?.created.workflow
  if (workflow === undefined) return undefined
  const opened = vault.open(secretsOf(workflow))
  const isWork = command.type === "create" || command.type === "resume"
  return isWork && !opened.ok ? opened.why : undefined
}
