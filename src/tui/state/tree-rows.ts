import { partsByGroup } from "../../core/view/tree.ts"
import { nameInGroup, type RunView, roundOf, type StepView } from "../../core/view/view.ts"
import { isOver } from "./view-model.ts"

/**
 * The steps of a run as rows of a tree. Steps that may run at the same time share a bracket, parts
 * are listed under their group, and delegated runs under the step whose worker started them. Plain
 * data.
 */

export interface TreeRow {
  /** `RUN/STEP`. */
  readonly key: string
  /** The run of the step: the displayed run, or one that a worker started. */
  readonly run: RunView
  readonly step: StepView
  /** Text before the step's icon: brackets and indentation. */
  readonly lead: string
  /** Nesting depth under groups and steps. */
  readonly depth: number
  readonly label: string
  /** Number of direct children, including folded ones. */
  readonly below: number
  readonly isFolded: boolean
}

/** A finished group with more parts than this is folded by default. */
const FOLDED_FROM = 5

export interface TreeInput {
  readonly run: RunView
  /** Runs among which delegated runs are looked up. */
  readonly runs: readonly RunView[]
  /** By row key: whether a person has folded (true) or unfolded the row. */
  readonly folds: ReadonlyMap<string, boolean>
}

export function treeRows({ run, runs, folds }: TreeInput): TreeRow[] {
  const rows: TreeRow[] = []
  const known = new Map(runs.map((one) => [one.id, one]))
  const seen = new Set<string>()
  walk(run, "", "", 0)
  return rows

  function walk(of: RunView, lead: string, before: string, depth: number): void {
    if (seen.has(of.id)) return
    seen.add(of.id)
    const parts = partsByGroup(of.steps)
    place(of, parts, parts.get(null) ?? [], { lead, before, depth })
  }

  function place(
    of: RunView,
    parts: ReturnType<typeof partsByGroup>,
    siblings: readonly StepView[],
    { lead, before, depth }: { readonly lead: string; readonly before: string; readonly depth: number },
  ): void {
    const layers = layered(siblings)
    const isBracketed = layers.some((layer) => layer.length > 1)
    for (const layer of layers) {
      for (const [at, step] of layer.entries()) {
        const isLast = at === layer.length - 1
        const bracket = layer.length === 1 ? " " : at === 0 ? "┌" : isLast ? "└" : "├"
        const on = layer.length === 1 || isLast ? " " : "│"
        const key = `${of.id}/${step.id}`
        const own = parts.get(step.id) ?? []
        const started = (step.delegated?.runs ?? []).flatMap((id) => known.get(id) ?? [])
        const isFolded = folds.get(key) ?? (own.length > FOLDED_FROM && isOver(step))
        rows.push({
          key,
          run: of,
          step,
          lead: isBracketed ? `${lead}${bracket} ` : lead,
          depth,
          label: `${before}${of.ask ?? nameInGroup(step)}`,
          below: own.length + started.length,
          isFolded: isFolded && own.length + started.length > 0,
        })
        if (isFolded) continue
        const deeper = `${isBracketed ? `${lead}${on} ` : lead}  `
        place(of, parts, own, { lead: deeper, before: "", depth: depth + 1 })
        for (const child of started) walk(child, deeper, "↳ ", depth + 1)
      }
    }
  }
}

/**
 * Groups steps into layers: each step is in the layer below the deepest step it needs, so the steps
 * of a layer may run at the same time. A round of a loop is below the round before it.
 */
function layered(steps: readonly StepView[]): StepView[][] {
  const byId = new Map(steps.map((step) => [step.id, step]))
  const rounds = steps.filter((step) => roundOf(step) !== undefined)
  const roundBefore = new Map(rounds.slice(1).map((step, at) => [step, rounds[at]]))
  const depths = new Map<string, number>()
  const depthOf = (step: StepView): number => {
    const known = depths.get(step.id)
    if (known !== undefined) return known
    depths.set(step.id, 0)
    const before = roundBefore.get(step)
    const needs = [...step.needs.flatMap((id) => byId.get(id) ?? []), ...(before === undefined ? [] : [before])]
    const depth = needs.reduce((deepest, need) => Math.max(deepest, depthOf(need) + 1), 0)
    depths.set(step.id, depth)
    return depth
  }
  const layers: StepView[][] = []
  for (const step of steps) {
    const depth = depthOf(step)
    const layer = layers[depth]
    if (layer) layer.push(step)
    else layers[depth] = [step]
  }
  return layers.filter((layer) => layer !== undefined)
}
