import { hashOf } from "../base/hash.ts"
import { budgetOf, enclosing, isTolerated, settingsOf, takenBy } from "../model/ancestry.ts"
import { usedUp } from "../model/budget.ts"
import { DEFAULTS, gateTimeoutOf } from "../model/defaults.ts"
import type { Definition } from "../model/events.ts"
import type { Hold, StepResult, Warning } from "../model/result.ts"
import { type Gate, type Run, type StepState, spendingOf } from "../model/run.ts"
import { groupTraits } from "../model/step-types.ts"
import { minus, plus, shareOf } from "../model/usage.ts"
import type { GateAction, Intervene, Settings, Step } from "../model/workflow.ts"

/**
 * The rules for what follows an attempt: a retry, a gate, a warning, or a held run. All are pure.
 */

const MAX_RETRY_MS = 3_600_000
/** Steps that failed together are not retried at the same moment. */
const JITTER = 0.25
/** The share of a budget from which a person is warned. */
const BUDGET_WARNING = 0.8
/** How often an answer that does not match its schema may be corrected in its session. */
const REPAIRS = 2

/**
 * Returns when a step that has just failed is retried (milliseconds since 1970), or undefined when
 * it is not.
 */
export function retryAt(run: Run, spec: Step, step: StepState, result: StepResult, now: number): number | undefined {
  const { retry } = spec
  const { schemaFailures = 0 } = step
  if (result.reason === "schema" && schemaFailures > 0 && schemaFailures <= REPAIRS) return now
  if (retry === undefined || result.reason === "ok" || result.reason === "aborted") return undefined
  if (step.attempt >= retry.maxAttempts) return undefined
  const factor = retry.backoff === "exponential" ? 2 ** (step.attempt - 1) : 1
  const wait = Math.min(retry.delayMs * factor, MAX_RETRY_MS)
  return now + Math.round(wait * (1 + JITTER * (hashOf(`${run.id}/${step.id}/${step.attempt}`) / 0xffffffff)))
}

/** Returns the warnings to add when this result is recorded. */
export function warningsOf(run: Run, step: StepState, result: StepResult): Warning[] {
  if (step.warnings?.some((warning) => warning.kind === "budget")) return []
  const own = run.specs[step.index]?.budget
  const ownShare = own && step.parts === undefined ? shareOf(own, takenBy(run, { ...step, result })) : 0
  if (ownShare >= BUDGET_WARNING) {
    return [{ kind: "budget", text: `${Math.round(ownShare * 100)} % of the step's budget is spent` }]
  }
  // The usage of a step that has answered is already part of the run's usage.
  const all = plus(run.spent, run.delegated)
  const before = shareOf(run.budget, step.isAnswered ? minus(all, result) : all)
  const after = shareOf(run.budget, step.isAnswered ? all : plus(all, result))
  if (before >= BUDGET_WARNING || after < BUDGET_WARNING) return []
  return [{ kind: "budget", text: `${Math.round(after * 100)} % of the run's budget is spent` }]
}

/** Returns the hold of a run whose budget is used up. */
export function overBudget(run: Run, now: number): Hold | undefined {
  const what = usedUp(run.budget, spendingOf(run, now))
  return what === undefined ? undefined : { cause: "budget", detail: `the run has spent ${what}` }
}

/** Returns why a step may not start: its own budget, or that of an enclosing group, is used up. */
export function overOwnBudget(run: Run, spec: Step, row: StepState, now: number): string | undefined {
  for (const one of [{ spec, row }, ...enclosing(run, spec)]) {
    const budget = budgetOf(one.spec)
    if (budget === undefined) continue
    const timeMs = one.row.startedAt === undefined ? 0 : now - Math.max(one.row.startedAt, run.activeSince)
    const what = usedUp(budget, { ...takenBy(run, one.row), timeMs })
    if (what !== undefined) return `${one.spec.id} has spent ${what}`
  }
  return undefined
}

/** A gate before it is opened. */
type Opening = Omit<Gate, "openedAt">
type Attempt = { readonly step: StepState; readonly result: StepResult }

/**
 * Returns the gate that follows an attempt, or the gate of a step of type `gate`. Returns undefined
 * when there is none.
 */
export function gateOf(run: Run, spec: Step, after: Attempt, text: undefined, now: number): Opening | undefined
export function gateOf(run: Run, spec: Step, after: "gate", text: string, now: number): Opening
export function gateOf(
  run: Run,
  spec: Step,
  after: Attempt | "gate",
  text: string | undefined,
  now: number,
): Opening | undefined {
  const settings = settingsOf(run, spec)
  const expiresAt = now + gateTimeoutOf(settings)
  if (after === "gate")
    return { why: "gate", detail: text ?? "", expiresAt, otherwise: settings.gateDefault ?? "abort" }
  const policy = policyOf(run.created, spec, settings)
  const why = reasonToAsk(policy, spec, after, isTolerated(run, spec))
  if (why === undefined) return undefined
  const otherwise: GateAction = settings.gateDefault ?? "continue"
  return { why: why.why, detail: why.detail, expiresAt, otherwise }
}

/** The gate of a step that may already have had external effects and would be repeated. */
export function effectsGate(run: Run, now: number): Opening {
  const { settings } = run.created.workflow
  return {
    why: "effects",
    detail: "it was tried before and may have had its effects: continue and retry do it again",
    expiresAt: now + gateTimeoutOf(settings),
    otherwise: "abort",
  }
}

/**
 * Returns the `intervene` setting that applies to a step: its own, its profile's, that of its
 * (nested) workflow, or the run's, in this order.
 */
export function policyOf(
  { workflow, profiles }: Pick<Definition, "workflow" | "profiles">,
  spec: Step,
  settings: Settings = workflow.settings,
): Intervene {
  const own = spec.intervene ?? (spec.group ? undefined : profiles[spec.profile]?.intervene)
  return own ?? settings.intervene ?? workflow.settings.intervene ?? DEFAULTS.intervene
}

/**
 * True when a person is asked about each part of a step and therefore not again about the whole.
 */
function isAskedInParts({ group, loop }: Step): boolean {
  return group !== undefined && groupTraits(group).isAskedInParts && loop === undefined
}

function reasonToAsk(policy: Intervene, spec: Step, { step, result }: Attempt, isOthersMatter: boolean) {
  const { reason } = result
  if (policy === "never" || reason === "aborted") return undefined
  const isPartsMatter = isAskedInParts(spec) && reason !== "check-failed"
  if (reason !== "ok" && (isOthersMatter || isPartsMatter)) return undefined
  if (reason !== "ok" && spec.onFailure !== "skip") {
    return { why: "error" as const, detail: `failed (${reason})${result.detail ? `: ${result.detail}` : ""}` }
  }
  const warnings = (step.warnings ?? []).map((warning) => warning.text)
  if (step.attempt > 1) warnings.push(`needed ${step.attempt} tries`)
  if (policy !== "on-error" && warnings.length > 0) return { why: "warning" as const, detail: warnings.join("; ") }
  return policy === "always" && !isAskedInParts(spec) ? { why: "always" as const, detail: "done" } : undefined
}
