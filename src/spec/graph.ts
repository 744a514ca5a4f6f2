import { suggest } from "../core/base/nearest.ts"
import { problemAt } from "../core/documents/issues.ts"
import type { Problem } from "../core/model/problem.ts"
import type { WorkflowSource } from "./document.ts"
import { RESERVED } from "./names.ts"
import { type Outline, type OutlineNeed, type OutlineScope, type OutlineStep, Visible } from "./outline.ts"

/** Checks the dependency graph of steps. */

/** Reports duplicate ids, unknown or repeated needs, and cycles, in every scope. */
export function* checkGraph({ source, scopes }: Outline): Generator<Problem> {
  for (const scope of scopes) {
    const known = new Set(scope.byId.keys())
    yield* checkIds(source, scope)
    for (const step of scope.steps) yield* checkNeeds(source, step, known)
    yield* cycles(source, scope)
  }
}

function* checkIds(source: WorkflowSource, { steps, owner }: OutlineScope): Generator<Problem> {
  const first = new Map<string, OutlineStep>()
  const outside = owner === undefined ? undefined : new Visible(owner)
  for (const step of steps) {
    if (step.id === undefined) continue
    const path = [...step.path, "id"]
    if (RESERVED.includes(step.id)) {
      const hint = "expressions use this word for something else; rename it"
      yield problemAt(source, path, "value", `a ${source.vocabulary.step} cannot be called \`${step.id}\``, hint)
    }
    if (outside?.has(step.id)) {
      const hint = "rename one of the two: inside it the name would be ambiguous"
      yield problemAt(
        source,
        path,
        "value",
        `a ${source.vocabulary.step} outside this group is also called \`${step.id}\``,
        hint,
      )
    }
    const earlier = first.get(step.id)
    if (earlier) {
      const line = source.place([...earlier.path, "id"], "value").line
      const message = `there are two ${source.vocabulary.step}s \`${step.id}\``
      yield problemAt(source, path, "value", message, `rename one of them; the other is on line ${line}`)
    } else first.set(step.id, step)
  }
}

function* checkNeeds(source: WorkflowSource, step: OutlineStep, known: ReadonlySet<string>): Generator<Problem> {
  const seen = new Set<string>()
  for (const need of step.needs) {
    const at = (message: string, hint: string) => problemAt(source, need.path, "value", message, hint)
    if (seen.has(need.id)) yield at(`\`${need.id}\` is needed twice`, "remove one")
    else if (need.id === step.id) yield at(`${source.vocabulary.step} \`${need.id}\` needs itself`, "remove it")
    else if (!known.has(need.id)) {
      const others = [...known].filter((id) => id !== step.id)
      const { owner } = step.scope
      const isOutside = owner !== undefined && new Visible(owner).has(need.id)
      const where = owner?.id === undefined ? "" : ` inside \`${owner.id}\``
      const hint = isOutside
        ? `add it to the \`${source.vocabulary.needs}\` of \`${owner.id}\`: what is inside then waits for it, too`
        : suggest(need.id, others, `other ${source.vocabulary.step}s`)
      yield at(`there is no ${source.vocabulary.step} \`${need.id}\`${where}`, hint)
    }
    seen.add(need.id)
  }
}

/**
 * Reports one problem per cycle, at the `needs` entry that closes it. The depth-first search keeps
 * its own stack, because long chains would overflow the call stack.
 */
function* cycles(source: WorkflowSource, { steps, byId }: OutlineScope): Generator<Problem> {
  const state = new Map<OutlineStep, "open" | "done">()
  for (const root of steps) {
    const trail: { step: OutlineStep; next: number }[] = state.has(root) ? [] : [{ step: root, next: 0 }]
    state.set(root, state.get(root) ?? "open")
    for (let top = trail.at(-1); top; top = trail.at(-1)) {
      const need: OutlineNeed | undefined = top.step.needs[top.next++]
      const target = need && byId.get(need.id)
      if (need === undefined) {
        state.set(top.step, "done")
        trail.pop()
      } else if (target && target !== top.step && state.get(target) === "open") {
        const from = trail.findIndex((one) => one.step === target)
        const names = [...trail.slice(from).map((one) => one.step.id), target.id]
        const message = `dependency cycle: ${names.join(" → ")}`
        yield problemAt(source, need.path, "value", message, `remove one of these \`${source.vocabulary.needs}\``)
      } else if (target && !state.has(target)) {
        state.set(target, "open")
        trail.push({ step: target, next: 0 })
      }
    }
  }
}

/** The ids of `wanted` that `step` depends on neither directly nor indirectly. */
export function notBefore(step: OutlineStep, wanted: Iterable<string>): ReadonlySet<string> {
  const missing = new Set(wanted)
  const found = new Set<string>()
  const waiting = step.needs.map((need) => need.id)
  for (let at = 0; at < waiting.length && missing.size > 0; at++) {
    const id = waiting[at] as string
    if (found.has(id)) continue
    found.add(id)
    missing.delete(id)
    for (const need of step.scope.byId.get(id)?.needs ?? []) waiting.push(need.id)
  }
  return missing
}
