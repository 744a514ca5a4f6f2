import { hashOf } from "../base/hash.ts"
import { budgetOf, enclosing, isTolerated, settingsOf, takenBy } from "../model/ancestry.ts"
import { DEFAULTS, gateTimeoutOf } from "../model/defaults.ts"
import type { Definition } from "../model/events.ts"
import type { Hold, StepResult, Warning } from "../model/result.ts"
import type { Gate, Run, StepState } from "../model/run.ts"
import { groupTraits } from "../model/step-types.ts"
import { minus, plus, shareOf, usedUp } from "../model/usage.ts"
import type { GateAction, Intervene, Settings, Step } from "../model/workflow.ts"

/** The rules of what follows an attempt: another try, a gate, a warning, a held run. All pure. */

const MAX_RETRY_MS = 3_600_000
/** Steps that failed together do not come back together. */
const JITTER = 0.25
/** The share of a budget from which a person should know. */
const BUDGET_WARNING = 0.8
/** Times an answer that is not the data that is wanted may be mended in its session. */
const REPAIRS = 2

/** When a step that has just failed is tried again; undefined: it is not. */
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

/** What a person should know once this result counts. */
export function warningsOf(run: Run, step: StepState, result: StepResult): Warning[] {
  if (step.warnings?.some((warning) => warning.kind === "budget")) return []
  const own = run.specs[step.index]?.budget
  const ownShare = own && step.parts === undefined ? shareOf(own, takenBy(run, { ...step, result })) : 0
  if (ownShare >= BUDGET_WARNING) {
    return [{ kind: "budget", text: `${Math.round(ownShare * 100)} % of the step's budget is spent` }]
  }
  // What an answer took counts from when it came.
  const all = plus(run.spent, run.delegated)
  const before = shareOf(run.budget, step.isAnswered ? minus(all, result) : all)
  const after = shareOf(run.budget, step.isAnswered ? all : plus(all, result))
  if (before >= BUDGET_WARNING || after < BUDGET_WARNING) return []
  return [{ kind: "budget", text: `${Math.round(after * 100)} % of the run's budget is spent` }]
}

/** What holds a run that has spent what it may. */
export function overBudget(run: Run, now: number): Hold | undefined {
  const spent = { ...plus(run.spent, run.delegated), tries: run.tries, timeMs: run.workedMs + now - run.activeSince }
  const what = usedUp(run.budget, spent)
  return what === undefined ? undefined : { cause: "budget", detail: `the run has spent ${what}` }
}

/** Why a step may not start: it, or a group it is a part of, has spent what it may. */
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

/** A gate before it is open. */
type Opening = Omit<Gate, "openedAt">
type Attempt = { readonly step: StepState; readonly result: StepResult }

/** The gate a step stands at after an attempt, or as the question it is; undefined: there is none. */
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

/** The gate of a step that may have had effects outside already, and is to be done again. */
export function effectsGate(run: Run, now: number): Opening {
  const { settings } = run.created.workflow
  return {
    why: "effects",
    detail: "it was tried before and may have had its effects: continue and retry do it again",
    expiresAt: now + gateTimeoutOf(settings),
    otherwise: "abort",
  }
}

/** The nearest word on when to pause: the step's, its profile's, that of the (nested) workflow, the run's. */
export function policyOf(
  { workflow, profiles }: Pick<Definition, "workflow" | "profiles">,
  spec: Step,
  settings: Settings = workflow.settings,
): Intervene {
  const own = spec.intervene ?? (spec.group ? undefined : profiles[spec.profile]?.intervene)
  return own ?? settings.intervene ?? workflow.settings.intervene ?? DEFAULTS.intervene
}

/** Where the parts of a step are asked about one by one, it is not asked about again as a whole. */
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
