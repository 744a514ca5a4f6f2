import type { Handoff } from "./handoff.ts"
import type { Profile } from "./profile.ts"
import type { CheckResult, Hold, RunStatus, StepResult, StopCause, Tokens, Warning } from "./result.ts"
import type { Budget, GateAction, InputValue, Limits, Step, Workflow } from "./workflow.ts"

/**
 * The journal's vocabulary. An event is a fact, written before anything depends on it (G1); the run is what
 * `evolve` makes of its events in order. Words here are on users' disks: add, never rename.
 *
 *   run.created → (step.started → step.opened → step.ended)* → run.ended
 *                 step.checkpointed → step.opened, as often as a session becomes too long, before step.ended
 *                 step.warned and step.steered may stand between step.started and step.ended
 *                 step.answered → step.checked → gate.opened → gate.decided before step.ended, as far as a step has them
 *                 step.ended with `retryAt` → step.started of the next attempt; step.skipped in the place of step.started
 *                 run.closing before the steps that are hooks, and these before run.ended
 *                 of a group step.started → (step.looked → step.expanded → its parts)* → step.ended
 *                 step.held in the place of step.ended: the attempt goes on after run.resumed
 *                 run.paused or run.interrupted → run.resumed anywhere between; a crash leaves no event at all.
 */
export type RunEvent =
  | RunCreated
  /** The run was stopped on purpose and can be resumed; steps that were running are asked for again then. */
  | { readonly type: "run.interrupted"; readonly at: number; readonly by: string }
  /** Nothing runs any more and something holds the rest; a person says when to go on. */
  | { readonly type: "run.paused"; readonly at: number; readonly hold: Hold }
  /** The workflow was changed: what is the same, and whose needs are, stays as it is; the rest is to be done (again). */
  | ({ readonly type: "run.edited"; readonly at: number; readonly by: string } & Definition)
  /** Nothing new starts from here on, until a person says so; what runs goes on. */
  | { readonly type: "run.pausing"; readonly at: number; readonly hold: Hold; readonly by?: string }
  /** A person said go on: with an interrupted or paused run, or anew with what did not go well in one that has ended. */
  | {
      readonly type: "run.resumed"
      readonly at: number
      readonly by: string
      readonly parent?: string
      /** Said to the worker of a step when it is tried again. */
      readonly say?: { readonly step: string; readonly text: string }
      /** It was at work all the time: its time goes on. */
      readonly isLive?: true
    }
  /** Nothing new starts from here on; `abort` and `deadline` also end what is running. */
  | { readonly type: "run.stopping"; readonly at: number; readonly cause: StopCause; readonly by?: string }
  /** Everything but the hooks is over: those that are for this end run now. */
  | {
      readonly type: "run.closing"
      readonly at: number
      readonly status: "success" | "failed"
    }
  | {
      readonly type: "run.ended"
      readonly at: number
      readonly status: Exclude<RunStatus, "running" | "interrupted" | "paused">
      readonly cause?: StopCause
    }
  /** What git said of the project before the first worker: what `run.changed` is measured against. */
  | ({ readonly type: "run.seen"; readonly at: number } & Seen)
  /** The run has ended: the files that have changed since `run.seen`, whoever changed them. Neither event is there where
   *  git is not. */
  | {
      readonly type: "run.changed"
      readonly at: number
      /** Relative to the project. */
      readonly files: readonly string[]
    }
  /** Decided: the step may start. Written before its worker exists. */
  | {
      readonly type: "step.started"
      readonly at: number
      readonly step: string
      readonly attempt: number
      /** Of a further try that goes on in the session of the one before: what is said there in place of the prompt. */
      readonly goOn?: GoOn
    }
  /** The worker exists and is about to be prompted: where to look for its answer after a crash. */
  | {
      readonly type: "step.opened"
      readonly at: number
      readonly step: string
      readonly attempt: number
      readonly session: string
      /** `provider/model` that was asked for. */
      readonly model: string | null
      /** SHA-256 of what the step was given: profile and resolved prompt (G2). */
      readonly inputHash: string
      readonly prompt: string
      /** What the worker was told of the session it was started from, if anything. */
      readonly context?: string
    }
  /** The worker's session had become too long: it wrote down where it stands, and the attempt goes on in a new one. */
  | ({ readonly type: "step.checkpointed"; readonly at: number } & Checkpointed)
  /** Something a person should know, which did not fail the step. */
  | {
      readonly type: "step.warned"
      readonly at: number
      readonly step: string
      readonly attempt: number
      readonly warning: Warning
    }
  /** A person (or a tool) said something to the worker, or stopped it, or let it go on. Written before it happens. */
  | ({ readonly type: "step.steered"; readonly at: number; readonly step: string; readonly attempt: number } & Steered)
  /** The attempt cannot go on now; it is taken up again when the run is resumed. */
  | {
      readonly type: "step.held"
      readonly at: number
      readonly step: string
      readonly attempt: number
      readonly hold: Hold
    }
  | {
      readonly type: "step.ended"
      readonly at: number
      readonly step: string
      readonly attempt: number
      readonly result: StepResult
      /** When the next try begins (milliseconds since 1970); without it this was the last. */
      readonly retryAt?: number
      /** What workers took that its worker had started in this try: counts against the run's budget. */
      readonly delegated?: Usage
    }
  /** What an attempt came to, where checks or a person have a say before the step is over. */
  | {
      readonly type: "step.answered"
      readonly at: number
      readonly step: string
      readonly attempt: number
      readonly result: StepResult
      readonly delegated?: Usage
    }
  | {
      readonly type: "step.checked"
      readonly at: number
      readonly step: string
      readonly attempt: number
      readonly checks: readonly CheckResult[]
      /** The answer as data. */
      readonly structured?: unknown
      /** Why it is not the data the step wants, with the path of what is wrong. */
      readonly schemaError?: string
      /** The file the answer was written to. */
      readonly saved?: string
      /** What the workflow's distiller took out of the answer. */
      readonly handoff?: Handoff
      /** What opinions, and the distiller, took. */
      readonly took?: Usage
    }
  /** A group's next steps: they belong to the run from here on. */
  | {
      readonly type: "step.expanded"
      readonly at: number
      readonly step: string
      readonly steps: readonly Step[]
      /** Of a nested workflow: the inputs its steps see. */
      readonly inputs?: Readonly<Record<string, InputValue>>
      /** Of an ensemble: what the order of the proposals was drawn with. */
      readonly seed?: number
    }
  /** The step waits for a person; nothing new of the run starts. */
  | {
      readonly type: "gate.opened"
      readonly at: number
      readonly step: string
      readonly why: "error" | "warning" | "always" | "gate" | "effects" | "stagnant" | "budget"
      /** One sentence for a person. */
      readonly detail: string
      /** When `otherwise` is done in a person's place (milliseconds since 1970). */
      readonly expiresAt: number
      readonly otherwise: GateAction
    }
  /** A round of a loop is over: what the project is like now. */
  | {
      readonly type: "step.looked"
      readonly at: number
      readonly step: string
      readonly attempt: number
      readonly fingerprint: string
    }
  | {
      readonly type: "gate.decided"
      readonly at: number
      readonly step: string
      readonly action: GateAction
      readonly by: string
      /** Said to the worker with a retry; of a gate's `continue` its output. */
      readonly message?: string
    }
  /** A person lets the run spend more. */
  | { readonly type: "budget.raised"; readonly at: number; readonly budget: Budget; readonly by: string }
  /** Decided: the step does not run. `condition`: its own said no; `needs`: what it needs went wrong. */
  | {
      readonly type: "step.skipped"
      readonly at: number
      readonly step: string
      readonly cause: "condition" | "needs" | "person"
      /** One sentence for a person. */
      readonly detail: string
    }

/** A project's files as git tells them. */
export interface Seen {
  /** The commit, or the empty tree before the first. */
  readonly commit: string
  /** Files that differ from it or are not in it, relative to the project, each with what tells its content from others. */
  readonly dirty: Readonly<Record<string, string>>
}

export interface GoOn {
  /** undefined: there is none, and the text is added to the prompt. */
  readonly session?: string
  readonly text: string
}

/** What was done to a worker in the middle of its task. */
export interface Steered {
  readonly by: string
  readonly action: "message" | "interrupt" | "resume" | "handback"
  /** Of a message: what makes it the same message when it is sent again. */
  readonly id?: string
  readonly text?: string
}

interface Checkpointed {
  readonly step: string
  readonly attempt: number
  /** What it wrote down. */
  readonly text: string
  /** What it took since the beginning of the attempt, or since the last time. */
  readonly took: Usage
}

export interface Usage {
  readonly tokens: Tokens
  readonly cost: number | null
}

/** What a run is made of besides its inputs. */
export interface Definition {
  readonly workflow: Workflow
  readonly profiles: Readonly<Record<string, Profile>>
  readonly limits: Limits
}

export interface RunCreated {
  readonly type: "run.created"
  readonly at: number
  readonly run: string
  /** A snapshot: a later edit of the file does not change this run. */
  readonly workflow: Workflow
  readonly inputs: Readonly<Record<string, InputValue>>
  readonly profiles: Readonly<Record<string, Profile>>
  readonly limits: Limits
  /** Session the run was started from; its child sessions do the work. */
  readonly parent?: string
  /** How deep the session it was started from is: 0 (or undefined) for a person's own. */
  readonly depth?: number
  /** Set when it is no workflow but one question to this worker; its answer goes to the parent as a handoff. */
  readonly ask?: string
  readonly by: string
}

/** What can be asked of a run; `decide` turns it into events or refuses. */
export type Command =
  | { readonly type: "create"; readonly created: Omit<RunCreated, "type" | "at"> }
  | {
      readonly type: "resume"
      readonly by: string
      readonly parent?: string
      /** The workflow as it is now; undefined: as it was. */
      readonly edited?: Definition
      /** Whoever hears it drives the run: what is at work has its worker. */
      readonly isLive?: true
    }
  | { readonly type: "interrupt"; readonly by: string }
  | { readonly type: "abort"; readonly by: string }
  | { readonly type: "deadline" }
  /** The time of a retry, or of a gate's end, has come. */
  | { readonly type: "tick" }
  /** Nothing new starts until `resume`. */
  | { readonly type: "pause"; readonly by: string }
  /** Decides an open gate; `retry` also starts a failed step of a run that has ended. */
  | {
      readonly type: "decide"
      readonly step: string
      readonly action: GateAction
      readonly by: string
      readonly message?: string
      /** Session the run's work belongs to from here on. */
      readonly parent?: string
    }
  | { readonly type: "raise"; readonly budget: Budget; readonly by: string }
  | ({ readonly type: "seen" } & Seen)
  | { readonly type: "changed"; readonly files: readonly string[] }
  | {
      readonly type: "checked"
      readonly step: string
      readonly attempt: number
      readonly checks: readonly CheckResult[]
      readonly structured?: unknown
      readonly schemaError?: string
      readonly saved?: string
      readonly handoff?: Handoff
      readonly took?: Usage
    }
  /** What the project is like after a round of a loop. */
  | { readonly type: "looked"; readonly step: string; readonly attempt: number; readonly fingerprint: string }
  | {
      readonly type: "opened"
      readonly step: string
      readonly attempt: number
      readonly session: string
      readonly model: string | null
      readonly inputHash: string
      readonly prompt: string
      readonly context?: string
    }
  | ({ readonly type: "checkpointed" } & Checkpointed)
  | { readonly type: "warned"; readonly step: string; readonly attempt: number; readonly warning: Warning }
  | ({ readonly type: "steered"; readonly step: string; readonly attempt: number } & Steered)
  | { readonly type: "held"; readonly step: string; readonly attempt: number; readonly hold: Hold }
  | {
      readonly type: "ended"
      readonly step: string
      readonly attempt: number
      readonly result: StepResult
      readonly delegated?: Usage
    }

/** What the engine must do after the events are on disk. Performing one twice is harmless: workers are keyed. */
export type Effect =
  | { readonly type: "start"; readonly step: string; readonly attempt: number; readonly resumed: boolean }
  | { readonly type: "stop"; readonly step: string; readonly attempt: number }
  /** Look what the project is like after a round of a loop; then send `looked`. */
  | { readonly type: "look"; readonly step: string; readonly attempt: number }
  /** Run the checks of a step that has answered; then send `checked`. */
  | { readonly type: "check"; readonly step: string; readonly attempt: number }
  /** Send `tick` at that time (milliseconds since 1970), or as soon after as possible; the last one counts. */
  | { readonly type: "wake"; readonly at: number }
  | { readonly type: "steer"; readonly step: string; readonly attempt: number; readonly steered: Steered }
