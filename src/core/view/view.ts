import { rowsOf } from "../base/table.ts"
import type { Usage } from "../model/events.ts"
import { DEFAULT_KIND, type Kind } from "../model/kinds.ts"
import type { Mode } from "../model/profile.ts"
import type { CheckResult, Hold, Reason, RunStatus, StepStatus, StopCause, Tokens, Warning } from "../model/result.ts"
import { type Gate, type Run, type StepState, spentBy } from "../model/run.ts"
import { describeHold, describeSkip } from "../model/state-text.ts"
import { NO_USAGE } from "../model/usage.ts"
import type { Verdict } from "../model/verdict.ts"
import type { StepType } from "../model/workflow.ts"

/** A step as it is shown: in the TUI, in `baton status`, in the last `--json` line. Plain data. */
export interface StepView {
  readonly id: string
  readonly type: StepType
  /** The group it is a part of; null: it stands in the workflow itself. Groups come before their parts. */
  readonly group: string | null
  /** What it is called inside its group; else its id. */
  readonly name: string
  readonly needs: readonly string[]
  /** Files its worker wrote, relative to the project. */
  readonly files: readonly string[]
  /** File its answer was written to. */
  readonly saved: string | null
  readonly status: StepStatus
  readonly reason: Reason | null
  readonly detail: string | null
  readonly attempts: number
  readonly profile: string
  readonly kind: Kind
  readonly mode: Mode
  readonly session: string | null
  /** The model that answered, else the one asked for. */
  readonly model: string | null
  readonly requestedModel: string | null
  readonly tokens: Tokens
  readonly cost: number | null
  readonly output: string
  readonly prompt: string | null
  /** What its worker was told of the session the run was started from. */
  readonly context: string | null
  readonly warnings: readonly Warning[]
  readonly checks: readonly CheckResult[]
  /** What a person is to decide; null: nothing. */
  readonly gate: Gate | null
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** What the workers spent that its worker started; null: it started none. Not part of its own tokens and cost. */
  readonly delegated: Delegated | null
  /** Of an ensemble: how it came to its answer. */
  readonly verdict: Verdict | null
}

/** What a step is called where it stands: its name inside its group, of a round of a loop its number. */
export function nameInGroup({ id, group, name }: Pick<StepView, "id" | "group" | "name">): string {
  if (group === null || group.split(":").at(-1) !== name) return name
  const round = /^:(\d+)$/.exec(id.slice(group.length))?.[1]
  return round === undefined ? name : `round ${round}`
}

/** What runs that a worker started came to, those that their workers started included. */
export interface Delegated {
  readonly runs: readonly string[]
  readonly tokens: Tokens
  readonly cost: number | null
}

export interface RunView {
  readonly id: string
  readonly workflow: string
  readonly status: RunStatus
  readonly cause: StopCause | null
  /** What a paused run waits for. */
  readonly hold: Hold | null
  /** The worker this run is one question to; null: it is a workflow. */
  readonly ask: string | null
  readonly depth: number
  readonly parent: string | null
  /** Who started it. */
  readonly by: string
  readonly createdAt: number
  readonly endedAt: number | null
  readonly steps: readonly StepView[]
  /** Of the steps that ran and of every worker they started. */
  readonly tokens: Tokens
  /** The same in US dollars; null when any part of it has an unknown price (G5). */
  readonly cost: number | null
}

/**
 * The run as a person sees it. `claimed` says whether a living process works on it: a run that claims to be running
 * but has nobody behind it was interrupted by a crash (G3).
 */
export function viewRun(run: Run, claimed: boolean): RunView {
  const steps = inOrder(run).map((step) => viewStep(run, step))
  const status = run.status === "running" && !claimed ? "interrupted" : run.status
  return {
    id: run.id,
    workflow: run.created.workflow.name,
    status,
    cause: run.cause ?? null,
    hold: run.hold ? describeHold(run.hold) : null,
    ask: run.created.ask ?? null,
    depth: run.created.depth ?? 0,
    parent: run.parent ?? null,
    by: run.created.by,
    createdAt: run.created.at,
    endedAt: run.endedAt ?? null,
    steps,
    tokens: run.spent.tokens,
    cost: run.spent.cost,
  }
}

/** Every group before its parts, and these in the order they came. */
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
  const spent = spentBy(step)
  return {
    id: step.id,
    type: spec?.type ?? "single",
    group: spec?.part?.of ?? null,
    name: spec?.part?.name ?? step.id,
    needs: spec?.needs ?? [],
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
    tokens: spent?.tokens ?? NO_USAGE.tokens,
    cost: spent ? spent.cost : null,
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

/**
 * The run with what its workers delegated added: `children` are the runs that were started from a step's session while
 * it ran, each with its own children already added.
 */
export function withDelegated(run: RunView, children: ReadonlyMap<string, readonly RunView[]>): RunView {
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

/** What several took together. */
export function sumOf(spent: readonly Usage[]): Usage {
  return {
    tokens: {
      input: spent.reduce((sum, one) => sum + one.tokens.input, 0),
      output: spent.reduce((sum, one) => sum + one.tokens.output, 0),
    },
    cost: spent.reduce<number | null>((sum, one) => (sum === null || one.cost === null ? null : sum + one.cost), 0),
  }
}

/** Steps that an ended run never started have no event of their own: what they are follows from why it ended. */
function shownStatus(run: Run, step: StepState): { status: StepStatus; detail: string | null } {
  if (step.skipped) return { status: step.status, detail: describeSkip(step.skipped) }
  if (step.status === "pending" && step.result) return shownRetry(run, step)
  const isOpen = step.status === "pending" || step.status === "waiting"
  // While the hooks run nothing is left that it could wait for.
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

/** A step that failed and is to be tried again. */
function shownRetry(run: Run, { retryAt, result }: StepState): { status: StepStatus; detail: string | null } {
  if (run.endedAt !== undefined) return { status: "failed", detail: "the run ended before it was tried again" }
  return { status: "pending", detail: retryAt === undefined ? null : `failed (${result?.reason}); tried again soon` }
}

/** The step a person most likely wants to look at: running, else the last that failed, else the last that ran. */
export function stepInFocus(run: RunView): StepView | undefined {
  const withSession = run.steps.filter((step) => step.session !== null)
  return (
    withSession.find((step) => step.status === "running" || step.status === "waiting") ??
    withSession.findLast((step) => step.status === "failed") ??
    withSession.at(-1)
  )
}

/** A worker as it is shown: at work on a step, waiting for its turn, or kept for later. Plain data. */
export interface WorkerView {
  /** What a person calls it: the step's id, or the name of a kept worker. */
  readonly name: string
  readonly profile: string
  readonly kind: Kind
  readonly mode: Mode
  readonly state: WorkerState
  readonly run: string | null
  readonly workflow: string | null
  readonly step: string | null
  readonly depth: number
  /** `provider/model`; null while it is not known. */
  readonly model: string | null
  readonly tool: string | null
  readonly session: string | null
  readonly parent: string | null
  /** Milliseconds since 1970; null: it has no task. */
  readonly startedAt: number | null
  readonly lastActivityAt: number | null
  readonly tokens: Tokens
  readonly cost: number | null
  /** Whether its session is kept. */
  readonly isKept: boolean
  /** The end of what it is writing; left out of state messages. */
  readonly tail: string
}

/** `queued`: waits for a free place; `silent`: no sign of life for a minute; `asking`: see the inbox; `held`: a person
 *  stopped it; `yours`: it is a person's turn; `idle`: kept, without a task. */
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

/** An ask as the inbox shows it. */
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
  /** How many lines are not in `details`, where some are not. */
  readonly more?: number
  readonly questions: readonly {
    readonly text: string
    readonly options: readonly { readonly label: string; readonly description: string }[]
    readonly isMultiple: boolean
  }[]
  readonly askedAt: number
  readonly expiresAt: number | null
}
