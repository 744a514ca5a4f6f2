import { evolve } from "../core/fold/evolve.ts"
import type { RunCreated, RunEvent, Usage } from "../core/model/events.ts"
import type { Tokens, Warning } from "../core/model/result.ts"
import type { Run } from "../core/model/run.ts"
import { NO_TOTAL_USAGE, plus } from "../core/model/usage.ts"
import type { Hook, InputValue } from "../core/model/workflow.ts"
import { authorNotes } from "../core/view/author-notes.ts"
import { type Moment, momentsOf, type Try, triesOf } from "../core/view/timeline.ts"
import { type Branch, treeOf } from "../core/view/tree.ts"
import type { RunView, StepView } from "../core/view/view.ts"
import { type Graph, graphOf } from "./graph.ts"

/**
 * The content of a run's report, from its journal alone. Plain data; times are milliseconds since
 * 1970.
 */
export interface Report {
  readonly run: RunView
  readonly graph: Graph
  readonly description: string | null
  /** The version and the notes of the workflow's authors. */
  readonly notes: readonly (readonly [name: string, text: string])[]
  readonly inputs: Readonly<Record<string, InputValue>>
  /** Time at which the report was made. */
  readonly madeAt: number
  readonly steps: readonly StepReport[]
  /** By step id: its position in `steps`, starting at 1. Links use it. */
  readonly numbers: ReadonlyMap<string, number>
  readonly moments: readonly Moment[]
  readonly models: readonly ModelCost[]
  readonly files: FileReport
  readonly warnings: readonly (Warning & { readonly step: string })[]
}

export interface StepReport extends Branch {
  /** The end state that starts a hook step; null for an ordinary step. */
  readonly hook: Hook | null
  readonly tries: readonly Try[]
  /** The runs that its worker started, including those that their workers started. */
  readonly delegated: readonly RunView[]
}

export interface ModelCost {
  /** `provider/model`; null when the model is unknown. */
  readonly model: string | null
  readonly tries: number
  readonly tokens: Tokens
  readonly cost: number | null
  readonly knownUsd: number
}

export interface FileReport {
  /** Changed files with the steps that wrote them, sorted by path. */
  readonly attributed: readonly { readonly path: string; readonly steps: readonly string[] }[]
  /**
   * Files that git reports as changed during the run and that no step reported; null when unknown.
   */
  readonly unattributed: readonly string[] | null
  /** Why they are unknown, as a sentence. */
  readonly why: string | null
}

/** Input of a report besides the events of the run. */
export interface Sources {
  /** The view of the run, including delegated work. */
  readonly run: RunView
  /** Returns the run with this id, which a worker started. */
  readonly find: (run: string) => RunView | undefined
  readonly now: number
}

/** Makes the report of a run. Throws when `events` do not begin with the creation of a run. */
export function reportOf(events: readonly RunEvent[], { run, find, now }: Sources): Report {
  const state = events.reduce<Run | undefined>(evolve, undefined)
  if (state === undefined) throw new Error(`run ${run.id} has no events`)
  const tries = triesOf(events)
  const hooks = new Map(state.specs.map(({ id, hook }) => [id, hook]))
  const steps = treeOf(run.steps).map((branch) => ({
    ...branch,
    hook: hooks.get(branch.step.id) ?? null,
    tries: tries.get(branch.step.id) ?? [],
    delegated: delegatedBy(branch.step, find),
  }))
  const { workflow, inputs } = createdBy(events)
  return {
    run,
    graph: graphOf(state.specs, new Map(run.steps.map((step) => [step.id, step]))),
    description: workflow.description ?? null,
    notes: authorNotes(workflow),
    inputs,
    madeAt: now,
    steps,
    numbers: new Map(steps.map(({ step }, at) => [step.id, at + 1])),
    moments: momentsOf(events),
    models: modelsOf(steps),
    files: filesOf(steps, events, run),
    warnings: run.steps.flatMap(({ id, warnings }) => warnings.map((warning) => ({ ...warning, step: id }))),
  }
}

function createdBy(events: readonly RunEvent[]): RunCreated {
  return events[0] as RunCreated
}

function delegatedBy({ delegated }: StepView, find: Sources["find"]): RunView[] {
  return (delegated?.runs ?? []).flatMap((id) => {
    const child = find(id)
    return child === undefined ? [] : [child, ...child.steps.flatMap((step) => delegatedBy(step, find))]
  })
}

/** Usage of each model, including delegated work, sorted by cost with the most expensive first. */
function modelsOf(steps: readonly StepReport[]): ModelCost[] {
  const models = new Map<string | null, ModelCost>()
  const add = (model: string | null, tries: number, took: Usage) => {
    const known = models.get(model) ?? { model, tries: 0, ...NO_TOTAL_USAGE }
    models.set(model, { model, tries: known.tries + tries, ...plus(known, took) })
  }
  for (const { tries, delegated } of steps) {
    for (const { result, asked } of tries) if (result && isModels(result)) add(result.model ?? asked, 1, result)
    for (const step of delegated.flatMap((run) => run.steps))
      if (step.attempts > 0) add(step.model, step.attempts, step)
  }
  return [...models.values()].sort((a, b) => b.knownUsd - a.knownUsd || b.tokens.input - a.tokens.input)
}

/** True when a model was involved; the result of a gate has none. */
function isModels({ model, session }: { readonly model?: string; readonly session?: string }): boolean {
  return model !== undefined || session !== undefined
}

// ── files ────────────────────────────────────────────────────────────────────────────────────────

function filesOf(steps: readonly StepReport[], events: readonly RunEvent[], run: RunView): FileReport {
  const by = new Map<string, Set<string>>()
  const add = (path: string, step: string) => by.set(path, (by.get(path) ?? new Set()).add(step))
  for (const { step, tries, delegated } of steps) {
    for (const { result } of tries) for (const path of result?.files ?? []) add(path, step.id)
    for (const path of step.files) add(path, step.id)
    if (step.saved !== null) add(step.saved, step.id)
    for (const { files } of delegated.flatMap((run) => run.steps)) for (const path of files) add(path, step.id)
  }
  const attributed = [...by].map(([path, ids]) => ({ path, steps: [...ids] })).sort((a, b) => compare(a.path, b.path))
  const changed = events.findLast((event) => event.type === "run.changed")
  if (changed === undefined) return { attributed, unattributed: null, why: whyUnknown(events, run) }
  return { attributed, unattributed: changed.files.filter((path) => !by.has(path)).sort(compare), why: null }
}

function whyUnknown(events: readonly RunEvent[], { endedAt }: RunView): string {
  const unseen = events.findLast((event) => event.type === "run.unseen")
  if (unseen) return `Not known: ${unseen.why}.`
  if (endedAt === null) return "Not known yet: git is asked for other changed files when the run ends."
  return events.some(({ type }) => type === "run.seen")
    ? "Not known: Baton ended before it had asked git at the end of the run."
    : "Not known: the project is in no git repository, or git is not installed."
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
