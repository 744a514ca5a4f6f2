import { oneLine } from "../base/printable.ts"
import { rowsOf } from "../base/table.ts"
import { suggestedRaise } from "../model/budget.ts"
import type { Usage } from "../model/events.ts"
import { DEFAULT_KIND, type Kind } from "../model/kinds.ts"
import type { Mode } from "../model/profile.ts"
import type { CheckResult, Hold, Reason, RunStatus, StepStatus, StopCause, Tokens, Warning } from "../model/result.ts"
import { type Gate, type Run, type StepState, spendingOf, spentBy } from "../model/run.ts"
import { describeHold, describeSkip } from "../model/state-text.ts"
import { type Doer, doneBy } from "../model/step-types.ts"
import { NO_TOTAL_USAGE, sumOf } from "../model/usage.ts"
import type { Verdict } from "../model/verdict.ts"
import type { Budget, InputValue, StepType } from "../model/workflow.ts"
import { plural } from "./numbers.ts"

/**
 * A step as it is shown in the TUI, in `baton status`, and in the last `--json` line. Plain data.
 */
export interface StepView {
  readonly id: string
  readonly type: StepType
  /**
   * The group that it belongs to, or null for a step of the workflow itself. Groups precede their
   * parts.
   */
  readonly group: string | null
  /** Set when the step was in progress when its run was interrupted: nobody works on it now. */
  readonly isInterrupted?: true
  /** Its name inside its group, or else its id. */
  readonly name: string
  readonly needs: readonly string[]
  /** The number of steps that it consists of so far: the parts of a group, the rounds of a loop. */
  readonly parts: number
  /** The files that its worker wrote, relative to the project. */
  readonly files: readonly string[]
  /** The file that its answer was saved to. */
  readonly saved: string | null
  readonly status: StepStatus
  readonly reason: Reason | null
  readonly detail: string | null
  readonly attempts: number
  readonly profile: string
  readonly kind: Kind
  readonly mode: Mode
  readonly session: string | null
  /** The model that answered, or else the requested one. */
  readonly model: string | null
  readonly requestedModel: string | null
  /** What its tries have spent, the one that runs now included. */
  readonly tokens: Tokens
  /** US dollars, or null when any part of it is unknown or nothing was spent yet. */
  readonly cost: number | null
  /** The known part of the cost. */
  readonly knownUsd: number
  readonly output: string
  readonly prompt: string | null
  /** What its worker was told about the session that the run was started from. */
  readonly context: string | null
  readonly warnings: readonly Warning[]
  readonly checks: readonly CheckResult[]
  /** The open gate, or null when there is nothing to decide. */
  readonly gate: Gate | null
  readonly startedAt: number | null
  readonly endedAt: number | null
  /**
   * The usage of the workers that its worker started, or null when it started none. Not part of its
   * own tokens and cost.
   */
  readonly delegated: Delegated | null
  /** How an ensemble decided. */
  readonly verdict: Verdict | null
}

/**
 * Returns the label of a step in the tree: its name inside its group, or the number of a loop's
 * round.
 */
export function nameInGroup(step: Pick<StepView, "id" | "group" | "name">): string {
  const round = roundOf(step)
  return round === undefined ? step.name : `round ${round}`
}

/** Returns the number of a loop's round, or undefined for any other step. */
export function roundOf({ id, group, name }: Pick<StepView, "id" | "group" | "name">): number | undefined {
  if (group === null || group.split(":").at(-1) !== name) return undefined
  const round = /^:(\d+)$/.exec(id.slice(group.length))?.[1]
  return round === undefined ? undefined : Number(round)
}

/** Returns what performs a step. A loop consists of its rounds, whatever the type of its step. */
export function doerOf({ type, parts }: Pick<StepView, "type" | "parts">): Doer {
  return parts > 0 ? "parts" : doneBy(type)
}

/** Says what a step without a worker of its own is done by. Example: `parallel, 3 parts`. */
export function doneByWords({ type, parts, profile }: Pick<StepView, "type" | "parts" | "profile">): string {
  switch (doerOf({ type, parts })) {
    case "person":
      return `${type}: a person decides`
    case "checks":
      return `${type}: its checks decide`
    default:
      if (doneBy(type) === "worker") return `loop of ${profile}, ${plural(parts, "round")}`
      return parts === 0 ? type : `${type}, ${plural(parts, "part")}`
  }
}

/**
 * The total usage of the runs that a worker started, including the runs that their workers started.
 */
export interface Delegated {
  readonly runs: readonly string[]
  readonly tokens: Tokens
  readonly cost: number | null
  readonly knownUsd: number
}

export interface RunView {
  readonly id: string
  readonly workflow: string
  readonly status: RunStatus
  readonly cause: StopCause | null
  /** What a paused run waits for. */
  readonly hold: Hold | null
  /** The worker's name when this run is a single question to it, or null for a workflow. */
  readonly ask: string | null
  /** The inputs that it was started with, in one short line; empty without inputs. */
  readonly label: string
  /** What it may spend in all. */
  readonly budget: Budget
  /** When its budget holds it: new totals to suggest. */
  readonly raise: Budget
  readonly depth: number
  readonly parent: string | null
  /** Who started it. */
  readonly by: string
  readonly createdAt: number
  readonly endedAt: number | null
  readonly steps: readonly StepView[]
  /** The total of the steps, running ones included, and of every worker that they started. */
  readonly tokens: Tokens
  /** The total in US dollars, or null when any part of it has an unknown price (G5). */
  readonly cost: number | null
  /** The known part of the cost. */
  readonly knownUsd: number
}

/**
 * Returns the run as a person sees it. `claimed` says whether a living process drives it: a run
 * that is recorded as running without such a process was interrupted by a crash (G3).
 */
export function viewRun(run: Run, claimed: boolean): RunView {
  const status = run.status === "running" && !claimed ? "interrupted" : run.status
  const steps = inOrder(run).map((step): StepView => {
    const view = viewStep(run, step)
    return status === "interrupted" && view.status === "running" ? { ...view, isInterrupted: true } : view
  })
  return {
    id: run.id,
    workflow: run.created.workflow.name,
    status,
    cause: run.cause ?? null,
    hold: run.hold ? describeHold(run.hold) : null,
    ask: run.created.ask ?? null,
    label: labelOf(run.created.inputs),
    budget: run.budget,
    // The time of a run that its budget holds stands still, except that of its last steps.
    raise: run.hold?.cause === "budget" ? suggestedRaise(run.budget, spendingOf(run, run.activeSince)) : {},
    depth: run.created.depth ?? 0,
    parent: run.parent ?? null,
    by: run.created.by,
    createdAt: run.created.at,
    endedAt: run.endedAt ?? null,
    steps,
    ...run.spent,
  }
}

const LABEL_CHARS = 60

/** Example: `topic=tea, depth=3`; a `task` alone is shown as it was typed. */
function labelOf(inputs: Readonly<Record<string, InputValue>>): string {
  const given = Object.entries(inputs)
  const isTask = given.length === 1 && given[0]?.[0] === "task"
  const text = given.map(([name, value]) => (isTask ? String(value) : `${name}=${String(value)}`)).join(", ")
  return oneLine(text.slice(0, LABEL_CHARS * 4), LABEL_CHARS)
}

/** Returns every group before its parts, and the parts in the order in which they were added. */
function inOrder(run: Run): StepState[] {
  const rows = rowsOf(run.steps)
  if (rows.length === run.created.workflow.steps.length) return rows
  const withParts = (row: StepState): StepState[] => [
    row,
    ...(row.parts?.all ?? []).flatMap((index) => withParts(rows[index] as StepState)),
  ]
  return rows.slice(0, run.created.workflow.steps.length).flatMap(withParts)
}

function viewStep(run: Run, step: StepState): StepView {
  const spec = run.specs[step.index]
  const profile = run.created.profiles[spec?.profile ?? ""]
  const shown = shownStatus(run, step)
  const { cost, ...spent } = spentBy(step) ?? { ...NO_TOTAL_USAGE, cost: null }
  return {
    id: step.id,
    type: spec?.type ?? "single",
    group: spec?.part?.of ?? null,
    name: spec?.part?.name ?? step.id,
    needs: spec?.needs ?? [],
    parts: step.parts?.all.length ?? 0,
    files: step.result?.files ?? [],
    saved: step.saved ?? null,
    status: shown.status,
    reason: step.result?.reason ?? null,
    detail: step.gate?.detail ?? step.result?.detail ?? step.hold?.detail ?? shown.detail,
    attempts: step.attempt,
    profile: spec?.profile ?? "",
    kind: profile?.kind ?? DEFAULT_KIND,
    mode: profile?.mode ?? "background",
    session: step.result?.session ?? step.session ?? null,
    model: step.result?.model ?? step.requestedModel ?? null,
    requestedModel: step.requestedModel ?? null,
    ...spent,
    cost,
    output: step.result?.output ?? "",
    prompt: step.prompt ?? null,
    context: step.context ?? null,
    warnings: step.warnings ?? [],
    checks: step.checks ?? [],
    gate: step.gate ?? null,
    startedAt: step.startedAt ?? null,
    endedAt: step.endedAt ?? null,
    delegated: null,
    verdict: step.result?.verdict ?? null,
  }
}

/** The status of a step in a word. A step of an interrupted run is in progress only by its journal. */
export function stepWord({ status, isInterrupted }: Pick<StepView, "status" | "isInterrupted">): string {
  return isInterrupted ? "interrupted" : status
}

/** What counts of a run that a worker started. */
export type ChildView = Pick<RunView, "id" | "tokens" | "cost" | "knownUsd">

/**
 * Adds the usage of delegated runs. `children` are the runs that were started from a step's session
 * while it ran, each with its own children already added.
 */
export function withDelegated(run: RunView, children: ReadonlyMap<string, readonly ChildView[]>): RunView {
  if (children.size === 0) return run
  const all = [...children.values()].flat()
  return {
    ...run,
    steps: run.steps.map((step) => {
      const own = children.get(step.id)
      return own === undefined ? step : { ...step, delegated: { runs: own.map((child) => child.id), ...sumOf(own) } }
    }),
    ...sumOf([run, ...all]),
  }
}

/** What a worker has spent on its current task. */
export interface RunningUsage extends Usage {
  readonly step: string
}

/** Adds what the workers of a run have spent on the tasks that they have not ended yet. */
export function withRunning(run: RunView, running: readonly RunningUsage[]): RunView {
  const known = new Set(run.steps.map(({ id }) => id))
  const all = running.filter(({ step, tokens }) => known.has(step) && tokens.input + tokens.output > 0)
  if (all.length === 0) return run
  return {
    ...run,
    steps: run.steps.map((step) => {
      const own = all.filter((one) => one.step === step.id)
      return own.length === 0 ? step : { ...step, ...sumOf([...(hasSpent(step) ? [step] : []), ...own]) }
    }),
    ...sumOf([run, ...all]),
  }
}

/** Whether a try has ended: before, the cost of a step is null because there is none. */
function hasSpent({ cost, knownUsd, tokens }: StepView): boolean {
  return cost !== null || knownUsd > 0 || tokens.input + tokens.output > 0
}

/**
 * Steps that an ended run never started have no event of their own, so their status follows from
 * why the run ended.
 */
function shownStatus(run: Run, step: StepState): { status: StepStatus; detail: string | null } {
  if (step.skipped) return { status: step.status, detail: describeSkip(step.skipped) }
  if (step.status === "pending" && step.result) return shownRetry(run, step)
  const isOpen = step.status === "pending" || step.status === "waiting"
  // While the hooks run, a waiting step without a gate or a hold waits for nothing any more.
  const isLeft = step.status === "waiting" && !step.gate && !step.hold
  if (!isOpen || (run.endedAt === undefined && !isLeft)) return { status: step.status, detail: null }
  if (step.status === "waiting") return { status: "cancelled", detail: "the run ended while it was held" }
  if (run.cause === "abort") return { status: "cancelled", detail: "the run was aborted before it started" }
  if (run.cause === "deadline") return { status: "cancelled", detail: "the run passed its deadline before it started" }
  const needs = run.specs[step.index]?.needs ?? []
  const broken = rowsOf(run.steps).find((row) => needs.includes(row.id) && row.status !== "success")
  const detail = broken ? `needs ${broken.id}, which did not succeed` : "an earlier step failed"
  return { status: "skipped", detail }
}

/** Returns the status of a step that failed and will be retried. */
function shownRetry(run: Run, { retryAt, result }: StepState): { status: StepStatus; detail: string | null } {
  if (run.endedAt !== undefined) return { status: "failed", detail: "the run ended before it was tried again" }
  return { status: "pending", detail: retryAt === undefined ? null : `failed (${result?.reason}); tried again soon` }
}

/**
 * Returns the step that a person most likely wants to see: a running one, or else the last that
 * failed, or else the last that ran.
 */
export function stepInFocus(run: RunView): StepView | undefined {
  const withSession = run.steps.filter((step) => step.session !== null)
  return (
    withSession.find((step) => step.status === "running" || step.status === "waiting") ??
    withSession.findLast((step) => step.status === "failed") ??
    withSession.at(-1)
  )
}

/**
 * A worker as it is shown: working on a step, waiting for a free place, or kept for later. Plain
 * data.
 */
export interface WorkerView {
  /** The name that a person uses: the step's id, or the name of a kept worker. */
  readonly name: string
  readonly profile: string
  readonly kind: Kind
  readonly mode: Mode
  readonly state: WorkerState
  readonly run: string | null
  readonly workflow: string | null
  readonly step: string | null
  readonly depth: number
  /** `provider/model`, or null while it is not known. */
  readonly model: string | null
  readonly tool: string | null
  readonly session: string | null
  readonly parent: string | null
  /** Milliseconds since 1970, or null when it has no task. */
  readonly startedAt: number | null
  readonly lastActivityAt: number | null
  readonly tokens: Tokens
  readonly cost: number | null
  /** Whether its session is kept. */
  readonly isKept: boolean
  /** The end of what it is writing. Empty in state messages. */
  readonly tail: string
}

/**
 * `queued`: waits for a free place; `silent`: no activity for a minute; `asking`: has a request in
 * the inbox; `held`: a person stopped it; `yours`: it is a person's turn; `idle`: kept, without a
 * task.
 */
export type WorkerState =
  | "queued"
  | "starting"
  | "working"
  | "tool"
  | "retrying"
  | "silent"
  | "asking"
  | "held"
  | "yours"
  | "idle"

/** A request as the inbox shows it. */
export interface PendingRequestView {
  readonly id: string
  readonly kind: "permission" | "question"
  readonly worker: string
  readonly profile: string
  readonly workerKind: Kind
  readonly workflow: string | null
  readonly run: string | null
  readonly depth: number
  readonly session: string
  readonly title: string
  readonly details: readonly string[]
  /** The number of lines that `details` leaves out, if any. */
  readonly more?: number
  readonly questions: readonly {
    readonly text: string
    readonly options: readonly { readonly label: string; readonly description: string }[]
    /** The number of options that `options` leaves out, if any. */
    readonly more?: number
    readonly isMultiple: boolean
  }[]
  readonly askedAt: number
  readonly expiresAt: number | null
}
