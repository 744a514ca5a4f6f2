import type { Kind } from "./kinds.ts"
import type { AskPolicy, Intervene } from "./workflow.ts"

/** Who can work, as orchestrator.json says it. */

export type PermissionAction = "allow" | "ask" | "deny"
/** One rule as OpenCode takes it: the last rule that matches `permission` and `pattern` decides. */
export interface PermissionRule {
  readonly permission: string
  readonly pattern: string
  readonly action: PermissionAction
}

/** Whether a person works in the worker's session with it (`foreground`) or nobody types there. */
export type Mode = "background" | "foreground"

/** What a worker knows of the session it was started from: nothing, a short digest of it, or all of it. */
export type Start = "fresh" | "brief" | "fork"

/** Who can work: an entry of orchestrator.json with its model roles already resolved. Holds no secret: it is journalled. */
export interface Profile {
  readonly name: string
  readonly kind: Kind
  /** undefined: `background`. */
  readonly mode?: Mode
  /** undefined: `fresh`. */
  readonly start?: Start
  /** Its session is kept and gone on with the next time. */
  readonly keep?: boolean
  readonly purpose?: string
  /** OpenCode agent to run as; undefined: the server's default agent. */
  readonly agent?: string
  /** `provider/model`; undefined: the model of the session the run was started from, or the server's default. */
  readonly model?: string
  /** Appended to the system message of every turn. */
  readonly prompt?: string
  readonly permission: readonly PermissionRule[]
  readonly timeoutMs?: number
  readonly idleTimeoutMs?: number
  /** How long one tool call may take in silence; undefined: the default. */
  readonly toolTimeoutMs?: number
  /** Models (`provider/model`) to go on with, in this order, when the one before is out of reach. */
  readonly fallback?: readonly string[]
  /** Tokens of its session's context from which it goes on in a new one, with what it writes down of its work. */
  readonly checkpoint?: number
  /** Never another model than the one asked for. */
  readonly pin?: boolean
  /** Workers of this profile at the same time. */
  readonly concurrency?: number
  readonly asks?: AskPolicy
  /** undefined: the workflow's. */
  readonly intervene?: Intervene
  /** Address of a server of kind `server` that somebody else runs; undefined: Baton starts one. */
  readonly url?: string
  /** Folder on that server's machine; undefined: the folder the server was started in. */
  readonly directory?: string
  /** How long a server of kind `server` may have nothing to do before it is ended. */
  readonly idleStopMs?: number
}
