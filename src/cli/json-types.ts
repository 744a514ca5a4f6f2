import type { Definition, RunEvent } from "../core/model/events.ts"
import type { RunStatus } from "../core/model/result.ts"
import type { InputValue } from "../core/model/workflow.ts"
import type { WorkflowItem } from "../core/view/protocol.ts"
import type { TraceRow } from "../core/view/trace.ts"
import type { TrustChange, TrustContents } from "../core/view/trust-question.ts"
import type { RunView, StepView, WorkerView } from "../core/view/view.ts"
import type { Explained } from "../project/explain.ts"

/**
 * Types of everything that `baton` prints with `--json`. Scripts rely on them, so keys may be added
 * but never renamed or removed. `src/types.ts` exports these types to users of the package.
 */

/** A line of `run`, `resume`, `continue`, `retry`, `skip`, `abort` and `raise`. */
export type JsonLine = EventLine | EndedLine | HandedLine

/** A journal event, with the run it belongs to. */
export type EventLine = Exclude<RunEvent, { readonly type: "run.ended" }> & { readonly run: string }

/** A step in `EndedLine`. */
export type StepSummary = Pick<
  StepView,
  | "status"
  | "reason"
  | "detail"
  | "attempts"
  | "warnings"
  | "checks"
  | "gate"
  | "output"
  | "session"
  | "model"
  | "tokens"
  | "cost"
  | "knownUsd"
>

interface RunSummary extends Pick<RunView, "workflow" | "status" | "cause" | "hold" | "tokens" | "cost" | "knownUsd"> {
  readonly run: string
  /** Keyed by step id. */
  readonly steps: Readonly<Record<string, StepSummary>>
}

/** The last line, with the whole result. A paused or interrupted run has one too. */
export interface EndedLine extends RunSummary {
  readonly type: "run.ended"
}

/** The only line when another process drives the run and the command was handed to it. */
export interface HandedLine {
  readonly type: "run.handed"
  readonly run: string
  readonly workflow: string | null
  readonly command: string
  /** False when that process has not handled the command within five seconds. */
  readonly done: boolean
  readonly status: RunStatus | null
}

/** `baton status --json`; `null` when nothing has run in the project. */
export interface StatusDocument extends RunSummary {
  readonly type: "run.status"
  /** What needs a person in all runs of the project, oldest first. */
  readonly needs: readonly NeedRow[]
}

/** Something that waits for a person. */
export interface NeedRow {
  readonly type: "gate" | "request" | "turn" | "hold" | "interrupted" | "trust"
  readonly run: string | null
  readonly workflow: string | null
  readonly step: string | null
  /** A step, a worker, or a whole run by its workflow. */
  readonly who: string
  readonly text: string
  /** ISO 8601. */
  readonly since: string
}

/** `baton list --json`. */
export interface ListDocument {
  readonly workflows: readonly WorkflowItem[]
  /** Newest first: one page of the runs that the filters let through. */
  readonly runs: readonly ListedRun[]
  /** Whether there are older runs after this page. */
  readonly more: boolean
  /** What needs a person in all runs of the project, oldest first. */
  readonly needs: readonly NeedRow[]
}

export interface ListedRun {
  readonly id: string
  readonly workflow: string
  /** `unknown` when the run's journal cannot be read. */
  readonly status: RunStatus | "unknown"
  /** ISO 8601. */
  readonly createdAt: string
  /** ISO 8601, or null while it has not ended. */
  readonly endedAt: string | null
  /** The inputs that it was started with, in one short line. */
  readonly label: string
  readonly cost: number | null
  readonly knownUsd: number
}

/** `baton plan --json`. */
export interface PlanDocument extends Definition {
  /** File the workflow was read from. */
  readonly file: string
  readonly inputs: Readonly<Record<string, InputValue>>
  /** The document that decides when the run pauses for a person. */
  readonly interveneOf: "workflow" | "config"
  /** Ids of steps. The steps of one wave may run at the same time. */
  readonly waves: readonly (readonly string[])[]
}

/** `baton trace --json`; `null` when nothing has run in the project. */
export interface TraceDocument extends StepView {
  readonly run: string
  /** The journal's entries about the step, in order. */
  readonly happened?: readonly TraceRow[]
}

/** An entry of `baton workers --json`. */
export interface WorkerRow
  extends Pick<WorkerView, "name" | "kind" | "profile" | "model" | "run" | "step" | "session" | "startedAt"> {
  readonly state: "working" | "idle"
  readonly workflow: string | null
}

/** `baton prune --json`, with the ids of runs. */
export interface PruneDocument {
  readonly old: readonly string[]
  readonly deleted: readonly string[]
}

/** `baton state ls --json`. */
export interface StateDocument {
  readonly states: readonly {
    readonly id: string
    /** The real path of the project. */
    readonly path: string
    /** Whether that folder is still the one whose runs these are. */
    readonly exists: boolean
    readonly folder: string
  }[]
}

/** `baton trust --json`. */
export interface TrustDocument {
  readonly folder: string
  readonly verdict: "trusted" | "untrusted" | "changed"
  /** Where a change came from. */
  readonly why: string | null
  /** ISO 8601, or null when nobody trusts the folder. */
  readonly trustedAt: string | null
  readonly trustedBy: string | null
  /** The commit then. */
  readonly head: string | null
  /** What the folder would run and reach, by kind. */
  readonly contents: readonly TrustContents[]
  readonly changes: readonly TrustChange[]
  /** The files that decide this, by their path relative to the folder. */
  readonly files: readonly { readonly path: string; readonly sha256?: string; readonly unreadable?: string }[]
}

/** `baton doctor --json`. */
export interface DoctorDocument {
  readonly findings: readonly DoctorFinding[]
}

export interface DoctorFinding {
  readonly state: "good" | "note" | "bad"
  readonly text: string
  /** What to do, or more detail; may have several lines. */
  readonly detail?: string
}

/** The output of each command that prints one document. */
export interface JsonDocuments {
  readonly status: StatusDocument | null
  readonly list: ListDocument
  readonly plan: PlanDocument
  readonly trace: TraceDocument | null
  readonly workers: readonly WorkerRow[]
  readonly prune: PruneDocument
  readonly state: StateDocument
  readonly trust: TrustDocument
  readonly pause: HandedLine
  readonly doctor: DoctorDocument
  /** `baton config explain`. */
  readonly explain: readonly Explained[]
}
