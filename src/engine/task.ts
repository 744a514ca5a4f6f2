import type { Composed, Composer, Earlier, ProjectFiles, Vault } from "../core/composing.ts"
import { isReadDistilled } from "../core/distilled.ts"
import { deadlineAround, enclosing, takenBy } from "../core/enclosing.ts"
import type { Effect } from "../core/events.ts"
import { type Budget, DEFAULTS, type Step, type StepResult } from "../core/model.ts"
import type { Clock, Render, Store, WorkerTask } from "../core/ports.ts"
import { type Checked, formatProblems } from "../core/problem.ts"
import type { Profile } from "../core/profile.ts"
import { type Run, type StepState, stepOf } from "../core/run.ts"
import { markOf, secretsOf } from "../core/secrets.ts"
import { lowest } from "../core/spent.ts"
import { isKept, nameOf } from "./kept.ts"
import { ancestorsOf, neighboursOf, scopeOf } from "./scope.ts"
import { asksOf } from "./workers.ts"

interface TaskDeps {
  readonly store: Store
  readonly render: Render
  readonly clock: Clock
  readonly composer: Composer
  readonly files: ProjectFiles
  readonly vault: Vault
}
type StartEffect = Extract<Effect, { type: "start" }>

/** A task, and what of its prompt had to be cut. */
interface Made {
  readonly task: WorkerTask
  readonly cuts: readonly string[]
}

/** A step that failed without a worker. */
export function failure(detail: string): StepResult {
  return { reason: "error", output: "", detail, tokens: { input: 0, output: 0 }, cost: 0 }
}

/** The task of a step, or the result it already has because its prompt cannot be made. */
export async function taskOf(deps: TaskDeps, run: Run, effect: StartEffect): Promise<Made | StepResult> {
  const state = stepOf(run, effect.step)
  const step = run.specs[state?.index ?? -1]
  const profile = run.created.profiles[step?.profile ?? ""]
  if (!state || !step || !profile) return failure(`step ${effect.step} has no profile`)
  const composed = await promptOf(deps, run, { step, state, isResumed: effect.resumed })
  if (!composed.ok) return failure(formatProblems(composed.problems))
  const { prompt, cuts } = composed.value
  const known = new Set(state.warnings?.map(({ text }) => text))
  const session = state.session ?? state.goOn?.session
  const { limits, depth = 0, ask } = run.created
  const workflow = run.created.workflow.name
  const isForLater = isKept(deps.store, run, profile)
  const task: WorkerTask = {
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
    prompt,
    resumed: effect.resumed,
    messages: state.messages ?? [],
    depth: depth + 1,
    mayDelegate: depth + 1 < (limits.maxDepth ?? DEFAULTS.maxDepth),
    ...deadlinesWithin(run, step, profile, deps.clock.now()),
    asks: asksOf(step, profile),
    ...limitOf(run, step, state),
    ...(step.schema === undefined ? {} : { schema: step.schema }),
    ...(step.files === undefined ? {} : { files: step.files }),
    ...(run.parent === undefined ? {} : { parent: run.parent }),
    ...(session === undefined ? {} : { session }),
  }
  return { task, cuts: cuts.filter((cut) => !known.has(cut)) }
}

interface Which {
  readonly step: Step
  readonly state: StepState
  readonly isResumed: boolean
}

/** What the worker is sent. An attempt that was prompted before is sent the same, whatever has changed since. */
async function promptOf(deps: TaskDeps, run: Run, { step, state, isResumed }: Which): Promise<Checked<Composed>> {
  const { workflow } = run.created
  const secrets = secretsOf(workflow)
  const isSecret = Object.keys(secrets).some((name) => state.prompt?.includes(markOf(name)))
  if (isResumed && state.prompt !== undefined && !isSecret) return done({ prompt: state.prompt, cuts: [] })
  const { composer, render, files, vault } = deps
  const how = {
    isReported: isReported(run, step),
    ...limitOf(run, step, state),
    ...(step.schema === undefined ? {} : { schema: step.schema }),
  }
  const { goOn } = state
  if (goOn?.session !== undefined)
    return done(
      composer.compose({ prompt: goOn.text, strategy: "fresh", earlier: [], files: [], ...how, isAgain: true }),
    )
  const opened = vault.open(secrets)
  if (!opened.ok) return problem(opened.why)
  const scope = { ...scopeOf(run, step), ...(opened.values.size > 0 ? { secrets: opened.values } : {}) }
  const prompt = render(step.prompt, scope)
  if (!prompt.ok) return prompt
  try {
    return done(
      composer.compose({
        prompt: goOn === undefined ? prompt.value : `${prompt.value}\n\n${goOn.text}`,
        strategy: step.context ?? "fresh",
        earlier: await earlierOf(files, run, step),
        files: step.context === "scoped" ? await files.find(step.files ?? []) : [],
        ...how,
      }),
    )
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error))
  }
}

const done = (value: Composed): Checked<Composed> => ({ ok: true, value })
const problem = (message: string): Checked<never> => ({
  ok: false,
  problems: [{ file: "prompt", line: 1, column: 1, message }],
})

/** The steps before that a step is told of, in the workflow's order, each with all of its answer in a file. */
async function earlierOf(files: ProjectFiles, run: Run, step: Step): Promise<Earlier[]> {
  const isFull = step.context === "full"
  if (!isFull && step.context !== "distilled") return []
  const ids = isFull ? ancestorsOf(run, step) : neighboursOf(run, step)
  const ended = ids.flatMap((id) => {
    const state = stepOf(run, id)
    return state?.status === "success" && state.result ? [{ state, result: state.result }] : []
  })
  ended.sort((a, b) => a.state.index - b.state.index)
  return Promise.all(
    ended.map(async ({ state: { id }, result: { output, structured, handoff } }) => ({
      step: id,
      output,
      path: await files.keep(run.id, id, output),
      ...(structured === undefined ? {} : { structured }),
      ...(handoff === undefined ? {} : { handoff }),
    })),
  )
}

/** Whether a step's worker is asked to report to those that read it distilled. */
function isReported(run: Run, step: Step): boolean {
  const { workflow } = run.created
  return workflow.distiller === undefined && isReadDistilled(run.specs, step)
}

/** A worker's result with its report taken off the answer, where it was asked for one. */
export function takeReport({ composer }: TaskDeps, run: Run, id: string, result: StepResult): StepResult {
  const step = run.specs[stepOf(run, id)?.index ?? -1]
  if (result.reason !== "ok" || !step || !isReported(run, step)) return result
  const taken = composer.takeReport(result.output)
  // Who wrote nothing but a report has said with it what there is to say.
  return { ...result, ...taken, output: taken.output || result.output }
}

/** What the step, and the groups it is a part of, have left to spend. */
function limitOf(run: Run, spec: Step, row: StepState): { readonly limit?: Budget } {
  const limits = [{ spec, row }, ...enclosing(run, spec)].flatMap((one): Budget[] => {
    const { usd, tokens } = one.spec.budget ?? {}
    const taken = takenBy(run, one.row)
    const left = tokens === undefined ? undefined : tokens - taken.tokens.input - taken.tokens.output
    const money = usd === undefined ? undefined : usd - taken.knownUsd
    return [{ ...(left === undefined ? {} : { tokens: left }), ...(money === undefined ? {} : { usd: money }) }]
  })
  const limit = limits.reduce(lowest, {})
  return Object.keys(limit).length === 0 ? {} : { limit }
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
