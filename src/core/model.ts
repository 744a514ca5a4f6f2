/**
 * The vocabulary of a run as plain data (docs/architecture.md lists the words). Everything here can be written to the
 * journal as JSON and read back by a later version; nothing here knows OpenCode, a clock, or a disk.
 */

// ── what a user writes, checked ────────────────────────────────────────────────────────────────────────────────────

/** How a profile runs. `subagent`: child session of the user's session; `agent`: own session in the same server;
 *  `server`: isolated `opencode serve`; `cli`: another agent's command line. */
export type Kind = "subagent" | "agent" | "server" | "cli"

export type PermissionAction = "allow" | "ask" | "deny"
/** One rule as OpenCode takes it: the last rule that matches `permission` and `pattern` decides. */
export interface PermissionRule {
  readonly permission: string
  readonly pattern: string
  readonly action: PermissionAction
}

/** Who can work: an entry of orchestrator.json with its model role already resolved. */
export interface Profile {
  readonly name: string
  readonly kind: Kind
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
}

export type InputType = "string" | "number" | "integer" | "boolean"
export interface InputSpec {
  readonly type: InputType
  readonly required: boolean
  readonly description?: string
  readonly default?: string | number | boolean
  readonly enum?: readonly (string | number)[]
}
export type InputValue = string | number | boolean

export interface Step {
  readonly id: string
  readonly type: "single"
  readonly description?: string
  /** Name of a profile. */
  readonly profile: string
  /** Template: `${inputs.x}` and `${step.output}` are filled in when the step starts. */
  readonly prompt: string
  /** Steps that must have succeeded before this one starts. */
  readonly needs: readonly string[]
  /** Deadline from start to end; undefined: the profile's, then the default. */
  readonly timeoutMs?: number
  /** Deadline of silence (no token, no tool activity); undefined: the profile's, then the default. */
  readonly idleTimeoutMs?: number
}

export interface Settings {
  readonly maxParallel: number
  /** Deadline of the whole run. */
  readonly timeoutMs: number
  /** After a failed step: `stop` starts nothing more; `continue` goes on with what does not need it. */
  readonly onFailure: "stop" | "continue"
}

export interface Workflow {
  readonly name: string
  readonly description?: string
  readonly inputs: Readonly<Record<string, InputSpec>>
  readonly settings: Settings
  readonly steps: readonly Step[]
}

/** Ceilings of orchestrator.json that no workflow can raise. */
export interface Limits {
  /** Workers of one run at the same time. */
  readonly maxWorkers: number
}

// ── how a step ends ────────────────────────────────────────────────────────────────────────────────────────────────

export type StepStatus = "pending" | "running" | "waiting" | "success" | "failed" | "skipped" | "cancelled"

/** Why a step ended. Only `ok` is success. */
export type Reason =
  | "ok"
  | "empty"
  | "truncated"
  | "error"
  | "timeout"
  | "idle"
  | "aborted"
  | "over-budget"
  | "rejected"
  | "check-failed"
  | "schema"
  | "quota"
  | "worker-lost"

export interface Tokens {
  /** Everything the model read, cached tokens included. */
  readonly input: number
  /** Everything the model wrote, reasoning included. */
  readonly output: number
}

/** What a worker hands back. A failure is data like any other answer: a backend never throws. */
export interface StepResult {
  readonly reason: Reason
  /** The worker's answer; of a failed step whatever it had written. */
  readonly output: string
  /** One sentence for a person when the reason is not `ok`. */
  readonly detail?: string
  readonly session?: string
  /** `provider/model` that really answered. */
  readonly model?: string
  readonly tokens: Tokens
  /** US dollars; null when any part of the price is unknown. */
  readonly cost: number | null
}

export type RunStatus = "running" | "success" | "failed" | "cancelled" | "interrupted"
/** Why a run ended other than by its steps. */
export type StopCause = "failure" | "abort" | "deadline"

/** Default deadlines (milliseconds): every wait has one even when nobody wrote any (guarantee G4). */
export const DEFAULTS = {
  stepTimeoutMs: 30 * 60_000,
  stepIdleTimeoutMs: 5 * 60_000,
  runTimeoutMs: 4 * 3_600_000,
  maxParallel: 3,
  maxWorkers: 8,
} as const
