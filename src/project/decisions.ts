import { suggest } from "../core/base/nearest.ts"
import { type Decider, deciderOf } from "../core/model/decided.ts"
import { isWaiting, openGates } from "../core/view/gate-view.ts"
import type { RunView, StepView } from "../core/view/view.ts"
import type { CommandOutcome, Engine } from "../engine/engine.ts"

/** Finds the run and step that commands such as `continue`, `retry review` or `resume` refer to. */

/** Maximum number of runs that are searched, because each is folded from its whole journal. */
const RUNS_READ = 30

export type Match<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly why: string }

/** The origin of a command. */
export interface Asker {
  /** Session in which the command was given; its runs take precedence over others. */
  readonly session?: string | undefined
  /** The beginning of this surface's commands: `/workflow` or `baton`. */
  readonly prefix: string
}

/** A step as a person names it: `review`, or `RUN/review` when several runs have that step. */
export interface DecisionQuery {
  readonly run?: string | undefined
  readonly step: string
}

export interface DecisionTarget {
  readonly run: RunView
  readonly step: StepView
}

/** Splits `RUN/STEP`; without a slash the whole text is the step. */
export function decisionQueryOf(text: string): DecisionQuery {
  const slash = text.indexOf("/")
  return slash < 1 ? { step: text } : { run: text.slice(0, slash), step: text.slice(slash + 1) }
}

/** The newest runs, those of the asker's session first, newest first in each group. */
function* runsFor(engine: Engine, { session }: Asker): Generator<RunView> {
  const others: RunView[] = []
  for (const { id } of engine.list().slice(0, RUNS_READ)) {
    const view = engine.readable(id)
    if (view === undefined) continue
    if (session === undefined || view.parent === session) yield view
    else others.push(view)
  }
  yield* others
}

function firstRun(engine: Engine, asker: Asker, is: (run: RunView) => boolean): RunView | undefined {
  for (const run of runsFor(engine, asker)) if (is(run)) return run
  return undefined
}

/**
 * Finds the run with that id, or an id that begins so. Without an id it is the asker's newest run
 * for which `is` holds; `none` is the reason when there is none.
 */
export function findRun(
  engine: Engine,
  wanted: string | undefined,
  asker: Asker,
  { is, none }: { readonly is: (run: RunView) => boolean; readonly none: string },
): Match<RunView> {
  const run = wanted === undefined ? firstRun(engine, asker, is) : engine.find(wanted)
  if (run) return { ok: true, value: run }
  return { ok: false, why: wanted === undefined ? none : noRun(engine, wanted) }
}

function noRun(engine: Engine, wanted: string): string {
  const ids = engine.list().map(({ id }) => id)
  const many = ids.filter((id) => id.startsWith(wanted)).length
  if (many > 1) return `${many} runs begin with ${wanted}: type more of the id`
  const newest = ids.slice(0, 5).join(", ")
  return `this project has no run ${wanted}${newest === "" ? "" : ` (newest: ${newest})`}`
}

/** Finds the run that waits for a person: the named one, or else the asker's newest. */
export function waitingRun(engine: Engine, wanted: string | undefined, asker: Asker): Match<RunView> {
  const found = findRun(engine, wanted, asker, { is: isWaiting, none: "no run is waiting for input" })
  if (!found.ok || isWaiting(found.value)) return found
  return { ok: false, why: `run ${found.value.id} is not waiting for input: ${standing(found.value, asker)}` }
}

/**
 * Finds the run to resume: the named one, or else the newest interrupted, then paused, then failed
 * one.
 */
export function resumableRun(engine: Engine, wanted: string | undefined, asker: Asker): Match<RunView> {
  const none = "no run was interrupted, none is paused and none has failed"
  for (const status of ["interrupted", "paused", "failed"] as const) {
    // A failed question is asked again instead of resumed, and a nested run belongs to the worker
    // that started it.
    const is = (run: RunView) => run.status === status && (status !== "failed" || (run.ask === null && run.depth === 0))
    const found = findRun(engine, wanted, asker, { is, none })
    if (found.ok || wanted !== undefined) return found
  }
  return { ok: false, why: none }
}

/**
 * Finds the step whose gate waits for a decision; for `retry` also an unsuccessful step of a run
 * that has ended.
 */
export function findDecision(
  engine: Engine,
  wanted: DecisionQuery,
  isRetry: boolean,
  asker: Asker,
): Match<DecisionTarget> {
  const named = wanted.run === undefined ? undefined : engine.find(wanted.run)
  if (wanted.run !== undefined && named === undefined) return { ok: false, why: noRun(engine, wanted.run) }
  const runs = named ? [named] : [...runsFor(engine, asker)]
  const isThere = (run: RunView) => openGates(run).some(({ step }) => step === wanted.step)
  const run =
    runs.find(isThere) ?? (isRetry ? runs.find((one) => one.ask === null && has(one, wanted.step)) : undefined)
  const step = run?.steps.find(({ id }) => id === wanted.step)
  if (run && step && (step.gate !== null ? isThere(run) : mayRetry(run, step)))
    return { ok: true, value: { run, step } }
  return { ok: false, why: whyNot(runs, wanted.step, asker) }
}

function has(run: RunView, step: string): boolean {
  return run.steps.some(({ id }) => id === step)
}

/** True when the run has ended unsuccessfully and the step has not succeeded. */
function mayRetry(run: RunView, step: StepView): boolean {
  return run.endedAt !== null && run.status !== "success" && step.status !== "success"
}

function whyNot(runs: readonly RunView[], wanted: string, asker: Asker): string {
  const waiting = runs.flatMap((run) => openGates(run).map(({ step }) => step))
  const run = runs.find((one) => has(one, wanted))
  const step = run?.steps.find(({ id }) => id === wanted)
  if (run && step) return `${wanted} is not waiting for a decision: ${standingOf(run, step, asker)}`
  if (waiting.length > 0)
    return `no step ${wanted} is waiting for a decision: ${suggest(wanted, waiting, "steps that wait")}`
  const known = runs[0]?.steps.map(({ id }) => id) ?? []
  return `there is no step ${wanted}: ${suggest(wanted, known, "steps of the newest run")}`
}

/** Why a step cannot be decided, and what the person can do. */
function standingOf(run: RunView, step: StepView, asker: Asker): string {
  const { prefix } = asker
  if (run.status === "interrupted" || run.endedAt !== null) return standing(run, asker)
  switch (step.status) {
    case "waiting":
      return `it is held; \`${prefix} resume ${run.id}\` lets it continue`
    case "running":
      return `it is running; \`${prefix} abort ${run.id}\` ends the run`
    case "success":
      return "it has succeeded, and a step that has succeeded is not run again"
    case "pending":
      return "it has not started yet"
    default:
      return `it is ${step.status}; when the run has ended, \`${prefix} retry ${step.id}\` runs it again`
  }
}

/** The state of a run that is not waiting for input, and the way out. */
function standing({ id, status }: RunView, { prefix }: Asker): string {
  if (status === "interrupted") return `run ${id} was interrupted; first \`${prefix} resume ${id}\``
  if (status === "running") return "it is running"
  if (status === "success") return "it has succeeded, and a run that has succeeded is not run again"
  return `it has ended (${status}); \`${prefix} resume ${id}\` runs again what did not succeed`
}

/** Ids of the steps that a resumed run still has to do. */
export function stepsAhead(run: RunView | undefined): string[] {
  const isAhead = (step: StepView) => ["pending", "running", "waiting"].includes(step.status)
  return run?.steps.filter(isAhead).map(({ id }) => id) ?? []
}

/** The end of a reply: `; to be done: review, publish`. Empty when no step is left. */
export function stepsAheadText(run: RunView | undefined): string {
  const ahead = stepsAhead(run)
  return ahead.length === 0 ? "" : `; to be done: ${ahead.join(", ")}`
}

/** Continues a waiting run: the result of every step at a gate is accepted as it is. */
export function continueRun(engine: Engine, run: RunView, by: Decider, parent: string | undefined): CommandOutcome {
  // A run that is not paused is held only by its gates.
  const gates = run.status === "paused" ? [] : openGates(run)
  if (gates.length === 0) return engine.resume(run.id, by, parent)
  const decided = gates.map(({ step }) => engine.decide(run.id, { step, action: "continue", ...deciderOf(by) }))
  // Deciding the gates does not end a person's pause, so the run is resumed as well.
  const outcomes = run.hold?.cause === "person" ? [...decided, engine.resume(run.id, by, parent)] : decided
  const handed = outcomes.flatMap((outcome) => (outcome.ok ? (outcome.handed ?? []) : []))
  return outcomes.find(({ ok }) => !ok) ?? { ok: true, run: run.id, ...(handed.length > 0 ? { handed } : {}) }
}

/** Ends a run for good. If it waits for a decision, `abort` is that decision. */
export function abortRun(engine: Engine, run: RunView, by: Decider): CommandOutcome {
  // Deciding a gate of an interrupted run would resume it first.
  const gate = run.status === "interrupted" ? undefined : openGates(run)[0]
  if (gate === undefined) return engine.abort(run.id, by)
  return engine.decide(run.id, { step: gate.step, action: "abort", ...deciderOf(by) })
}
