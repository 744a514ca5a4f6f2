import { type Path, valueAt } from "../core/documents/issues.ts"
import type { WorkflowSource } from "./document.ts"

/**
 * The steps of a document, read as far as they can be understood. The checks between steps work on
 * this and not on the finished workflow, so that they also find problems in a document whose shape
 * is wrong elsewhere.
 */
export interface Outline {
  readonly source: WorkflowSource
  /** One scope for the document, and one for each step that has steps inside. */
  readonly scopes: readonly OutlineScope[]
  /** The steps of all scopes. */
  readonly steps: readonly OutlineStep[]
}

/** The steps of one level, which may need each other. */
export interface OutlineScope {
  readonly steps: readonly OutlineStep[]
  /** Steps by id; of two steps with the same id, the first. */
  readonly byId: ReadonlyMap<string, OutlineStep>
  /** The step that contains them; undefined at the top level. */
  readonly owner: OutlineStep | undefined
}

export interface OutlineStep {
  readonly path: Path
  /** Undefined when the id is missing or not text. */
  readonly id: string | undefined
  /** Its needs as written. An ordinary step that has none needs the hooks at the start. */
  readonly needs: readonly OutlineNeed[]
  /** For a hook at the end: the ids of all steps that have ended before it starts. */
  readonly follows: ReadonlySet<string>
  /** The key of `hooks` that the step is listed under; undefined for an ordinary step. */
  readonly hook: string | undefined
  /** True when the step has a `loop`. */
  readonly isLoop: boolean
  /** Ids of the steps inside this one. */
  readonly inside: ReadonlySet<string>
  readonly scope: OutlineScope
}

export interface OutlineNeed {
  readonly id: string
  readonly path: Path
}

/** Keys of hooks in a document, by the time they run. */
export const HOOKS_AT_START = "on_start"
export const HOOKS_AT_END = ["on_success", "on_failure", "on_complete"] as const

type UnscopedStep = Omit<OutlineStep, "scope">

/**
 * The outline of a document. Steps and needs of the wrong type are empty or left out. Hooks are
 * steps whose place decides what they need.
 */
export function outlineOf(source: WorkflowSource): Outline {
  const listAt = (path: Path, hook?: string) => {
    const raw = valueAt(source.value, path)
    // `map` would skip the holes that a dialect leaves in the list for what it could not convert.
    return Array.from(Array.isArray(raw) ? raw : [], (step: unknown, index) => stepOf(step, [...path, index], hook))
  }
  const all = (others: readonly UnscopedStep[], path: Path) =>
    others.flatMap(({ id }): OutlineNeed[] => (id === undefined ? [] : [{ id, path }]))
  const first = listAt(["hooks", HOOKS_AT_START], HOOKS_AT_START)
  const graph = listAt(["steps"]).map((step) =>
    step.needs.length > 0 ? step : { ...step, needs: all(first, step.path) },
  )
  const last = HOOKS_AT_END.flatMap((when) => listAt(["hooks", when], when))
  const ended = [...first, ...graph]
  const follows = new Set(ended.flatMap(({ id }) => id ?? []))
  const steps = [...ended, ...last.map((step) => ({ ...step, follows }))]
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

function stepOf(step: unknown, path: Path, hook: string | undefined): UnscopedStep {
  const needs = valueAt(step, ["needs"])
  const inner = valueAt(step, ["steps"])
  const listed = Array.isArray(needs) ? needs : []
  return {
    path,
    id: idOf(step),
    hook,
    follows: new Set(),
    isLoop: valueAt(step, ["loop"]) !== undefined,
    inside: new Set(Array.isArray(inner) ? inner.flatMap((one) => idOf(one) ?? []) : []),
    needs: listed.flatMap((need: unknown, at) =>
      typeof need === "string" ? [{ id: need, path: [...path, "needs", at] }] : [],
    ),
  }
}

/** The step itself, then the steps that contain it, innermost first. */
export function* around(step: OutlineStep): Generator<OutlineStep> {
  for (let at: OutlineStep | undefined = step; at; at = at.scope.owner) yield at
}

/**
 * The step ids that an expression of a step may name: those of its own scope and of the enclosing
 * scopes, and with `seesInside` also those of the steps inside it.
 */
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

/** The text at `path`; undefined when there is none. */
export function textAt(source: WorkflowSource, path: Path): string | undefined {
  const value = valueAt(source.value, path)
  return typeof value === "string" ? value : undefined
}

/** The value that the document has at `path` of a step. */
export const written = ({ source }: Outline, step: OutlineStep, ...path: PropertyKey[]) =>
  valueAt(source.value, [...step.path, ...path])

/** Keys of the object at `path` of a step; empty when it is not an object. */
export function keysAt(outline: Outline, step: OutlineStep, ...path: PropertyKey[]): string[] {
  const value = written(outline, step, ...path)
  return typeof value === "object" && value !== null ? Object.keys(value) : []
}
