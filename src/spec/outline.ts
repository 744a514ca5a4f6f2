import { type Path, valueAt } from "../core/documents/issues.ts"
import type { WorkflowSource } from "./document.ts"

/**
 * What a document says about its steps, read as far as it can be understood. The checks between steps work on this
 * and not on the finished workflow, so that they find their problems also in a document whose shape is wrong elsewhere.
 */
export interface Outline {
  readonly source: WorkflowSource
  /** The steps of the document, and those inside of each step that has some. */
  readonly scopes: readonly OutlineScope[]
  /** All of them, those inside others too. */
  readonly steps: readonly OutlineStep[]
}

/** Steps that stand beside each other, and so may need each other. */
export interface OutlineScope {
  readonly steps: readonly OutlineStep[]
  /** Of two steps with one id the first. */
  readonly byId: ReadonlyMap<string, OutlineStep>
  /** The step they stand in. */
  readonly owner: OutlineStep | undefined
}

export interface OutlineStep {
  readonly path: Path
  /** Undefined when it is missing or not text. */
  readonly id: string | undefined
  readonly needs: readonly OutlineNeed[]
  /** Whether it is done again and again. */
  readonly isLoop: boolean
  /** Ids of the steps inside. */
  readonly inside: ReadonlySet<string>
  readonly scope: OutlineScope
}

export interface OutlineNeed {
  readonly id: string
  readonly path: Path
}

/** Places of hooks in a document, by when they run. */
export const HOOKS_AT_START = "on_start"
export const HOOKS_AT_END = ["on_success", "on_failure", "on_complete"] as const

type UnscopedStep = Omit<OutlineStep, "scope">

/** The outline of a document; steps and needs that are not of the right type are left out or empty. Hooks are steps that
 *  need what their place says. */
export function outlineOf(source: WorkflowSource): Outline {
  const listAt = (path: Path) => {
    const raw = valueAt(source.value, path)
    // Not `map`: what was left out on the way into this form is a hole in the list.
    return Array.from(Array.isArray(raw) ? raw : [], (step: unknown, index) => stepOf(step, [...path, index]))
  }
  const all = (others: readonly UnscopedStep[], path: Path) =>
    others.flatMap(({ id }): OutlineNeed[] => (id === undefined ? [] : [{ id, path }]))
  const first = listAt(["hooks", HOOKS_AT_START]).map((step) => ({ ...step, needs: [] }))
  const graph = listAt(["steps"]).map((step) =>
    step.needs.length > 0 ? step : { ...step, needs: all(first, step.path) },
  )
  const last = HOOKS_AT_END.flatMap((when) => listAt(["hooks", when]))
  const ended = [...first, ...graph]
  const steps = [...ended, ...last.map((step) => ({ ...step, needs: all(ended, step.path) }))]
  const scopes: OutlineScope[] = []
  const add = (found: readonly UnscopedStep[], owner: OutlineStep | undefined) => {
    const scope = scopeOf(found, owner)
    scopes.push(scope)
    for (const step of scope.steps) {
      const inner = listAt([...step.path, "steps"])
      if (inner.length > 0) add(inner, step)
    }
  }
  add(steps, undefined)
  return { source, scopes, steps: scopes.flatMap((scope) => scope.steps) }
}

function scopeOf(found: readonly UnscopedStep[], owner: OutlineStep | undefined): OutlineScope {
  const byId = new Map<string, OutlineStep>()
  const steps: OutlineStep[] = []
  const scope: OutlineScope = { steps, byId, owner }
  for (const one of found) {
    const step = { ...one, scope }
    steps.push(step)
    if (step.id !== undefined && !byId.has(step.id)) byId.set(step.id, step)
  }
  return scope
}

function idOf(step: unknown): string | undefined {
  const id = valueAt(step, ["id"])
  return typeof id === "string" ? id : undefined
}

function stepOf(step: unknown, path: Path): UnscopedStep {
  const needs = valueAt(step, ["needs"])
  const inner = valueAt(step, ["steps"])
  const listed = Array.isArray(needs) ? needs : []
  return {
    path,
    id: idOf(step),
    isLoop: valueAt(step, ["loop"]) !== undefined,
    inside: new Set(Array.isArray(inner) ? inner.flatMap((one) => idOf(one) ?? []) : []),
    needs: listed.flatMap((need: unknown, at) =>
      typeof need === "string" ? [{ id: need, path: [...path, "needs", at] }] : [],
    ),
  }
}

/** The step itself, and those it stands in, the nearest first. */
export function* around(step: OutlineStep): Generator<OutlineStep> {
  for (let at: OutlineStep | undefined = step; at; at = at.scope.owner) yield at
}

/** Ids that an expression of the step may name: those beside it, those beside what it stands in, perhaps those inside. */
export class Visible {
  readonly #step: OutlineStep
  readonly #inside: ReadonlySet<string>

  constructor(step: OutlineStep, seesInside = false) {
    this.#step = step
    this.#inside = seesInside ? step.inside : new Set()
  }

  has(id: string): boolean {
    return this.#inside.has(id) || [...around(this.#step)].some(({ scope }) => scope.byId.has(id))
  }

  keys(): Iterable<string> {
    return [...this.#inside, ...[...around(this.#step)].flatMap(({ scope }) => [...scope.byId.keys()])]
  }
}

/** Text at `path`, or undefined when there is none. */
export function textAt(source: WorkflowSource, path: Path): string | undefined {
  const value = valueAt(source.value, path)
  return typeof value === "string" ? value : undefined
}

/** What is written at `path` of a step. */
export const written = ({ source }: Outline, step: OutlineStep, ...path: PropertyKey[]) =>
  valueAt(source.value, [...step.path, ...path])

/** Keys of the object at `path` of a step; none when it is no object. */
export function keysAt(outline: Outline, step: OutlineStep, ...path: PropertyKey[]): string[] {
  const value = written(outline, step, ...path)
  return typeof value === "object" && value !== null ? Object.keys(value) : []
}
