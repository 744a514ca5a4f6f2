import { formatDuration } from "../core/base/duration.ts"
import { gateTimeoutOf } from "../core/model/defaults.ts"
import { doneBy } from "../core/model/step-types.ts"
import type { Check, CheckOf, CheckType, Intervene, Retry, Settings, Step } from "../core/model/workflow.ts"
import { policyOf } from "../core/schedule/after-attempt.ts"
import { formatCost } from "../core/view/numbers.ts"
import type { Prepared } from "./project.ts"

/** What a plan says of failure: tries, checks, gates, money. Each a line, without any when there is nothing to say. */

/** When the step runs, what is tried and looked at, what its failure means, when the run pauses after it. */
export function failureLines(step: Step, prepared: Prepared): string[] {
  const { settings } = prepared.definition.workflow
  const policy = doneBy(step.type) === "person" ? undefined : whosePolicy(step, prepared)
  const { condition, retry, checks = [], opinions = [], onFailure } = step
  return [
    ...(condition === undefined ? [] : [`only if ${condition.trim()}`]),
    ...(checks.length > 0 ? [`checks: ${checks.map(checkWords).join("; ")}`] : []),
    ...opinions.map(({ ask, profile, severity }) => {
      const weight = severity === "warning" ? " (only a warning)" : ""
      return `opinion of ${profile}: ${ask.trim()}${weight}`
    }),
    ...(retry === undefined && onFailure === undefined ? [] : [triesOf(retry, onFailure, settings)]),
    ...(step.effects === undefined ? [] : ["has effects outside: done again only when a person says so"]),
    ...(policy === undefined ? [] : [`pauses for a person: ${policy.intervene} (${policy.whose})`]),
  ]
}

function triesOf(retry: Retry | undefined, onFailure: Step["onFailure"], settings: Settings): string {
  const rest = settings.onFailure === "stop" ? "nothing more starts" : "what does not need it goes on"
  const end = onFailure === "skip" ? "it counts as skipped" : `it has failed, and ${rest}`
  if (retry === undefined || retry.maxAttempts === 1) return `one try; without success ${end}`
  const { maxAttempts, delayMs, backoff } = retry
  const grows = backoff === "exponential" && delayMs > 0 && maxAttempts > 2 ? " and twice as long each time" : ""
  const wait = delayMs === 0 ? "" : `, ${formatDuration(delayMs)} before the second${grows}`
  return `up to ${maxAttempts} tries${wait}; without success ${end}`
}

/** What a plan says of a check: what is asked, and what else is to be known of it. */
interface CheckWords<C extends Check> {
  asked(check: C): string
  notes(check: C, severity: readonly string[]): readonly string[]
}

const CHECK_WORDS: { readonly [T in CheckType]: CheckWords<CheckOf<T>> } = {
  command: {
    asked: ({ run }) => run,
    notes: ({ expect, timeoutMs }, severity) => [
      ...(expect === "fail" ? ["must fail"] : []),
      ...severity,
      ...(timeoutMs === undefined ? [] : [`at most ${formatDuration(timeoutMs)}`]),
    ],
  },
  file: {
    asked({ path, exists, changed, contains }) {
      const asked = [
        ...(exists === undefined ? [] : [exists ? "is there" : "is not there"]),
        ...(changed === undefined ? [] : [changed ? "has changed" : "has not changed"]),
        ...(contains === undefined ? [] : [`contains ${JSON.stringify(contains)}`]),
      ]
      return `${path} ${asked.join(", ")}`
    },
    notes: (_, severity) => severity,
  },
}

function checkWords(check: Check): string {
  const words: CheckWords<Check> = CHECK_WORDS[check.type]
  const notes = words.notes(check, check.severity === "warning" ? ["only a warning"] : [])
  return `${words.asked(check)}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`
}

interface Policy {
  readonly intervene: Intervene
  readonly whose: string
}

/** The nearest word on when to pause after a step, and whose it is; undefined: nobody said any, and it never does. */
function whosePolicy(step: Step, { definition, interveneOf }: Prepared): Policy | undefined {
  const { workflow, profiles } = definition
  const intervene = policyOf(definition, step)
  if (step.intervene !== undefined) return { intervene, whose: "the step's" }
  if (profiles[step.profile]?.intervene !== undefined) return { intervene, whose: `profile ${step.profile}'s` }
  if (workflow.settings.intervene === undefined) return undefined
  return { intervene, whose: interveneOf === "config" ? "orchestrator.json's" : "the workflow's" }
}

function pauses(step: Step, prepared: Prepared): boolean {
  return doneBy(step.type) !== "person" && policyOf(prepared.definition, step) !== "never"
}

/** How long a gate waits, where there can be one, and what the run may spend. */
export function runLines(prepared: Prepared): string[] {
  const { workflow, limits } = prepared.definition
  const { gateDefault, budget } = workflow.settings
  const ends = [
    ...(workflow.steps.some((step) => pauses(step, prepared)) ? ["continue"] : []),
    ...(workflow.steps.some((step) => doneBy(step.type) === "person") ? ["abort at a step of type gate"] : []),
  ]
  const money = [
    ...capOf(budget?.usd, limits.budget?.usd, formatCost),
    ...capOf(budget?.tokens, limits.budget?.tokens, (tokens) => `${tokens} tokens`),
    ...capOf(budget?.timeMs, limits.budget?.timeMs, (ms) => `${formatDuration(ms)} of time`),
    ...capOf(budget?.workers, limits.budget?.workers, (workers) => `${workers} workers`),
  ]
  return [
    ...(money.length > 0 ? [`budget: ${money.join(", ")}`] : []),
    ...(ends.length > 0
      ? [
          `a gate waits ${formatDuration(gateTimeoutOf(workflow.settings))} for a person, then: ${gateDefault ?? ends.join(", ")}`,
        ]
      : []),
  ]
}

/** The lower of what the workflow and orchestrator.json allow, and whose it is. */
function capOf(own: number | undefined, limit: number | undefined, words: (cap: number) => string): string[] {
  const cap = Math.min(own ?? Number.POSITIVE_INFINITY, limit ?? Number.POSITIVE_INFINITY)
  if (!Number.isFinite(cap)) return []
  return [`${words(cap)} (${cap === own ? "the workflow's" : "orchestrator.json's"})`]
}
