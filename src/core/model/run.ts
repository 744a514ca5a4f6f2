import { type Queue, shift } from "../base/queue.ts"
import { rowAt, type Table } from "../base/table.ts"
import type { GoOn, RunCreated, RunEvent, Seen } from "./events.ts"
import type { DependencyGraph } from "./graph.ts"
import type { CheckResult, Hold, RunStatus, StepResult, StepStatus, StopCause, Warning } from "./result.ts"
import { NO_TOTAL_USAGE, plus, type TotalUsage } from "./usage.ts"
import type { Budget, InputValue, Step } from "./workflow.ts"

/** One step of a run, as its events tell it. */
export interface StepState {
  readonly id: string
  readonly index: number
  readonly status: StepStatus
  /** Tries so far; 0 before the first. */
  readonly attempt: number
  /** Needs that have not ended yet. */
  readonly unmet: number
  /** The first need that did not go well. */
  readonly broken?: string
  /** When its next try begins, while it waits for that. */
  readonly retryAt?: number
  /** What its earlier tries took. */
  readonly earlier?: TotalUsage
  readonly skipped?: Skip
  /** It has answered, and checks or a person have a say before it is over. */
  readonly isAnswered?: true
  readonly checks?: readonly CheckResult[]
  /** File its answer was written to. */
  readonly saved?: string
  readonly gate?: Gate
  /** It had ended when its run was taken up anew. */
  readonly isReset?: true
  /** What a person says to its worker in its last session when it is tried again. */
  readonly say?: string
  /** How its last attempt ended, once the step is reset: the next attempt tells its worker. */
  readonly lastFailure?: Pick<StepResult, "reason" | "detail">
  /** What this try goes on with. */
  readonly goOn?: GoOn
  readonly startedAt?: number
  /** When its present or last try began. */
  readonly tryStartedAt?: number
  readonly endedAt?: number
  readonly session?: string
  /** Those of its earlier tries. */
  readonly earlierSessions?: readonly string[]
  readonly requestedModel?: string | null
  readonly inputHash?: string
  readonly prompt?: string
  readonly context?: string
  /** It has gone on in a new session so many times, the last time with what it wrote down then. */
  readonly checkpoint?: { readonly count: number; readonly text: string }
  readonly warnings?: readonly Warning[]
  /** What was said to its worker since the prompt, in order. */
  readonly messages?: readonly WorkerMessage[]
  readonly hold?: Hold
  readonly result?: StepResult
  /** Times its answer was not the data that is wanted. */
  readonly schemaFailures?: number
  /** Of a group: what became of it so far. */
  readonly parts?: Parts
}

/** How far a group is. */
export interface Parts {
  /** Its parts by index, in the order they came. */
  readonly all: readonly number[]
  /** Those that are not over yet. */
  readonly open: number
  /** How often it was expanded. */
  readonly stages: number
  /** Of a nested workflow: what its steps see as inputs. */
  readonly inputs?: Readonly<Record<string, InputValue>>
  readonly seed?: number
  /** Of a loop: what the project was like after the last round, how often in a row, and after which round. */
  readonly look?: { readonly fingerprint: string; readonly same: number; readonly round: number }
  /** Of a loop that was taken up anew: the rounds before that; of an ensemble: the judges. */
  readonly before?: number
  /** Of an ensemble: the judges whose verdict counts no more, because a check, or a person, wants another. */
  readonly refused?: number
}

export type SkipCause = Extract<RunEvent, { type: "step.skipped" }>["cause"]

/** Why a step was skipped: as its event says, or it is a hook of another end than the run's. */
export type Skip =
  | { readonly cause: SkipCause; readonly detail: string }
  | { readonly cause: "condition"; readonly end: "success" | "failed" }

/** What holds a run. `step`: the hold is this step's gate, and `detail` is what the gate says. */
export type RunHold = Hold & { readonly step?: string }

/** What a step waits for a person with. */
export type Gate = Omit<Extract<RunEvent, { type: "gate.opened" }>, "type" | "at" | "step"> & {
  readonly openedAt: number
}

/** Something said to a worker; the id makes it the same message when it is sent again. */
export interface WorkerMessage {
  readonly id: string
  readonly text: string
}

/** A run: what `evolve` made of its events so far. Immutable; derived, never stored. */
export interface Run {
  readonly id: string
  readonly created: RunCreated
  readonly status: RunStatus
  readonly parent?: string
  readonly stopping?: StopCause
  readonly cause?: StopCause
  /** Set while a step is held: nothing more starts, and the run pauses when nothing runs. */
  readonly hold?: RunHold
  /** What the run comes to, while its hooks run. */
  readonly closing?: "success" | "failed"
  readonly endedAt?: number
  readonly steps: Table<StepState>
  /** What the steps are to do, by the same index: those of the workflow, then the parts of groups as they came. */
  readonly specs: readonly Step[]
  /** Groups (by index) whose parts so far are all over, or that have none yet: it is their turn. */
  readonly due: readonly number[]
  /** Steps (by index) whose needs have ended, in the order they did. */
  readonly ready: Queue<number>
  /** Steps (by index) that wait for their next try. */
  readonly delayed: readonly number[]
  /** Steps that take a place: groups do not, their parts do. */
  readonly running: number
  /** Tries that were started. */
  readonly tries: number
  /** Steps of the workflow, without parts, that went well: succeeded, or were skipped and that is fine. */
  readonly well: number
  readonly spent: TotalUsage
  /** What workers took that its workers started. */
  readonly delegated: TotalUsage
  readonly budget: Budget
  /** When work last began: the run deadline counts from here, so a night between crash and resume does not. */
  readonly activeSince: number
  /** How long it was at work before that (milliseconds). */
  readonly workedMs: number
  readonly graph: DependencyGraph
  /** What the project was like at the beginning; undefined: not known. */
  readonly seen?: Seen
}

/** Whether a step is over and those that need it can go on: it succeeded, or was skipped for no fault of a need. */
export function wentWell({ status, skipped }: Pick<StepState, "status" | "skipped">): boolean {
  return status === "success" || (status === "skipped" && skipped?.cause !== "needs")
}

export function stepOf(run: Run, id: string): StepState | undefined {
  const index = run.graph.indexOf.get(id)
  return index === undefined ? undefined : rowAt(run.steps, index)
}

/** The first step whose needs have ended, of which nothing is decided yet, and that may start now. */
export function nextReady(run: Run, mayStart: (step: StepState) => boolean): StepState | undefined {
  for (let next = shift(run.ready); next; next = shift(next.rest)) {
    const step = rowAt(run.steps, next.item)
    // A step may stand in the queue twice, and stays there when one behind it was taken.
    if (step.status === "pending" && step.retryAt === undefined && step.unmet === 0 && mayStart(step)) return step
  }
  return undefined
}

/** What all tries of a step that have ended took; undefined before the first has. */
export function spentBy({ earlier, result }: StepState): TotalUsage | undefined {
  return earlier === undefined && result === undefined ? undefined : plus(earlier ?? NO_TOTAL_USAGE, result)
}
