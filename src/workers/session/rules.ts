import type { PermissionAction, PermissionRule } from "../../core/model.ts"
import type { WorkerSeat } from "../../core/ports.ts"
import type { Site } from "./site.ts"

const deny = (permission: string): PermissionRule => ({ permission, pattern: "*", action: "deny" })

/** What starts workers, or acts on runs. */
const DELEGATION = ["worker_ask", "workflow_run", "workflow_status", "workflow_control"]

/** The rules a worker's session is made with. The last ones cannot be lifted: `task` never, and what would start
 *  workers only for one that may. `canBeAsked`: somebody is there to answer its questions. */
export function rulesFor(_site: Site, seat: WorkerSeat, canBeAsked: boolean): Promise<readonly PermissionRule[]> {
  const denied = ["task", ...(canBeAsked ? [] : ["question"]), ...(seat.mayDelegate ? [] : DELEGATION)]
  return Promise.resolve([...seat.profile.permission, ...denied.map(deny)])
}

/** What OpenCode would do with a request: the last rule that matches decides, and without one a person. */
export function evaluate(rules: readonly PermissionRule[], permission: string, pattern: string): PermissionAction {
  const rule = rules.findLast((rule) => matches(rule.permission, permission) && matches(rule.pattern, pattern))
  return rule?.action ?? "ask"
}

/** `*` is any text, `?` one character; ` *` at the end may be missing altogether. */
function matches(wildcard: string, text: string): boolean {
  const source = wildcard
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".")
  return new RegExp(`^${source.replace(/ \.\*$/, "( .*)?")}$`, "s").test(text)
}
