import type { Kind } from "./kinds.ts"
import type { AskPolicy, Intervene } from "./workflow.ts"

/** A permission rule's outcome, as orchestrator.json and OpenCode name it. */

export type PermissionAction = "allow" | "ask" | "deny"
/**
 * One permission rule in OpenCode's format. The last rule that matches `permission` and `pattern`
 * decides.
 */
export interface PermissionRule {
  readonly permission: string
  readonly pattern: string
  readonly action: PermissionAction
}

/**
 * `foreground`: a person works in the worker's session with it. `background`: nobody types there.
 */
export type Mode = "background" | "foreground"

/**
 * What a worker knows of the session it was started from: nothing, a short digest, or all of it.
 */
export type Start = "fresh" | "brief" | "fork"

/**
 * A profile of orchestrator.json with its model roles resolved. It is journalled, so it holds no
 * secret.
 */
export interface Profile {
  readonly name: string
  readonly kind: Kind
  /** When it is undefined, `background` applies. */
  readonly mode?: Mode
  /** When it is undefined, `fresh` applies. */
  readonly start?: Start
  /** Its session is kept, and the next task continues in it. */
  readonly keep?: boolean
  readonly purpose?: string
  /** The OpenCode agent to run as. When it is undefined, the server's default agent is used. */
  readonly agent?: string
  /**
   * `provider/model`. When it is undefined, the model of the session the run was started from
   * applies, or else the server's default.
   */
  readonly model?: string
  /** Appended to the system message of every turn. */
  readonly prompt?: string
  readonly permission: readonly PermissionRule[]
  readonly timeoutMs?: number
  readonly idleTimeoutMs?: number
  /**
   * How long one tool call may stay silent, in milliseconds. When it is undefined, the default
   * applies.
   */
  readonly toolTimeoutMs?: number
  /**
   * Models (`provider/model`) to continue with, in this order, when the previous one is out of
   * reach.
   */
  readonly fallback?: readonly string[]
  /**
   * When the context of its session reaches this many tokens, the worker writes down its progress
   * and continues in a new session.
   */
  readonly checkpoint?: number
  /** Never use another model than the requested one. */
  readonly pin?: boolean
  /** How many workers of this profile may run at the same time. */
  readonly concurrency?: number
  readonly asks?: AskPolicy
  /** When it is undefined, the workflow's setting applies. */
  readonly intervene?: Intervene
  /** The variables that its commands see besides the usual ones. When it is undefined, all. */
  readonly env?: readonly string[]
  /**
   * The address of a server of kind `server` that Baton did not start. When it is undefined, Baton
   * starts one.
   */
  readonly url?: string
  /**
   * The folder on that server's machine. When it is undefined, the server uses the folder it was
   * started in.
   */
  readonly directory?: string
  /** How long a server of kind `server` may be idle before Baton stops it, in milliseconds. */
  readonly idleStopMs?: number
}
