import { suggest } from "../core/base/nearest.ts"
import { type GateView, isWaiting, openGates } from "../core/view/gate-view.ts"
import type { RunView, StepView } from "../core/view/view.ts"
import type { CommandOutcome, Engine } from "../engine/engine.ts"

/** Which run, and which step of it, a person means who says `continue`, `retry review` or `resume`. */

/** Each run looked at is folded from its whole journal: no further back than this. */
const RUNS_READ = 30

export type Match<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly why: string }

/** Where a word was said. */
export interface Asker {
  /** Session it was said in: its runs are meant before others. */
  readonly session?: string | undefined
  /** How a command of this surface begins: `/workflow` or `baton`. */
  readonly prefix: string
}

/** A step as a person names it: `review`, or `RUN/review` when several runs have one. */
export interface DecisionQuery {
  readonly run?: string | undefined
  readonly step: string
}

export interface DecisionTarget {
  readonly run: RunView
  readonly step: StepView
}

/** Takes `RUN/STEP` apart; without a run the text is the step. */
export function decisionQueryOf(text: string): DecisionQuery {
  const slash = text.indexOf("/")
  return slash < 1 ? { step: text } : { run: text.slice(0, slash), step: text.slice(slash + 1) }
}

/** Runs that steps wait in, the asker's before others, newest first. */
function* runsFor(engine: Engine, { session }: Asker): Generator<RunView> {
  const others: RunView[] = []
  for (const { id } of engine.list().slice(0, RUNS_READ)) {
    const view = engine.view(id)
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

/** The run of that id (or beginning), else the asker's newest one that `is`. `none` says why there is none. */
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
  return `there is no run ${wanted} here${newest === "" ? "" : ` (newest: ${newest})`}`
}

/** The run that waits for a person: the one named, else the asker's newest. */
export function waitingRun(engine: Engine, wanted: string | undefined, asker: Asker): Match<RunView> {
  const found = findRun(engine, wanted, asker, { is: isWaiting, none: "no run is waiting for input" })
  if (!found.ok || isWaiting(found.value)) return found
  return { ok: false, why: `run ${found.value.id} is not waiting for input: ${standing(found.value, asker)}` }
}

/** The run to take up again: the one named, else the newest that was interrupted, else that is paused, else that failed. */
export function resumableRun(engine: Engine, wanted: string | undefined, asker: Asker): Match<RunView> {
  const none = "no run was interrupted, none is paused and none has failed"
  for (const status of ["interrupted", "paused", "failed"] as const) {
    // A question to a worker is asked again, not resumed; what a worker started is for that to take up.
    const is = (run: RunView) => run.status === status && (status !== "failed" || (run.ask === null && run.depth === 0))
    const found = findRun(engine, wanted, asker, { is, none })
    if (found.ok || wanted !== undefined) return found
  }
  return { ok: false, why: none }
}

/** The step at whose gate something is to be decided; for `retry` also one that failed in a run that is over. */
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

/** Whether the run is over without the step having gone well. */
function mayRetry(run: RunView, step: StepView): boolean {
  return run.endedAt !== null && run.status !== "success" && step.status !== "success"
}

function whyNot(runs: readonly RunView[], wanted: string, asker: Asker): string {
  const waiting = runs.flatMap((run) => openGates(run).map(({ step }) => step))
  const run = runs.find((one) => has(one, wanted))
  const step = run?.steps.find(({ id }) => id === wanted)
  if (run && step) return `${wanted} waits for no decision: ${standingOf(run, step, asker)}`
  if (waiting.length > 0) return `there is no step ${wanted} that waits: ${suggest(wanted, waiting, "steps that wait")}`
  const known = runs[0]?.steps.map(({ id }) => id) ?? []
  return `there is no step ${wanted}: ${suggest(wanted, known, "steps of the newest run")}`
}

/** How a step stands that cannot be decided about, and the way out. */
function standingOf(run: RunView, step: StepView, asker: Asker): string {
  const { prefix } = asker
  if (run.status === "interrupted" || run.endedAt !== null) return standing(run, asker)
  switch (step.status) {
    case "waiting":
      return `it is held; \`${prefix} resume ${run.id}\` lets it go on`
    case "running":
      return `it is at work; \`${prefix} abort ${run.id}\` ends the run`
    case "success":
      return "it has succeeded, and what has finished is not done again"
    case "pending":
      return "it has not started yet"
    default:
      return `it is ${step.status}; when the run is over \`${prefix} retry ${step.id}\` runs it again`
  }
}

/** The state of a run that is not waiting for input, and the way out. */
function standing({ id, status }: RunView, { prefix }: Asker): string {
  if (status === "interrupted") return `run ${id} was interrupted; first \`${prefix} resume ${id}\``
  if (status === "running") return "it is at work"
  if (status === "success") return "it has succeeded, and what has finished is not done again"
  return `it has ended (${status}); \`${prefix} resume ${id}\` runs again what did not succeed`
}

/** The steps that a resumed run has yet to run. */
export function stepsAhead(run: RunView | undefined): string[] {
  const isAhead = (step: StepView) => ["pending", "running", "waiting"].includes(step.status)
  return run?.steps.filter(isAhead).map(({ id }) => id) ?? []
}

/** Those steps for a message: `; to be done: review, publish`; empty when there are none. */
export function stepsAheadText(run: RunView | undefined): string {
  const ahead = stepsAhead(run)
  return ahead.length === 0 ? "" : `; to be done: ${ahead.join(", ")}`
}

/** Goes on with a run that waits: every step at a gate counts as it is. */
export function continueRun(engine: Engine, run: RunView, by: string, parent: string | undefined): CommandOutcome {
  // While the rest of it is at work, only its gates hold it.
  const gates = run.status === "paused" ? [] : openGates(run)
  if (gates.length === 0) return engine.resume(run.id, by, parent)
  const decided = gates.map(({ step }) => engine.decide(run.id, { step, action: "continue", by }))
  // Gates are not what a person's pause waits for.
  const outcomes = run.hold?.cause === "person" ? [...decided, engine.resume(run.id, by, parent)] : decided
  const handed = outcomes.flatMap((outcome) => (outcome.ok ? (outcome.handed ?? []) : []))
  return outcomes.find(({ ok }) => !ok) ?? { ok: true, run: run.id, ...(handed.length > 0 ? { handed } : {}) }
}

/** Ends a run for good. Where it waits for a decision, this is the decision. */
export function abortRun(engine: Engine, run: RunView, by: string): CommandOutcome {
  // An interrupted run would be taken up first.
  const gate = run.status === "interrupted" ? undefined : openGates(run)[0]
  return gate === undefined ? engine.abort(run.id, by) : engine.decide(run.id, { step: gate.step, action: "abort", by })
}

/** What waits for a decision in the project's newest runs, oldest first. */
export function waitingGates(engine: Engine): GateView[] {
  return [...runsFor(engine, { prefix: "" })].flatMap(openGates).sort((a, b) => a.openedAt - b.openedAt)
}
