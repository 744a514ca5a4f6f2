import { deadlineAround } from "../core/enclosing.ts"
import type { Effect } from "../core/events.ts"
import { DEFAULTS, type Step, type StepResult } from "../core/model.ts"
import type { Clock, Render, Store, WorkerTask } from "../core/ports.ts"
import { formatProblems } from "../core/problem.ts"
import type { Profile } from "../core/profile.ts"
import { type Run, stepOf } from "../core/run.ts"
import { isKept, nameOf } from "./kept.ts"
import { scopeOf } from "./scope.ts"
import { asksOf } from "./workers.ts"

interface TaskDeps {
  readonly store: Store
  readonly render: Render
  readonly clock: Clock
}

/** A step that failed without a worker. */
export function failure(detail: string): StepResult {
  return { reason: "error", output: "", detail, tokens: { input: 0, output: 0 }, cost: 0 }
}

/** The task of a step, or the result it already has because its prompt cannot be filled in. */
export function taskOf(
  { store, render, clock }: TaskDeps,
  run: Run,
  effect: Extract<Effect, { type: "start" }>,
): WorkerTask | StepResult {
  const state = stepOf(run, effect.step)
  const step = run.specs[state?.index ?? -1]
  const profile = run.created.profiles[step?.profile ?? ""]
  if (!state || !step || !profile) return failure(`step ${effect.step} has no profile`)
  const prompt = render(step.prompt, scopeOf(run, step))
  if (!prompt.ok) return failure(formatProblems(prompt.problems))
  const { goOn } = state
  const session = state.session ?? goOn?.session
  const { limits, depth = 0, ask } = run.created
  const workflow = run.created.workflow.name
  const isForLater = isKept(store, run, profile)
  return {
    run: run.id,
    workflow,
    step: step.id,
    attempt: effect.attempt,
    key: `${run.id}/${step.id}/${effect.attempt}`,
    title: isForLater
      ? nameOf(run, profile)
      : (ask ?? `${step.id} · ${workflow}${effect.attempt > 1 ? ` · try ${effect.attempt}` : ""}`),
    profile: {
      ...profile,
      // Spawned by name it is kept whether its profile says so or not.
      ...(isForLater ? { keep: true } : {}),
      ...(step.model === undefined ? {} : { model: step.model }),
    },
    prompt: goOn === undefined ? prompt.value : goOn.session ? goOn.text : `${prompt.value}\n\n${goOn.text}`,
    resumed: effect.resumed,
    messages: state.messages ?? [],
    depth: depth + 1,
    mayDelegate: depth + 1 < (limits.maxDepth ?? DEFAULTS.maxDepth),
    ...deadlinesWithin(run, step, profile, clock.now()),
    asks: asksOf(step, profile),
    ...(run.parent === undefined ? {} : { parent: run.parent }),
    ...(session === undefined ? {} : { session }),
  }
}

/** The same, and no longer than the groups around the step have left. */
function deadlinesWithin(run: Run, step: Step, profile: Profile, now: number) {
  const own = deadlinesOf(step, profile)
  const end = deadlineAround(run, step)
  return end === undefined ? own : { ...own, timeoutMs: Math.min(own.timeoutMs, Math.max(1, end - now)) }
}

/** How long a worker of a profile has for a step. */
export function deadlinesOf(step: Pick<Step, "timeoutMs" | "idleTimeoutMs">, profile: Profile) {
  const total = profile.mode === "foreground" ? DEFAULTS.foregroundTimeoutMs : DEFAULTS.stepTimeoutMs
  return {
    timeoutMs: step.timeoutMs ?? profile.timeoutMs ?? total,
    idleTimeoutMs: step.idleTimeoutMs ?? profile.idleTimeoutMs ?? DEFAULTS.stepIdleTimeoutMs,
    toolTimeoutMs: profile.toolTimeoutMs ?? DEFAULTS.toolTimeoutMs,
  }
}
