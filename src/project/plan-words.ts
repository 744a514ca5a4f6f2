import { packageAt, protectionOf, scriptsIn } from "../checks/protect.ts"
import { formatDuration } from "../core/base/duration.ts"
import { gateTimeoutOf } from "../core/model/defaults.ts"
import { doneBy } from "../core/model/step-types.ts"
import type { Check, CheckOf, CheckType, Intervene, Retry, Settings, Step } from "../core/model/workflow.ts"
import { policyOf } from "../core/schedule/after-attempt.ts"
import { formatCost } from "../core/view/numbers.ts"
import type { Prepared } from "./project.ts"

/** Describes conditions, checks, retries, gates and budgets in a plan, one line each. */

/**
 * Lines about a step's condition, checks, opinions, tries and failure, and when the run pauses
 * after it.
 */
export function failureLines(step: Step, prepared: Prepared): string[] {
  const { settings } = prepared.definition.workflow
  const policy = doneBy(step.type) === "person" ? undefined : whosePolicy(step, prepared)
  const { condition, retry, checks = [], opinions = [], onFailure } = step
  return [
    ...(condition === undefined ? [] : [`only if ${condition.trim()}`]),
    ...(checks.length > 0 ? [`checks: ${checks.map(checkWords).join("; ")}`] : []),
    ...protectionLines(prepared.root, checks),
    ...opinions.map(({ ask, profile, severity }) => {
      const weight = severity === "warning" ? " (only a warning)" : ""
      return `opinion of ${profile}: ${ask.trim()}${weight}`
    }),
    ...(retry === undefined && onFailure === undefined ? [] : [triesOf(retry, onFailure, settings)]),
    ...(step.effects === undefined ? [] : ["has external effects: runs again only when a person says so"]),
    ...(policy === undefined ? [] : [`pauses for a person: ${policy.intervene} (${policy.whose})`]),
  ]
}

function triesOf(retry: Retry | undefined, onFailure: Step["onFailure"], settings: Settings): string {
  const rest = settings.onFailure === "stop" ? "no more steps start" : "steps that do not need it continue"
  const end = onFailure === "skip" ? "if it fails, it counts as skipped" : `if it fails, ${rest}`
  if (retry === undefined || retry.maxAttempts === 1) return `one try; ${end}`
  const { maxAttempts, delayMs, backoff } = retry
  const grows = backoff === "exponential" && delayMs > 0 && maxAttempts > 2 ? " and twice as long each time" : ""
  const wait = delayMs === 0 ? "" : `, ${formatDuration(delayMs)} before the second${grows}`
  return `up to ${maxAttempts} tries${wait}; ${end}`
}

/** The words of a plan for a check: its condition, and notes about it. */
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

/**
 * What the steps of a run must leave as it is for these checks to count. The files that a program
 * reads by itself are not known, and that is said.
 */
function protectionLines(root: string, checks: readonly Check[]): string[] {
  const commands = checks.filter((check): check is CheckOf<"command"> => check.type === "command")
  if (commands.length === 0) return []
  const found = commands.filter(({ protect }) => protect === undefined).map(({ run }) => protectionOf(root, run))
  const files = found.flatMap((one) => one.files).filter(({ isMissing }) => !isMissing)
  const named = files.map(
    ({ path, scripts = [] }) => `${path}${scripts.length > 0 ? ` (${scriptWords(root, path, scripts)})` : ""}`,
  )
  const all = [...new Set([...commands.flatMap(({ protect = [] }) => protect), ...named])]
  const open = [...new Set(found.flatMap((one) => one.open))]
  return [
    `protected: ${all.join(", ") || "no file"}`,
    ...(found.length === 0 ? [] : [`not protected: ${[...open, "what these commands read by themselves"].join(", ")}`]),
  ]
}

/** The scripts of a package file that are there, of those that would run. */
function scriptWords(root: string, path: string, names: readonly string[]): string {
  const scripts = scriptsIn(packageAt(root, path))
  const there = names.filter((name) => Object.hasOwn(scripts, name))
  return there.length === 0 ? "no script" : `${there.length === 1 ? "script" : "scripts"} ${there.join(", ")}`
}

interface Policy {
  readonly intervene: Intervene
  readonly whose: string
}

/**
 * The policy for pausing after a step and where it was set; undefined when it is set nowhere and
 * the run never pauses.
 */
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

/** Lines about the run's budget and, if it can have gates, how long they wait. */
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

/** The lower cap of the workflow and orchestrator.json, and which of them set it. */
function capOf(own: number | undefined, limit: number | undefined, words: (cap: number) => string): string[] {
  const cap = Math.min(own ?? Number.POSITIVE_INFINITY, limit ?? Number.POSITIVE_INFINITY)
  if (!Number.isFinite(cap)) return []
  return [`${words(cap)} (${cap === own ? "the workflow's" : "orchestrator.json's"})`]
}
