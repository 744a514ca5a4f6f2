import type { DecidedBy } from "./decided.ts"
import type { Handoff } from "./handoff.ts"
import type { Profile } from "./profile.ts"
import type { RequestEvent, WorkerReply, WorkerRequest } from "./request.ts"
import type { CheckResult, Hold, RunStatus, StepResult, StopCause, Tokens, Warning } from "./result.ts"
import type { Budget, GateAction, InputValue, Limits, Step, Workflow } from "./workflow.ts"

/**
 * The highest format of a run that this version reads. It grows with a change that an older version
 * would misunderstand. Formats so far: 1, which no event says; 2, since `RunCreated.ids`; 3, since
 * `RunCreated.nonceKey`.
 */
export const RUN_FORMAT = 3

/**
 * The journal's events. An event is a fact, written before anything depends on it (G1). `evolve`
 * folds a run's events in order into the run. The names are on users' disks: add, never rename.
 *
 *   run.created → run.format → (step.started → step.opened → step.ended)* → run.ended
 *
 * - step.checkpointed → step.opened precedes step.ended each time a session grows too large.
 * - step.warned, step.steered, step.asked and step.replied may occur between step.started and
 *   step.ended.
 * - step.answered → step.checked → gate.opened → gate.decided precede step.ended; a step has only
 *   those that it needs.
 * - step.ended with `retryAt` is followed by step.started of the next attempt.
 * - step.skipped replaces step.started.
 * - run.closing precedes the hooks, and the hooks precede run.ended.
 * - A group has step.started → (step.looked → step.expanded → its parts)* → step.ended.
 * - step.held replaces step.ended: the attempt continues after run.resumed.
 * - run.paused or run.interrupted → run.resumed may occur anywhere between; a crash leaves no event.
 */
export type RunEvent =
  | RunCreated
  /** The format of the run's events, `RUN_FORMAT` of the version that wrote it. A version that knows
   *  only lower ones refuses the run, and one from before this event does not know the event. */
  | { readonly type: "run.format"; readonly at: number; readonly format: number }
  /** The run was stopped on purpose and can be resumed. A resume restarts the steps that were
   *  running. */
  | { readonly type: "run.interrupted"; readonly at: number; readonly by: string }
  /** Nothing is running any more, and the hold keeps the remaining steps back until a person
   *  resumes. */
  | { readonly type: "run.paused"; readonly at: number; readonly hold: Hold }
  /** The workflow was edited. A step keeps its result when neither it nor any step it needs has
   *  changed; every other step is reset. */
  | ({ readonly type: "run.edited"; readonly at: number } & DecidedBy & Definition)
  /** No new step starts until a person resumes the run. Running steps continue. */
  | ({ readonly type: "run.pausing"; readonly at: number; readonly hold: Hold } & Partial<DecidedBy>)
  /** A person resumed the run. An interrupted or paused run continues; a run that has ended repeats
   *  the steps that did not succeed. */
  | ({
      readonly type: "run.resumed"
      readonly at: number
      readonly parent?: string
      /** A message to the worker of this step, delivered with its next try. */
      readonly say?: { readonly step: string; readonly text: string }
      /** Set when the run never stopped; it keeps its deadline clock. */
      readonly isLive?: true
    } & DecidedBy)
  /** No new step starts from here on. `abort` and `deadline` also stop the running steps. */
  | ({ readonly type: "run.stopping"; readonly at: number; readonly cause: StopCause } & Partial<DecidedBy>)
  /** Every step except the hooks is over. The hooks that match this status run next. */
  | { readonly type: "run.closing"; readonly at: number; readonly status: "success" | "failed" }
  | {
      readonly type: "run.ended"
      readonly at: number
      readonly status: Exclude<RunStatus, "running" | "interrupted" | "paused">
      readonly cause?: StopCause
    }
  /** The state of the project's files according to git, before the first worker started.
   *  `run.changed` is measured against it. */
  | ({ readonly type: "run.seen"; readonly at: number } & Seen)
  /** The files that have changed since `run.seen`, no matter who changed them. Written after the
   *  run has ended. Neither event is written when the project is in no git repository. */
  | {
      readonly type: "run.changed"
      readonly at: number
      /** Paths relative to the project. */
      readonly files: readonly string[]
    }
  /** Why `run.seen` or `run.changed` is missing although the project is in a git repository. */
  | ({ readonly type: "run.unseen"; readonly at: number } & Unseen)
  /** The step may start. Written before its worker exists. */
  | {
      readonly type: "step.started"
      readonly at: number
      readonly step: string
      readonly attempt: number
      /** Set when this try continues in the session of the previous one; its text replaces the
       *  prompt. */
      readonly goOn?: GoOn
    }
  /** The worker exists and is about to be prompted. After a crash, this tells where to look for its
   *  answer. */
  | {
      readonly type: "step.opened"
      readonly at: number
      readonly step: string
      readonly attempt: number
      readonly session: string
      /** The requested model as `provider/model`. */
      readonly model: string | null
      /** SHA-256 of the step's input: its profile and its resolved prompt (G2). */
      readonly inputHash: string
      readonly prompt: string
      /** The context that the worker got from the session the run was started from, if any. */
      readonly context?: string
    }
  /** The context of the worker's session had grown too large. The worker wrote down its progress,
   *  and the attempt continues in a new session. */
  | ({ readonly type: "step.checkpointed"; readonly at: number } & Checkpointed)
  /** Something a person should know that did not fail the step. */
  | {
      readonly type: "step.warned"
      readonly at: number
      readonly step: string
      readonly attempt: number
      readonly warning: Warning
    }
  /** A person or a tool sent the worker a message, interrupted it, or let it continue. Written
   *  before it happens. */
  | ({ readonly type: "step.steered"; readonly at: number; readonly step: string; readonly attempt: number } & Steered)
  | RequestEvent
  /** The attempt cannot continue for now. It continues when the run is resumed. */
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
      /** When the next try starts (milliseconds since 1970). When it is absent, this was the last
       *  try. */
      readonly retryAt?: number
      /** The usage of workers that this step's worker started during this try. It counts against
       *  the run's budget. */
      readonly delegated?: Usage
    }
  /** The result of an attempt whose checks or gate still have to decide before the step ends. */
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
      /** The answer, parsed as JSON. */
      readonly structured?: unknown
      /** Why the answer does not match the step's schema, with the path of the mismatch. */
      readonly schemaError?: string
      /** The file the answer was saved to. */
      readonly saved?: string
      /** The handoff that the workflow's distiller extracted from the answer. */
      readonly handoff?: Handoff
      /** The usage of the reviewers and the distiller. */
      readonly took?: Usage
    }
  /** The next steps of a group. They are part of the run from here on. */
  | {
      readonly type: "step.expanded"
      readonly at: number
      readonly step: string
      readonly steps: readonly Step[]
      /** The inputs of a nested workflow. */
      readonly inputs?: Readonly<Record<string, InputValue>>
      /** The seed that the order of an ensemble's proposals was drawn with. */
      readonly seed?: number
    }
  /** The step waits for a person. No new step of the run starts. */
  | {
      readonly type: "gate.opened"
      readonly at: number
      readonly step: string
      readonly why: "error" | "warning" | "always" | "gate" | "effects" | "stagnant" | "budget"
      /** One sentence for a person. */
      readonly detail: string
      /** When `otherwise` is applied in the place of a person's decision (ms since 1970). */
      readonly expiresAt: number
      readonly otherwise: GateAction
    }
  /** The state of the project after a round of a loop. */
  | {
      readonly type: "step.looked"
      readonly at: number
      readonly step: string
      readonly attempt: number
      readonly fingerprint: string
    }
  | ({
      readonly type: "gate.decided"
      readonly at: number
      readonly step: string
      readonly action: GateAction
      /**
       * With `retry`, a message to the worker. With `continue` of a gate step, the step's output.
       */
      readonly message?: string
    } & DecidedBy)
  /** A person raised the run's budget. */
  | ({ readonly type: "budget.raised"; readonly at: number; readonly budget: Budget } & DecidedBy)
  /** The step does not run. `condition`: its own condition is false; `needs`: a step it needs
   *  failed. */
  | {
      readonly type: "step.skipped"
      readonly at: number
      readonly step: string
      readonly cause: "condition" | "needs" | "person"
      /** One sentence for a person. */
      readonly detail: string
    }

/** The state of a project's files according to git. */
export interface Seen {
  /** The current commit, or the empty tree before the first commit. */
  readonly commit: string
  /** Files that differ from the commit or are not in it, relative to the project. Each maps to a
   *  fingerprint of its content. */
  readonly dirty: Readonly<Record<string, string>>
}

/** Why the state of a project's files is not known. */
export interface Unseen {
  /** A sentence without a full stop. */
  readonly why: string
}

export interface GoOn {
  /** When there is no session, the text is appended to the prompt. */
  readonly session?: string
  readonly text: string
}

/** What was done to a worker in the middle of its task. */
export interface Steered {
  readonly by: string
  readonly action: "message" | "interrupt" | "resume" | "handback"
  /** Identifies a message, so that sending it again does not deliver it twice. */
  readonly id?: string
  readonly text?: string
}

interface Checkpointed {
  readonly step: string
  readonly attempt: number
  /** The progress that the worker wrote down. */
  readonly text: string
  /** Usage since the attempt started, or since its previous checkpoint. */
  readonly took: Usage
}

export interface Usage {
  readonly tokens: Tokens
  /** US dollars, or null when any part of the price is unknown. */
  readonly cost: number | null
  /** The known part of a cost that is unknown. Without it, no part is known. */
  readonly knownUsd?: number
}

/** What defines a run besides its inputs. */
export interface Definition {
  readonly workflow: Workflow
  readonly profiles: Readonly<Record<string, Profile>>
  readonly limits: Limits
}

export interface RunCreated {
  readonly type: "run.created"
  readonly at: number
  readonly run: string
  /** A snapshot. Editing the file later does not change this run. */
  readonly workflow: Workflow
  readonly inputs: Readonly<Record<string, InputValue>>
  readonly profiles: Readonly<Record<string, Profile>>
  readonly limits: Limits
  /** The session that the run was started from. The workers' sessions are its children. */
  readonly parent?: string
  /** The depth of the session the run was started from. 0 or undefined: a person's own session. */
  readonly depth?: number
  /** Set when the run is a single question to this worker instead of a workflow. Its answer goes to
   *  the parent session as a handoff. */
  readonly ask?: string
  readonly by: string
  /** Set when the project's folder was not trusted, so that the run uses nothing of it. */
  readonly usesFolder?: false
  /** How the ids of messages in OpenCode are made. `time`: they begin with a journalled time, as
   *  OpenCode's own do. Undefined in runs of earlier versions: they are hashes. */
  readonly ids?: "time"
  /** Random; the nonces of the run's prompts are made from it. Undefined in earlier versions' runs. */
  readonly nonceKey?: string
}

/** A request to change a run. `decide` turns it into events or refuses it. */
export type Command =
  | { readonly type: "create"; readonly created: Omit<RunCreated, "type" | "at"> }
  | ({
      readonly type: "resume"
      readonly parent?: string
      /** The workflow as it is now. When it is undefined, the run keeps its own. */
      readonly edited?: Definition
      /** Set when the receiver drives the run already: its running steps have their workers. */
      readonly isLive?: true
    } & DecidedBy)
  | { readonly type: "interrupt"; readonly by: string }
  | ({ readonly type: "abort" } & DecidedBy)
  | { readonly type: "deadline" }
  /** The time of a retry, or the deadline of a gate, has come. */
  | { readonly type: "tick" }
  /** No new step starts until `resume`. */
  | ({ readonly type: "pause" } & DecidedBy)
  /** Decides an open gate. `retry` also restarts a failed step of a run that has ended. */
  | ({
      readonly type: "decide"
      readonly step: string
      readonly action: GateAction
      readonly message?: string
      /** The session that the run belongs to from here on. */
      readonly parent?: string
    } & DecidedBy)
  | ({ readonly type: "raise"; readonly budget: Budget } & DecidedBy)
  | ({ readonly type: "seen" } & Seen)
  | ({ readonly type: "unseen" } & Unseen)
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
  /** The state of the project after a round of a loop. */
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
  | ({ readonly type: "asked"; readonly step: string; readonly attempt: number } & WorkerRequest)
  | ({ readonly type: "replied"; readonly step: string; readonly attempt: number } & WorkerReply)
  | { readonly type: "held"; readonly step: string; readonly attempt: number; readonly hold: Hold }
  | {
      readonly type: "ended"
      readonly step: string
      readonly attempt: number
      readonly result: StepResult
      readonly delegated?: Usage
    }

/**
 * What the engine must do once the events are on disk. Performing an effect twice is harmless,
 * because workers are keyed by step and attempt.
 */
export type Effect =
  | { readonly type: "start"; readonly step: string; readonly attempt: number; readonly resumed: boolean }
  | { readonly type: "stop"; readonly step: string; readonly attempt: number }
  /** Take the fingerprint of the project after a round of a loop, then send `looked`. */
  | { readonly type: "look"; readonly step: string; readonly attempt: number }
  /** Run the checks of a step that has answered, then send `checked`. */
  | { readonly type: "check"; readonly step: string; readonly attempt: number }
  /** Send `tick` at this time (milliseconds since 1970), or as soon after it as possible. A later
   *  `wake` replaces this one. */
  | { readonly type: "wake"; readonly at: number }
  /** `at`: when this message was sent first (milliseconds since 1970). */
  | {
      readonly type: "steer"
      readonly step: string
      readonly attempt: number
      readonly steered: Steered
      readonly at: number
    }
