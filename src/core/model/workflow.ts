/**
 * What a user writes, once it is validated: a workflow and its steps as plain data
 * (docs/architecture.md lists the terms). Everything in this folder can be written to the journal
 * as JSON and read back by a later version. Nothing here depends on OpenCode, a clock, or a disk.
 */

/**
 * Who answers when a worker asks for a permission or has a question. `ask`: a person, in the inbox.
 * `deny`: nobody, and the worker is told to continue without. `allow-listed`: what the profile's
 * own `permission` allows is allowed, the rest is denied. When no person is there, `ask` means
 * `deny`.
 */
export interface AskPolicy {
  readonly policy: "ask" | "deny" | "allow-listed"
  /** How long a person has before `otherwise` is the answer. When it is undefined, the step's
   *  deadline applies. */
  readonly timeoutMs?: number
  readonly otherwise: "deny" | "allow"
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

/**
 * When a run pauses for a person after a step: never, after the last failed try, also after a
 * warning, or always.
 */
export type Intervene = "never" | "on-error" | "on-warning" | "always"

/**
 * The decision about a paused step: continue with its result, try it again, skip it, or abort the
 * run.
 */
export type GateAction = "continue" | "retry" | "skip" | "abort"

/** A JSON Schema that a user wrote. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** A deterministic check of a step after its answer. What the answer claims does not count. */
export type Check = (
  | {
      readonly type: "command"
      /** A shell command, run in the project's folder. */
      readonly run: string
      /** The expected exit code. `pass`: 0; `fail`: anything else. */
      readonly expect: "pass" | "fail"
      readonly timeoutMs?: number
      /** Patterns of the files that no step may have changed. When it is undefined, the files that
       *  the command names. */
      readonly protect?: readonly string[]
    }
  | {
      readonly type: "file"
      /** A path relative to the project's folder, inside it. */
      readonly path: string
      readonly exists?: boolean
      /** Whether the file must have changed since the attempt began. */
      readonly changed?: boolean
      /** The text that the file must contain. */
      readonly contains?: string
    }
) & {
  /** What a failed check means: the step fails, or a person is warned. */
  readonly severity: "error" | "warning"
}

export type CheckType = Check["type"]
export type CheckOf<T extends CheckType> = Extract<Check, { type: T }>

/**
 * A check that is another model's opinion of the answer. It is labelled as an opinion wherever it
 * is shown.
 */
export interface Opinion {
  /** The question to the reviewer. */
  readonly ask: string
  /** The name of the reviewer's profile. */
  readonly profile: string
  readonly severity: "error" | "warning"
}

/** The limits of what may be used. */
export interface Budget {
  /** US dollars. */
  readonly usd?: number
  /** Tokens read and written, together. */
  readonly tokens?: number
  /** Active time, in milliseconds. */
  readonly timeMs?: number
  /** The number of workers, that is, of tries of steps. */
  readonly workers?: number
}

/**
 * How much of the previous work a worker gets besides its prompt. `fresh`: nothing; `scoped`: its
 * files and what its prompt names; `distilled`: structured handoffs of the steps before; `full`:
 * all their answers.
 */
export type ContextStrategy = "full" | "scoped" | "distilled" | "fresh"

/** The type of a step. Its traits are in step-types.ts. */
export type StepType = "single" | "gate" | "check" | Group["type"]

/** The definition of a step that consists of other steps. */
export type Group =
  | { readonly type: "parallel"; readonly steps: readonly Step[] }
  | {
      readonly type: "workflow"
      /** A snapshot, like the workflow of the run. */
      readonly workflow: Workflow
      /** Templates of its inputs, by name. */
      readonly with: Readonly<Record<string, string>>
    }
  | {
      readonly type: "routed"
      /** An expression that returns a list. */
      readonly over: string
      /** The key of an item that holds its category. */
      readonly by: string
      /** The profile for each category. */
      readonly route: Readonly<Record<string, string>>
      /** The profile for a category that `route` does not name. When it is undefined, such a
       *  category is an error. */
      readonly otherwise?: string
      /** The maximum number of items. */
      readonly max: number
    }
  | {
      readonly type: "ensemble"
      /** Profile names. */
      readonly proposers: readonly string[]
      /** The judge, followed by its substitutes in order. */
      readonly judges: readonly string[]
      readonly mode: "parallel" | "sequential"
      readonly verdict: "synthesize" | "pick"
      /** The minimum number of proposals. */
      readonly quorum: number
    }

/** The definition of a step that is repeated. */
export interface Loop {
  /** The maximum number of rounds. */
  readonly max: number
  /** An expression that ends the loop when it is true. When it is undefined, the loop ends after a
   *  round that succeeds. */
  readonly until?: string
  /** A person is asked after this many rounds without a change in the project. */
  readonly stagnant: number
}

/** How a step belongs to its group. */
export interface Part {
  /** The id of the group. */
  readonly of: string
  /** The name by which its siblings refer to it. */
  readonly name: string
  readonly role?: "proposer" | "judge" | "item" | "round"
  /** The round of a loop, counted from 1. */
  readonly round?: number
  /** Steps that its prompt may read although it does not wait for them: they are already over. */
  readonly reads?: readonly string[]
  /** Its failure is judged by its group and does not stop the run. */
  readonly isTolerated?: true
}

export interface Step {
  readonly id: string
  /** `single`: a worker answers the prompt; `gate`: a person answers, without a worker; `check`:
   *  only its checks are run. The other types consist of other steps (`group`). */
  readonly type: StepType
  readonly description?: string
  /** Profile name; ignored for gates. */
  readonly profile: string
  /** A `provider/model` that replaces the profile's model. When it is undefined, the profile's
   *  applies. */
  readonly model?: string
  /** A template. `${inputs.x}` and `${step.output}` are filled in when the step starts. */
  readonly prompt: string
  /** Texts of others that the prompt is about, which the worker is shown after it. */
  readonly quotes?: readonly Quote[]
  readonly group?: Group
  readonly loop?: Loop
  readonly part?: Part
  /** The value of `${item}` in its prompt. */
  readonly item?: unknown
  /** When it is undefined, `fresh` applies. */
  readonly context?: ContextStrategy
  /** Patterns of the files that it owns, that is, may write. */
  readonly files?: readonly string[]
  /** A template of the path that its answer is saved to, inside the project. */
  readonly output?: string
  /** The schema of its answer, which is parsed as JSON and validated. */
  readonly schema?: JsonSchema
  readonly budget?: Budget
  /** Steps that must have succeeded before this one starts. For a hook, this is so for the hooks
   *  among them; the others are the steps that its prompt may read. */
  readonly needs: readonly string[]
  /** When it is undefined, this is an ordinary step. */
  readonly hook?: Hook
  /** The deadline from start to end, in milliseconds. When it is undefined, the profile's applies,
   *  then the default. */
  readonly timeoutMs?: number
  /** How long it may be idle (no token, no tool activity), in milliseconds. When it is undefined,
   *  the profile's applies, then the default. */
  readonly idleTimeoutMs?: number
  /** When it is undefined, the profile's applies, then a person is asked. */
  readonly asks?: AskPolicy
  /** An expression that decides whether the step runs, evaluated once everything it needs has
   *  ended. When it is undefined, the step runs when all of its needs went well. */
  readonly condition?: string
  /** When it is undefined, there is one try. */
  readonly retry?: Retry
  /** `external`: its effects cannot be undone or repeated, so it is never retried without a
   *  person's decision. */
  readonly effects?: "external"
  /** Checks that must pass after the worker has answered. */
  readonly checks?: readonly Check[]
  /** Reviewers that are asked once all checks pass. */
  readonly opinions?: readonly Opinion[]
  /** When it is undefined, the profile's applies, then the workflow's. */
  readonly intervene?: Intervene
  /** What its failure means after all tries. `skip`: the step counts as skipped and the run
   *  continues. When it is undefined, `fail` applies. */
  readonly onFailure?: "fail" | "skip"
}

/** A text that a worker is shown as material and not as an instruction. */
export interface Quote {
  readonly kind: "task" | "proposal"
  /** Which one it is, of several. */
  readonly name?: string
  /** A template, as the prompt is. */
  readonly text: string
}

/**
 * When a hook runs, after all ordinary steps: when the run succeeds, when it fails, or in both
 * cases.
 */
export type Hook = "success" | "failure" | "complete"

/** How a step is retried after a failure. */
export interface Retry {
  /** The number of tries in all, including the first. */
  readonly maxAttempts: number
  /** The wait before the second try, in milliseconds. */
  readonly delayMs: number
  /** `fixed`: the same wait before each try; `exponential`: the wait doubles each time. */
  readonly backoff: "fixed" | "exponential"
}

export interface Settings {
  readonly maxParallel: number
  /** The deadline of the whole run, in milliseconds. */
  readonly timeoutMs: number
  /**
   * After a failed step, `stop` starts nothing more; `continue` runs the steps that do not need it.
   */
  readonly onFailure: "stop" | "continue"
  /** When it is undefined, `never` applies. */
  readonly intervene?: Intervene
  readonly budget?: Budget
  /** How long a gate waits for a person before `gateDefault` applies, in milliseconds. When it is
   *  undefined, the default applies. */
  readonly gateTimeoutMs?: number
  /** When it is undefined, a gate after a step continues, and a step of type `gate` aborts. */
  readonly gateDefault?: GateAction
}

/** Where the value of a secret is read from. The value itself is never written to disk. */
export type SecretSource = { readonly env: string } | { readonly file: string }

export interface Workflow {
  readonly name: string
  readonly description?: string
  /** The version and the notes of its authors, which are only shown. */
  readonly version?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly inputs: Readonly<Record<string, InputSpec>>
  /** The value of `${context.variables.x}`. */
  readonly variables?: Readonly<Record<string, unknown>>
  readonly secrets?: Readonly<Record<string, SecretSource>>
  /** The profile that distils handoffs. When it is undefined, the worker reports its own. */
  readonly distiller?: string
  readonly settings: Settings
  readonly steps: readonly Step[]
}

/** Limits of orchestrator.json that no workflow can raise. */
export interface Limits {
  /** The maximum number of workers of this project at the same time. */
  readonly maxWorkers: number
  /** The maximum budget of one run, no matter what its workflow says. */
  readonly budget?: Budget
  /**
   * How deep workers may start workers. 1, and undefined in old journals, means that they may not.
   */
  readonly maxDepth?: number
}
