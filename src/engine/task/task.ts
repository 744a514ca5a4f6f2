import { budgetOf, deadlineAround, enclosing, takenBy } from "../../core/model/ancestry.ts"
import { DEFAULTS } from "../../core/model/defaults.ts"
import type { Effect } from "../../core/model/events.ts"
import { formatProblems } from "../../core/model/problem.ts"
import type { Profile } from "../../core/model/profile.ts"
import type { StepResult } from "../../core/model/result.ts"
import { type Run, type StepState, stepOf } from "../../core/model/run.ts"
import { lowest, NO_USAGE } from "../../core/model/usage.ts"
import type { AskPolicy, Budget, Step } from "../../core/model/workflow.ts"
import type { Clock, Store, WorkerTask } from "../../core/ports/ports.ts"
import { followUpOf } from "../../core/schedule/conclude.ts"
import { ownedBy } from "./file-ownership.ts"
import { isKept, nameOf } from "./persistent-workers.ts"
import { type PromptDeps, promptOf } from "./prompt.ts"

interface TaskDeps extends PromptDeps {
  readonly store: Store
  readonly clock: Clock
}

/** A task, and which parts of its prompt had to be cut. */
interface Made {
  readonly task: WorkerTask
  readonly cuts: readonly string[]
}

/** The result of a step that failed before it had a worker. */
export function failure(detail: string): StepResult {
  return { reason: "error", output: "", detail, ...NO_USAGE }
}

/** The task of a step, or its failed result when its prompt cannot be composed. */
export async function taskOf(
  deps: TaskDeps,
  run: Run,
  effect: Extract<Effect, { type: "start" }>,
): Promise<Made | StepResult> {
  const state = stepOf(run, effect.step)
  const step = run.specs[state?.index ?? -1]
  const profile = run.created.profiles[step?.profile ?? ""]
  if (!state || !step || !profile) return failure(`step ${effect.step} has no profile`)
  const owned = ownedBy(deps.render, run, step)
  if (!owned.ok) return failure(formatProblems(owned.problems))
  const files = owned.value
  const composed = await promptOf(deps, run, {
    step,
    state,
    attempt: effect.attempt,
    isResumed: effect.resumed,
    owned: files ?? [],
  })
  if (!composed.ok) return failure(formatProblems(composed.problems))
  const { prompt, cuts } = composed.value
  const count = state.checkpoint?.count ?? 0
  const known = new Set(state.warnings?.map(({ text }) => text))
  const session = state.session ?? (count === 0 ? state.goOn?.session : undefined)
  const { schema } = followUpOf(step)
  const { limits, depth = 0, ask } = run.created
  const workflow = run.created.workflow.name
  const isForLater = isKept(deps.store, run, profile)
  const task: WorkerTask = {
    run: run.id,
    workflow,
    step: step.id,
    attempt: effect.attempt,
    key: `${run.id}/${step.id}/${effect.attempt}${count === 0 ? "" : `/part-${count + 1}`}`,
    ...idTimeOf(run, state),
    title: isForLater
      ? nameOf(run, profile)
      : (ask ?? `${step.id} · ${workflow}${effect.attempt > 1 ? ` · try ${effect.attempt}` : ""}`),
    profile: {
      ...profile,
      // A worker that was spawned by name is kept even if its profile does not say so.
      ...(isForLater ? { keep: true } : {}),
      ...(step.model === undefined ? {} : { model: step.model }),
    },
    prompt,
    resumed: effect.resumed,
    ...(count === 0 ? {} : { checkpoints: count }),
    messages: state.messages ?? [],
    depth: depth + 1,
    mayDelegate: depth + 1 < (limits.maxDepth ?? DEFAULTS.maxDepth),
    ...deadlinesWithin(run, step, { profile, state }, deps.clock.now()),
    asks: asksOf(step, profile),
    ...(schema === undefined ? {} : { schema }),
    ...limitOf(run, step, state),
    ...(files === undefined ? {} : { files }),
    ...(run.parent === undefined ? {} : { parent: run.parent }),
    ...(session === undefined ? {} : { session }),
  }
  return { task, cuts: cuts.filter((cut) => !known.has(cut)) }
}

/**
 * The time with which the ids of an attempt's messages begin: its own start, however often it is
 * resumed.
 */
export function idTimeOf(run: Run, state: StepState | undefined): Pick<WorkerTask, "idTime"> {
  if (run.created.ids !== "time") return {}
  return { idTime: state?.tryStartedAt ?? run.created.at }
}

/** The budget that the step and its enclosing groups have left. */
function limitOf(run: Run, spec: Step, row: StepState): { readonly limit?: Budget } {
  const limits = [{ spec, row }, ...enclosing(run, spec)].flatMap((one): Budget[] => {
    const { usd, tokens } = budgetOf(one.spec) ?? {}
    if (usd === undefined && tokens === undefined) return []
    const taken = takenBy(run, one.row)
    const left = tokens === undefined ? undefined : tokens - taken.tokens.input - taken.tokens.output
    const money = usd === undefined ? undefined : usd - taken.knownUsd
    return [{ ...(left === undefined ? {} : { tokens: left }), ...(money === undefined ? {} : { usd: money }) }]
  })
  const limit = limits.reduce(lowest, {})
  return Object.keys(limit).length === 0 ? {} : { limit }
}

/** The deadlines of the step, shortened to what its enclosing groups have left. */
function deadlinesWithin(run: Run, step: Step, { profile, state }: Worked, now: number) {
  const own = deadlinesOf(step, profile)
  const end = deadlineAround(run, step) ?? Number.POSITIVE_INFINITY
  // The sessions of one attempt share its time; resuming the run restarts it.
  const began = Math.max(state.tryStartedAt ?? now, run.activeSince)
  const left = state.checkpoint === undefined ? own.timeoutMs : began + own.timeoutMs - now
  return { ...own, timeoutMs: Math.max(1, Math.min(left, end - now)) }
}

interface Worked {
  readonly profile: Profile
  readonly state: StepState
}

/** The deadlines of a worker of a profile in a step, in milliseconds. */
export function deadlinesOf(
  step: Pick<Step, "timeoutMs" | "idleTimeoutMs">,
  profile: Pick<Profile, "mode" | "timeoutMs" | "idleTimeoutMs" | "toolTimeoutMs">,
) {
  const total = profile.mode === "foreground" ? DEFAULTS.foregroundTimeoutMs : DEFAULTS.stepTimeoutMs
  return {
    timeoutMs: step.timeoutMs ?? profile.timeoutMs ?? total,
    idleTimeoutMs: step.idleTimeoutMs ?? profile.idleTimeoutMs ?? DEFAULTS.stepIdleTimeoutMs,
    toolTimeoutMs: profile.toolTimeoutMs ?? DEFAULTS.toolTimeoutMs,
  }
}

/** Who answers a worker's requests: the step's setting, else the profile's, else a person. */
function asksOf(step: { readonly asks?: AskPolicy }, profile: Profile): AskPolicy {
  return step.asks ?? profile.asks ?? DEFAULTS.asks
}
