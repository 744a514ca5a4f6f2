import type { Handoff } from "./handoff.ts"
import type { Verdict } from "./verdict.ts"

/** The results of checks, steps and runs. */

/** The result of a check. */
export interface CheckResult {
  /** The command or the file that was checked. */
  readonly name: string
  readonly isOk: boolean
  readonly severity: "error" | "warning"
  /** One sentence for a person: `exit code 1`, `is not there`. */
  readonly detail: string
  /** The end of the command's output. */
  readonly output: string
}

/**
 * Returns the checks that fail their step. A failed check of severity `warning` is only reported.
 */
export function failedChecks(checks: readonly CheckResult[]): CheckResult[] {
  return checks.filter(({ isOk, severity }) => !isOk && severity === "error")
}

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
  /** All tokens that the model read, including cached ones. */
  readonly input: number
  /** All tokens that the model wrote, including reasoning. */
  readonly output: number
}

/** What a worker hands back. A failure is data like any other answer: a backend never throws. */
export interface StepResult {
  readonly reason: Reason
  /** The worker's answer. For a failed step, whatever it had written. */
  readonly output: string
  /** One sentence for a person, when the reason is not `ok`. */
  readonly detail?: string
  readonly session?: string
  /** The model that answered, as `provider/model`. */
  readonly model?: string
  readonly tokens: Tokens
  /** US dollars, or null when any part of the price is unknown. */
  readonly cost: number | null
  /** The known part of a cost that is unknown, when there is one. */
  readonly knownUsd?: number
  /**
   * Set when the model could not be reached. The worker did not fail, and another try may succeed.
   */
  readonly outage?: Outage
  /** The answer as data, when the step has a schema. */
  readonly structured?: unknown
  /** How an ensemble decided. */
  readonly verdict?: Verdict
  /**
   * Set when this is not an answer but a checkpoint: the worker's progress, written because its
   * session had grown too large.
   */
  readonly isCheckpoint?: true
  /** What the next steps need of the answer, or undefined when nobody reported it. */
  readonly handoff?: Handoff
  /**
   * The files that the worker wrote with its tools, relative to the project, or undefined when they
   * are not known.
   */
  readonly files?: readonly string[]
  /** The states of the items of the worker's todo list at the end. */
  readonly todos?: string
}

/**
 * Why a model is out of reach. `quota`: used up; `auth`: the key is refused; `unknown`: there is no
 * such model; `provider`: it answers with errors.
 */
export interface Outage {
  readonly cause: "quota" | "auth" | "unknown" | "provider"
  /** `provider/model`, if known. */
  readonly model: string | null
  /** When the model is expected back (milliseconds since 1970), if the provider said so. */
  readonly until?: number
}

/** A hold whose cause is that a model is out of reach. */
export type OutageHold = Hold & { readonly cause: "quota" | "auth" }

/**
 * Why a step or a whole run is held until a person resumes it. `gate`: a step waits for a decision;
 * `person`: somebody paused the run; `budget`: the budget is used up.
 */
export interface Hold {
  readonly cause: "quota" | "auth" | "gate" | "person" | "budget"
  /** One sentence for a person. */
  readonly detail: string
  /** When the hold is expected to end (milliseconds since 1970), if known. */
  readonly until?: number
}

/** Something that a person should know and that did not fail the step. */
export interface Warning {
  readonly kind:
    | "fallback"
    | "reassigned"
    | "model"
    | "unattended"
    | "server"
    | "check"
    | "budget"
    /** The worker wrote a file outside `files`. */
    | "files"
    /** The worker reported it itself. */
    | "reported"
    /** Part of the worker's input was cut. */
    | "truncated"
    /** Nobody could answer a request of the worker. */
    | "unanswered"
    /** An ensemble got fewer answers than it asked for. */
    | "dissent"
  readonly text: string
}

export type RunStatus = "running" | "success" | "failed" | "cancelled" | "interrupted" | "paused"

/** Why a run was stopped before all its steps had run. */
export type StopCause = "failure" | "abort" | "deadline"
