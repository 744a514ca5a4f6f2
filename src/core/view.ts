import type { Kind, Reason, RunStatus, StepStatus, StopCause, Tokens } from "./model.ts"
import type { Run, StepState } from "./run.ts"
import { rowsOf } from "./table.ts"

/** A step as it is shown: in the TUI, in `baton status`, in the last `--json` line. Plain data. */
export interface StepView {
  readonly id: string
  readonly status: StepStatus
  readonly reason: Reason | null
  readonly detail: string | null
  readonly attempts: number
  readonly profile: string
  readonly kind: Kind
  readonly session: string | null
  /** The model that answered, else the one asked for. */
  readonly model: string | null
  readonly requestedModel: string | null
  readonly tokens: Tokens
  readonly cost: number | null
  readonly output: string
  readonly prompt: string | null
  readonly startedAt: number | null
  readonly endedAt: number | null
}

export interface RunView {
  readonly id: string
  readonly workflow: string
  readonly status: RunStatus
  readonly cause: StopCause | null
  readonly parent: string | null
  readonly createdAt: number
  readonly endedAt: number | null
  readonly steps: readonly StepView[]
  readonly tokens: Tokens
  /** Sum over the steps that ran; null when any of them has an unknown price (G5). */
  readonly cost: number | null
}

/**
 * The run as a person sees it. `claimed` says whether a living process works on it: a run that claims to be running
 * but has nobody behind it was interrupted by a crash (G3).
 */
export function viewRun(run: Run, claimed: boolean): RunView {
  const steps = rowsOf(run.steps).map((step) => viewStep(run, step))
  const ran = steps.filter((step) => step.reason !== null)
  const status = run.status === "running" && !claimed ? "interrupted" : run.status
  return {
    id: run.id,
    workflow: run.created.workflow.name,
    status,
    cause: run.cause ?? null,
    parent: run.parent ?? null,
    createdAt: run.created.at,
    endedAt: run.endedAt ?? null,
    steps,
    tokens: {
      input: ran.reduce((sum, step) => sum + step.tokens.input, 0),
      output: ran.reduce((sum, step) => sum + step.tokens.output, 0),
    },
    cost: ran.reduce<number | null>((sum, step) => (sum === null || step.cost === null ? null : sum + step.cost), 0),
  }
}

function viewStep(run: Run, step: StepState): StepView {
  const spec = run.created.workflow.steps[step.index]
  const profile = run.created.profiles[spec?.profile ?? ""]
  const shown = shownStatus(run, step)
  return {
    id: step.id,
    status: shown.status,
    reason: step.result?.reason ?? null,
    detail: step.result?.detail ?? shown.detail,
    attempts: step.attempt,
    profile: spec?.profile ?? "",
    kind: profile?.kind ?? "subagent",
    session: step.result?.session ?? step.session ?? null,
    model: step.result?.model ?? step.requestedModel ?? null,
    requestedModel: step.requestedModel ?? null,
    tokens: step.result?.tokens ?? { input: 0, output: 0 },
    cost: step.result ? step.result.cost : null,
    output: step.result?.output ?? "",
    prompt: step.prompt ?? null,
    startedAt: step.startedAt ?? null,
    endedAt: step.endedAt ?? null,
  }
}

/** Steps that an ended run never started have no event of their own: what they are follows from why it ended. */
function shownStatus(run: Run, step: StepState): { status: StepStatus; detail: string | null } {
  if (step.status !== "pending" || run.endedAt === undefined) return { status: step.status, detail: null }
  if (run.cause === "abort") return { status: "cancelled", detail: "the run was aborted before it started" }
  if (run.cause === "deadline") return { status: "cancelled", detail: "the run passed its deadline before it started" }
  const needs = run.created.workflow.steps[step.index]?.needs ?? []
  const broken = rowsOf(run.steps).find((row) => needs.includes(row.id) && row.status !== "success")
  const detail = broken ? `needs ${broken.id}, which did not succeed` : "an earlier step failed"
  return { status: "skipped", detail }
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
