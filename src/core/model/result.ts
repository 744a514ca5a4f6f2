import type { Handoff } from "./handoff.ts"
import type { Verdict } from "./verdict.ts"

/** How steps and runs end. */

/** The result of a check. */
export interface CheckResult {
  /** The command, or the file. */
  readonly name: string
  readonly isOk: boolean
  readonly severity: "error" | "warning"
  /** One sentence for a person: `exit code 1`, `is not there`. */
  readonly detail: string
  /** The end of what the command wrote. */
  readonly output: string
}

/** The checks that fail their step: one of severity `warning` is only told to a person. */
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
  /** Set when it was not the worker that failed: its model could not be reached, and another try may. */
  readonly outage?: Outage
  /** The answer as data, where the step wants that. */
  readonly structured?: unknown
  /** Of an ensemble. */
  readonly verdict?: Verdict
  /** It is no answer but where its worker stands, whose session had become too long. */
  readonly isCheckpoint?: true
  /** What of the answer is for those who go on from it; undefined: nobody said. */
  readonly handoff?: Handoff
  /** Files its worker wrote with its tools, relative to the project; undefined: not known. */
  readonly files?: readonly string[]
  /** How its worker's todo list stood at the end: the states of its items. */
  readonly todos?: string
}

/** Why a model is out of reach. `quota`: used up; `auth`: the key is refused; `unknown`: there is no such model;
 *  `provider`: it answers with errors. */
export interface Outage {
  readonly cause: "quota" | "auth" | "unknown" | "provider"
  /** `provider/model`, as far as known. */
  readonly model: string | null
  /** When it is said to be back (milliseconds since 1970), if it was said. */
  readonly until?: number
}

/** Causes of a hold that are a model out of reach. */
export type OutageHold = Hold & { readonly cause: "quota" | "auth" }

/** What holds a step, or a whole run: it goes on when a person says so. `gate`: a step waits for a decision; `person`:
 *  somebody paused the run; `budget`: it has spent what it may. */
export interface Hold {
  readonly cause: "quota" | "auth" | "gate" | "person" | "budget"
  /** One sentence for a person. */
  readonly detail: string
  /** When it is said to be over (milliseconds since 1970), if it was said. */
  readonly until?: number
}

/** Something that did not fail the step and that a person should know. */
export interface Warning {
  readonly kind:
    | "fallback"
    | "reassigned"
    | "model"
    | "unattended"
    | "server"
    | "check"
    | "budget"
    /** A file outside `files` was written. */
    | "files"
    /** The worker said so itself. */
    | "reported"
    /** Something it was given was cut. */
    | "truncated"
    /** An ensemble had fewer answers than it asked for. */
    | "dissent"
  readonly text: string
}

export type RunStatus = "running" | "success" | "failed" | "cancelled" | "interrupted" | "paused"

/** Why a run ended other than by its steps. */
export type StopCause = "failure" | "abort" | "deadline"
