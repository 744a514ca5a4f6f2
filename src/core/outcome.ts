import type { Definition } from "./events.ts"
import type { GateAction, Hold, Intervene, Step, StepResult, Warning } from "./model.ts"
import { DEFAULTS } from "./model.ts"
import type { Gate, Run, StepState } from "./run.ts"
import { minus, plus, shareOf } from "./spent.ts"

/** The rules of what follows an attempt: another try, a gate, a warning, a held run. All pure. */

const MAX_RETRY_MS = 3_600_000
/** Steps that failed together do not come back together. */
const JITTER = 0.25
/** The share of a budget from which a person should know. */
const BUDGET_WARNING = 0.8
/** What of a failed check's output is said to the worker. */
const SAID_CHARS = 4_000

/** When a step that has just failed is tried again; undefined: it is not. */
export function retryAt(run: Run, spec: Step, step: StepState, result: StepResult, now: number): number | undefined {
  const { retry } = spec
  if (retry === undefined || result.reason === "ok" || result.reason === "aborted") return undefined
  if (step.attempt >= retry.maxAttempts) return undefined
  const factor = retry.backoff === "exponential" ? 2 ** (step.attempt - 1) : 1
  const wait = Math.min(retry.delayMs * factor, MAX_RETRY_MS)
  return now + Math.round(wait * (1 + JITTER * spread(`${run.id}/${step.id}/${step.attempt}`)))
}

/** A number from 0 to 1 that is always the same for the same text (FNV-1a, 32 bits). */
function spread(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 0) / 0xffffffff
}

/** What the worker is told when it is tried again in its session; undefined: it begins anew, in a new one. */
export function messageAfter(step: StepState): string | undefined {
  if (step.say !== undefined) return step.say
  if (step.result?.reason !== "check-failed") return undefined
  const failed = (step.checks ?? []).filter((check) => !check.isOk && check.severity === "error")
  const lines = failed.map(({ name, detail, output }) => `${name}: ${detail}\n${output.slice(-SAID_CHARS)}`.trim())
  return `Your work does not pass its checks. Mend it.\n\n${lines.join("\n\n")}`
}

/** What a person should know once this result counts. */
export function warningsOf(run: Run, step: StepState, result: StepResult): Warning[] {
  if (step.warnings?.some((warning) => warning.kind === "budget")) return []
  // What an answer took counts from when it came.
  const all = plus(run.spent, run.delegated)
  const before = shareOf(run.budget, step.isAnswered ? minus(all, result) : all)
  const after = shareOf(run.budget, step.isAnswered ? all : plus(all, result))
  if (before >= BUDGET_WARNING || after < BUDGET_WARNING) return []
  return [{ kind: "budget", text: `${Math.round(after * 100)} % of the run's budget is spent` }]
}

/** What holds a run that has spent what it may. */
export function overBudget(run: Run): Hold | undefined {
  const { budget } = run
  const spent = plus(run.spent, run.delegated)
  if (shareOf(budget, spent) < 1) return undefined
  const tokens = spent.tokens.input + spent.tokens.output
  const isMoney = budget.usd !== undefined && spent.knownUsd >= budget.usd
  const what = isMoney ? `$${spent.knownUsd.toFixed(2)} of $${budget.usd}` : `${tokens} of ${budget.tokens} tokens`
  return { cause: "budget", detail: `the run has spent ${what}` }
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
  const { settings } = run.created.workflow
  const expiresAt = now + (settings.gateTimeoutMs ?? DEFAULTS.gateTimeoutMs)
  if (after === "gate")
    return { why: "gate", detail: text ?? "", expiresAt, otherwise: settings.gateDefault ?? "abort" }
  const why = reasonToAsk(policyOf(run.created, spec), spec, after)
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
    expiresAt: now + (settings.gateTimeoutMs ?? DEFAULTS.gateTimeoutMs),
    otherwise: "abort",
  }
}

/** The nearest word on when to pause: the step's, its profile's, the workflow's. */
export function policyOf({ workflow, profiles }: Pick<Definition, "workflow" | "profiles">, spec: Step): Intervene {
  return spec.intervene ?? profiles[spec.profile]?.intervene ?? workflow.settings.intervene ?? "never"
}

function reasonToAsk(policy: Intervene, spec: Step, { step, result }: Attempt) {
  const { reason } = result
  if (policy === "never" || reason === "aborted") return undefined
  if (reason !== "ok" && spec.onFailure !== "skip") {
    return { why: "error" as const, detail: `failed (${reason})${result.detail ? `: ${result.detail}` : ""}` }
  }
  const warnings = (step.warnings ?? []).map((warning) => warning.text)
  if (step.attempt > 1) warnings.push(`needed ${step.attempt} tries`)
  if (policy !== "on-error" && warnings.length > 0) return { why: "warning" as const, detail: warnings.join("; ") }
  return policy === "always" ? { why: "always" as const, detail: "done" } : undefined
}
