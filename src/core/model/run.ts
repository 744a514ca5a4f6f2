import { type Queue, shift } from "../base/queue.ts"
import { rowAt, type Table } from "../base/table.ts"
import type { Spending } from "./budget.ts"
import type { GoOn, RunCreated, RunEvent, Seen } from "./events.ts"
import type { DependencyGraph } from "./graph.ts"
import type { WorkerRequest } from "./request.ts"
import type { CheckResult, Hold, RunStatus, StepResult, StepStatus, StopCause, Warning } from "./result.ts"
import { NO_TOTAL_USAGE, plus, type TotalUsage } from "./usage.ts"
import type { Budget, InputValue, Step } from "./workflow.ts"

/** The state of one step of a run, folded from its events. */
export interface StepState {
  readonly id: string
  readonly index: number
  readonly status: StepStatus
  /** The number of tries so far; 0 before the first. */
  readonly attempt: number
  /** The number of needs that have not ended yet. */
  readonly unmet: number
  /** The first need that failed. */
  readonly broken?: string
  /** When the next try starts, while the step waits for it. */
  readonly retryAt?: number
  /** The usage of its earlier tries. */
  readonly earlier?: TotalUsage
  readonly skipped?: Skip
  /** It has answered, but its checks or its gate must still decide before it ends. */
  readonly isAnswered?: true
  readonly checks?: readonly CheckResult[]
  /** The file that its answer was saved to. */
  readonly saved?: string
  readonly gate?: Gate
  /** It was reset after at least one try. */
  readonly isReset?: true
  /** A person's message to its worker, delivered in its last session with the next try. */
  readonly say?: string
  /** How its last attempt ended, set when the step is reset. The next attempt tells its worker. */
  readonly lastFailure?: Pick<StepResult, "reason" | "detail">
  /** The session and the text that this try continues with. */
  readonly goOn?: GoOn
  readonly startedAt?: number
  /** When the current or the last try started. */
  readonly tryStartedAt?: number
  readonly endedAt?: number
  readonly session?: string
  /** The sessions of its earlier tries. */
  readonly earlierSessions?: readonly string[]
  readonly requestedModel?: string | null
  readonly inputHash?: string
  readonly prompt?: string
  readonly context?: string
  /** How often it has continued in a new session, and the progress it wrote down the last time. */
  readonly checkpoint?: { readonly count: number; readonly text: string }
  readonly warnings?: readonly Warning[]
  /** What its worker has asked for in this try, and whether that was answered. */
  readonly requests?: readonly StepRequest[]
  /** Messages to its worker since the prompt, in order. */
  readonly messages?: readonly WorkerMessage[]
  readonly hold?: Hold
  readonly result?: StepResult
  /** How often its answer did not match the schema. */
  readonly schemaFailures?: number
  /** The progress of a group. */
  readonly parts?: Parts
}

/** The progress of a group's parts. */
export interface Parts {
  /** Its parts by index, in the order in which they were added. */
  readonly all: readonly number[]
  /** The number of parts that are not over yet. */
  readonly open: number
  /** How often the group was expanded. */
  readonly stages: number
  /** The inputs of a nested workflow. */
  readonly inputs?: Readonly<Record<string, InputValue>>
  readonly seed?: number
  /**
   * For a loop: the fingerprint of the project after the last round, how often in a row it was the
   * same, and the number of that round.
   */
  readonly look?: { readonly fingerprint: string; readonly same: number; readonly round: number }
  /**
   * For a loop that was reset: the number of rounds before the reset. For an ensemble: the number
   * of judges before it.
   */
  readonly before?: number
  /**
   * For an ensemble: the number of judges whose verdict no longer counts, because a check or a
   * person wants another.
   */
  readonly refused?: number
}

export type SkipCause = Extract<RunEvent, { type: "step.skipped" }>["cause"]

/**
 * Why a step was skipped: the cause of its event, or it is a hook of another end than the run's.
 */
export type Skip =
  | { readonly cause: SkipCause; readonly detail: string }
  | { readonly cause: "condition"; readonly end: "success" | "failed" }

/**
 * What holds a run. With `step`, the hold is the gate of that step, and `detail` is the gate's
 * text.
 */
export type RunHold = Hold & { readonly step?: string }

/** The gate at which a step waits for a person. */
export type Gate = Omit<Extract<RunEvent, { type: "gate.opened" }>, "type" | "at" | "step"> & {
  readonly openedAt: number
}

/** `isDoubtful`: the run was taken up again since, and the request may have ended unheard. */
export type StepRequest = WorkerRequest & {
  readonly askedAt: number
  readonly isOver?: true
  readonly isDoubtful?: true
}

/** A message to a worker. The id identifies it when it is sent again. */
export interface WorkerMessage {
  readonly id: string
  readonly text: string
  /** When it was sent first (milliseconds since 1970). Undefined for one that is not journalled. */
  readonly at?: number
}

/** The state of a run, folded by `evolve` from its events. Immutable; derived and never stored. */
export interface Run {
  readonly id: string
  readonly created: RunCreated
  readonly status: RunStatus
  readonly parent?: string
  readonly stopping?: StopCause
  readonly cause?: StopCause
  /** Set while a step is held. Nothing more starts, and the run pauses when nothing is running. */
  readonly hold?: RunHold
  /** The run's outcome, set while its hooks run. */
  readonly closing?: "success" | "failed"
  readonly endedAt?: number
  readonly steps: Table<StepState>
  /**
   * The definitions of the steps, by the same index: those of the workflow, then the parts of
   * groups in the order in which they were added.
   */
  readonly specs: readonly Step[]
  /** Groups (by index) that can advance: all their parts so far are over, or they have none yet. */
  readonly due: readonly number[]
  /** Steps (by index) whose needs have ended, in that order. */
  readonly ready: Queue<number>
  /** Steps (by index) that wait for their next try. */
  readonly delayed: readonly number[]
  /**
   * The number of running steps that count towards the limit. Groups do not count; their parts do.
   */
  readonly running: number
  /** The number of tries started. */
  readonly tries: number
  /**
   * The number of the workflow's own steps, without parts, that succeeded or were skipped without a
   * failed need.
   */
  readonly well: number
  readonly spent: TotalUsage
  /** The usage of workers that this run's workers started. */
  readonly delegated: TotalUsage
  readonly budget: Budget
  /**
   * When the current stretch of work began. The run's deadline counts from here, so that a night
   * between a crash and a resume does not count.
   */
  readonly activeSince: number
  /** How long the run was active before that (milliseconds). */
  readonly workedMs: number
  readonly graph: DependencyGraph
  /** The state of the project's files at the start, or undefined when it is not known. */
  readonly seen?: Seen
}

/**
 * True when a step is over and its dependents can start: it succeeded, or was skipped for another
 * reason than a failed need.
 */
export function wentWell({ status, skipped }: Pick<StepState, "status" | "skipped">): boolean {
  return status === "success" || (status === "skipped" && skipped?.cause !== "needs")
}

export function stepOf(run: Run, id: string): StepState | undefined {
  const index = run.graph.indexOf.get(id)
  return index === undefined ? undefined : rowAt(run.steps, index)
}

/** Returns the first step that is ready, not decided yet, and allowed to start by `mayStart`. */
export function nextReady(run: Run, mayStart: (step: StepState) => boolean): StepState | undefined {
  for (let next = shift(run.ready); next; next = shift(next.rest)) {
    const step = rowAt(run.steps, next.item)
    // A step may be in the queue twice, and it stays there when a step behind it was taken.
    if (step.status === "pending" && step.retryAt === undefined && step.unmet === 0 && mayStart(step)) return step
  }
  return undefined
}

/** Returns what a run has spent of its budget until now, without what its workers do now. */
export function spendingOf(run: Run, now: number): Spending {
  const since = run.status === "running" ? Math.max(0, now - run.activeSince) : 0
  return { ...plus(run.spent, run.delegated), tries: run.tries, timeMs: run.workedMs + since }
}

/** Returns the usage of all ended tries of a step, or undefined before the first has ended. */
export function spentBy({ earlier, result }: StepState): TotalUsage | undefined {
  return earlier === undefined && result === undefined ? undefined : plus(earlier ?? NO_TOTAL_USAGE, result)
}
