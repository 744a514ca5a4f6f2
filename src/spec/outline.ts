import { type Path, valueAt } from "../core/issues.ts"
import type { WorkflowSource } from "./document.ts"

/**
 * What a document says about its steps, read as far as it can be understood. The checks between steps work on this
 * and not on the finished workflow, so that they find their problems also in a document whose shape is wrong elsewhere.
 */
export interface Outline {
  readonly source: WorkflowSource
  readonly steps: readonly OutlineStep[]
  /** Of two steps with one id the first. */
  readonly byId: ReadonlyMap<string, OutlineStep>
}

export interface OutlineStep {
  readonly path: Path
  /** Undefined when it is missing or not text. */
  readonly id: string | undefined
  readonly needs: readonly OutlineNeed[]
}

export interface OutlineNeed {
  readonly id: string
  readonly path: Path
}

/** Places of hooks in a document, by when they run. */
export const HOOKS_AT_START = "on_start"
export const HOOKS_AT_END = ["on_success", "on_failure", "on_complete"] as const

/** The outline of a document; steps and needs that are not of the right type are left out or empty. Hooks are steps that
 *  need what their place says. */
export function outlineOf(source: WorkflowSource): Outline {
  const listAt = (path: Path) => {
    const raw = valueAt(source.value, path)
    return (Array.isArray(raw) ? raw : []).map((step, index) => stepOf(step, [...path, index]))
  }
  const all = (others: readonly OutlineStep[], path: Path) =>
    others.flatMap(({ id }): OutlineNeed[] => (id === undefined ? [] : [{ id, path }]))
  const first = listAt(["hooks", HOOKS_AT_START]).map((step) => ({ ...step, needs: [] }))
  const graph = listAt(["steps"]).map((step) =>
    step.needs.length > 0 ? step : { ...step, needs: all(first, step.path) },
  )
  const last = HOOKS_AT_END.flatMap((when) => listAt(["hooks", when]))
  const steps = [...first, ...graph, ...last.map((step) => ({ ...step, needs: all([...first, ...graph], step.path) }))]
  const byId = new Map<string, OutlineStep>()
  for (const step of steps) if (step.id !== undefined && !byId.has(step.id)) byId.set(step.id, step)
  return { source, steps, byId }
}

function stepOf(step: unknown, path: Path): OutlineStep {
  const id = valueAt(step, ["id"])
  const needs = valueAt(step, ["needs"])
  const listed = Array.isArray(needs) ? needs : []
  return {
    path,
    id: typeof id === "string" ? id : undefined,
    needs: listed.flatMap((need: unknown, at) =>
      typeof need === "string" ? [{ id: need, path: [...path, "needs", at] }] : [],
    ),
  }
}

/** Text at `path`, or undefined when there is none. */
export function textAt(source: WorkflowSource, path: Path): string | undefined {
  const value = valueAt(source.value, path)
  return typeof value === "string" ? value : undefined
}
