/**
 * What a user writes, checked: a workflow and its steps as plain data (docs/architecture.md lists
 * the words). Everything in this folder can be written to the journal as JSON and read back by a
 * later version. Nothing here knows OpenCode, a clock, or a disk.
 */

/**
 * Who answers when a worker asks for a permission or has a question. `ask`: a person, in the inbox; `deny`: nobody, the
 * worker is told to go on without; `allow-listed`: what the profile's own `permission` allows is allowed, the rest
 * denied. Where no person is, `ask` is `deny`.
 */
export interface AskPolicy {
  readonly policy: "ask" | "deny" | "allow-listed"
  /** How long a person has, before `otherwise` is the answer; undefined: until the step's deadline. */
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

/** When a run pauses for a person after a step: never, when it failed for good, also on a warning, always. */
export type Intervene = "never" | "on-error" | "on-warning" | "always"

/** What is decided of a paused step: go on with what it came to, try it again, do without it, end the run. */
export type GateAction = "continue" | "retry" | "skip" | "abort"

/** A JSON Schema as a user wrote it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What a machine looks at after a step has answered; the answer's own words count for nothing. */
export type Check = (
  | {
      readonly type: "command"
      /** Run by the shell in the project's folder. */
      readonly run: string
      /** What its exit code must say: 0, or anything else. */
      readonly expect: "pass" | "fail"
      readonly timeoutMs?: number
    }
  | {
      readonly type: "file"
      /** Relative to the project's folder, inside it. */
      readonly path: string
      readonly exists?: boolean
      /** Whether it must differ from what it was when the attempt began. */
      readonly changed?: boolean
      /** Text it must contain. */
      readonly contains?: string
    }
) & {
  /** What it means when it does not hold: the step fails, or a person should know. */
  readonly severity: "error" | "warning"
}

export type CheckType = Check["type"]
export type CheckOf<T extends CheckType> = Extract<Check, { type: T }>

/** A check that is another model's opinion of the answer, labelled so wherever it is shown. */
export interface Opinion {
  /** What it is asked. */
  readonly ask: string
  /** Name of the profile that gives it. */
  readonly profile: string
  readonly severity: "error" | "warning"
}

/** What may be spent at most. */
export interface Budget {
  /** US dollars. */
  readonly usd?: number
  /** Tokens read and written. */
  readonly tokens?: number
  /** Time at work. */
  readonly timeMs?: number
  /** Workers that may be started: tries of steps. */
  readonly workers?: number
}

/** How much of what came before a worker is given besides its prompt. `fresh`: nothing; `scoped`: its files and what its
 *  prompt names; `distilled`: structured handoffs of the steps before; `full`: all their answers. */
export type ContextStrategy = "full" | "scoped" | "distilled" | "fresh"

/** What says of each type what it does: step-types.ts. */
export type StepType = "single" | "gate" | "check" | Group["type"]

/** What a step is made of that is done by steps of its own. */
export type Group =
  | { readonly type: "parallel"; readonly steps: readonly Step[] }
  | {
      readonly type: "workflow"
      /** A snapshot, like that of the run. */
      readonly workflow: Workflow
      /** Templates of its inputs, by name. */
      readonly with: Readonly<Record<string, string>>
    }
  | {
      readonly type: "routed"
      /** Expression that gives a list. */
      readonly over: string
      /** Key of an item that says its category. */
      readonly by: string
      /** Profile by category. */
      readonly route: Readonly<Record<string, string>>
      /** Profile of a category that `route` does not name; undefined: that is an error. */
      readonly otherwise?: string
      /** Items at most. */
      readonly max: number
    }
  | {
      readonly type: "ensemble"
      /** Profiles. */
      readonly proposers: readonly string[]
      /** The judge and, in this order, who judges when it cannot. */
      readonly judges: readonly string[]
      readonly mode: "parallel" | "sequential"
      readonly verdict: "synthesize" | "pick"
      /** Proposals there must be. */
      readonly quorum: number
    }

/** A step that is done again and again. */
export interface Loop {
  /** Rounds at most. */
  readonly max: number
  /** Expression that ends it; undefined: it ends when a round goes well. */
  readonly until?: string
  /** Rounds without any change in the project after which a person is asked. */
  readonly stagnant: number
}

/** Where a step belongs that a group is made of. */
export interface Part {
  /** Id of the group. */
  readonly of: string
  /** What its siblings call it. */
  readonly name: string
  readonly role?: "proposer" | "judge" | "item" | "round"
  /** Round of a loop, from 1. */
  readonly round?: number
  /** Steps its prompt may read that it does not wait for: they are over. */
  readonly reads?: readonly string[]
  /** Its failure is its group's to judge: it does not stop the run. */
  readonly isTolerated?: true
}

export interface Step {
  readonly id: string
  /** `single`: a worker answers the prompt; `gate`: a person does, nobody works; `check`: only its checks are run; the
   *  others are done by steps of their own (`group`). */
  readonly type: StepType
  readonly description?: string
  /** Name of a profile; of a gate it means nothing. */
  readonly profile: string
  /** `provider/model` in the place of the profile's own; undefined: the profile's. */
  readonly model?: string
  /** Template: `${inputs.x}` and `${step.output}` are filled in when the step starts. */
  readonly prompt: string
  readonly group?: Group
  readonly loop?: Loop
  readonly part?: Part
  /** What `${item}` is in its prompt. */
  readonly item?: unknown
  /** undefined: `fresh`. */
  readonly context?: ContextStrategy
  /** Patterns of the files it owns: what it may write. */
  readonly files?: readonly string[]
  /** Template of the file, inside the project, that its answer is written to. */
  readonly output?: string
  /** What its answer must be: it is parsed as JSON and checked. */
  readonly schema?: JsonSchema
  readonly budget?: Budget
  /** Steps that must have ended, and gone well, before this one starts; of a hook only what its prompt may read. */
  readonly needs: readonly string[]
  /** undefined: an ordinary step. */
  readonly hook?: Hook
  /** Deadline from start to end; undefined: the profile's, then the default. */
  readonly timeoutMs?: number
  /** Deadline of silence (no token, no tool activity); undefined: the profile's, then the default. */
  readonly idleTimeoutMs?: number
  /** undefined: the profile's, then a person. */
  readonly asks?: AskPolicy
  /** Expression that decides whether the step runs, once everything it needs has ended; undefined: it runs when all of
   *  that went well. */
  readonly condition?: string
  /** undefined: one try. */
  readonly retry?: Retry
  /** `external`: it does what cannot be undone or done twice, so it is never done again without a person's word. */
  readonly effects?: "external"
  /** What must hold after the worker has answered. */
  readonly checks?: readonly Check[]
  /** Asked once all checks hold. */
  readonly opinions?: readonly Opinion[]
  /** undefined: the profile's, then the workflow's. */
  readonly intervene?: Intervene
  /** What its failure means after all tries; undefined: `fail`. `skip`: it counts as skipped, and the run goes on. */
  readonly onFailure?: "fail" | "skip"
}

/** When a step runs that is not of the graph: after everything else, as the run went. */
export type Hook = "success" | "failure" | "complete"

/** Tries of a step after a failure. */
export interface Retry {
  /** Tries in all, the first included. */
  readonly maxAttempts: number
  /** Wait before the second try. */
  readonly delayMs: number
  /** `fixed`: the same wait before each; `exponential`: twice as long each time. */
  readonly backoff: "fixed" | "exponential"
}

export interface Settings {
  readonly maxParallel: number
  /** Deadline of the whole run. */
  readonly timeoutMs: number
  /** After a failed step: `stop` starts nothing more; `continue` goes on with what does not need it. */
  readonly onFailure: "stop" | "continue"
  /** undefined: `never`. */
  readonly intervene?: Intervene
  readonly budget?: Budget
  /** How long a gate waits for a person before `gateDefault` is done; undefined: the default. */
  readonly gateTimeoutMs?: number
  /** undefined: `continue` after a step, `abort` of a step of type gate. */
  readonly gateDefault?: GateAction
}

/** Where the value of a secret is found; the value itself is never written down. */
export type SecretSource = { readonly env: string } | { readonly file: string }

export interface Workflow {
  readonly name: string
  readonly description?: string
  readonly inputs: Readonly<Record<string, InputSpec>>
  /** What `${context.variables.x}` is. */
  readonly variables?: Readonly<Record<string, unknown>>
  readonly secrets?: Readonly<Record<string, SecretSource>>
  /** Profile that distils handoffs; undefined: the worker reports itself. */
  readonly distiller?: string
  readonly settings: Settings
  readonly steps: readonly Step[]
}

/** Ceilings of orchestrator.json that no workflow can raise. */
export interface Limits {
  /** Workers of this project at the same time. */
  readonly maxWorkers: number
  /** What one run may spend, whatever its workflow says. */
  readonly budget?: Budget
  /** How deep workers may start workers: 1 means that they may not. undefined (old journals): 1. */
  readonly maxDepth?: number
}
