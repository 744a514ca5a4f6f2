import { suggest } from "../core/base/nearest.ts"
import { problemAt } from "../core/documents/issues.ts"
import type { Problem } from "../core/model/problem.ts"
import type { WorkflowSource } from "./document.ts"
import { RESERVED } from "./names.ts"
import {
  HOOKS_AT_START,
  type Outline,
  type OutlineNeed,
  type OutlineScope,
  type OutlineStep,
  Visible,
} from "./outline.ts"

/** Checks the dependency graph of steps. */

/** Reports duplicate ids, unknown or repeated needs, and cycles, in every scope. */
export function* checkGraph({ source, scopes }: Outline): Generator<Problem> {
  for (const scope of scopes) {
    yield* checkIds(source, scope)
    for (const step of scope.steps) yield* checkNeeds(source, step)
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

function* checkNeeds(source: WorkflowSource, step: OutlineStep): Generator<Problem> {
  const seen = new Set<string>()
  for (const need of step.needs) {
    const at = (message: string, hint: string) => problemAt(source, need.path, "value", message, hint)
    const noun = step.hook === undefined ? source.vocabulary.step : "hook"
    const target = step.scope.byId.get(need.id)
    if (seen.has(need.id)) yield at(`\`${need.id}\` is needed twice`, "remove one")
    else if (need.id === step.id) yield at(`${noun} \`${need.id}\` needs itself`, "remove it")
    else if (target === undefined) yield at(...unknownNeed(source, step, need.id))
    else if (!canWaitFor(step, target))
      yield at(...(step.hook ? wrongForHook(source, step, target) : tooLate(source, target)))
    seen.add(need.id)
  }
}

type Say = readonly [message: string, hint: string]

function unknownNeed({ vocabulary }: WorkflowSource, step: OutlineStep, id: string): Say {
  const { owner, byId } = step.scope
  const others = [...byId.values()].filter((other) => other !== step && canWaitFor(step, other))
  const ids = others.flatMap((other) => other.id ?? [])
  if (step.hook !== undefined) {
    const none = "a hook can need only other hooks, and there are none"
    return [`there is no hook \`${id}\``, ids.length === 0 ? none : suggest(id, ids, "hooks that it can need")]
  }
  const isOutside = owner !== undefined && new Visible(owner).has(id)
  const where = owner?.id === undefined ? "" : ` inside \`${owner.id}\``
  const hint = isOutside
    ? `add it to the \`${vocabulary.needs}\` of \`${owner.id}\`: what is inside then waits for it, too`
    : suggest(id, ids, `other ${vocabulary.step}s`)
  return [`there is no ${vocabulary.step} \`${id}\`${where}`, hint]
}

/** Why a step cannot wait for a hook at the end. */
function tooLate({ vocabulary }: WorkflowSource, { id, hook }: OutlineStep): Say {
  const { step } = vocabulary
  return [`\`${id}\` is a hook of \`${hook}\`, which runs after every ${step}`, `make it a ${step}, or leave it out`]
}

/** Why a hook cannot wait for another step. */
function wrongForHook({ vocabulary }: WorkflowSource, { id, hook }: OutlineStep, target: OutlineStep): Say {
  const { step } = vocabulary
  const what = target.hook === undefined ? `a ${step}` : `a hook of \`${target.hook}\``
  const is = `\`${target.id}\` is ${what}`
  if (hook === HOOKS_AT_START)
    return [`${is}, and hooks of \`${hook}\` run before all ${step}s`, `make \`${id}\` a ${step}, or leave it out`]
  if (isAtEnd(target)) return [`${is}, which never runs together with one of \`${hook}\``, "leave it out"]
  const all = target.hook === undefined ? `all ${step}s` : "all of these"
  const hint = `leave it out; the hook can read \`\${${target.id}.output}\` without it`
  return [`${is}, and hooks of \`${hook}\` run after ${all}`, hint]
}

function isAtEnd({ hook }: OutlineStep): boolean {
  return hook !== undefined && hook !== HOOKS_AT_START
}

/**
 * True when `step` may name `target` as a need. Hooks can wait only for hooks that run at the same
 * end of the same run: everything else has ended before them, or comes after them.
 */
function canWaitFor(step: OutlineStep, target: OutlineStep): boolean {
  if (step.hook === undefined) return !isAtEnd(target)
  if (step.hook === HOOKS_AT_START || !isAtEnd(target)) return step.hook === target.hook
  return step.hook === target.hook || step.hook === "on_complete" || target.hook === "on_complete"
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
      } else if (target && (target === top.step || !canWaitFor(top.step, target))) {
        // This need was reported on its own.
      } else if (target && state.get(target) === "open") {
        const from = trail.findIndex((one) => one.step === target)
        const names = [...trail.slice(from).map((one) => one.step.id), target.id]
        const message = `dependency cycle: ${names.join(" → ")}`
        const key = top.step.hook === undefined ? source.vocabulary.needs : source.vocabulary.hookNeeds
        yield problemAt(source, need.path, "value", message, `remove one of these \`${key}\``)
      } else if (target && !state.has(target)) {
        state.set(target, "open")
        trail.push({ step: target, next: 0 })
      }
    }
  }
}

/** The ids of `wanted` that `step` depends on neither directly nor indirectly. */
export function notBefore(step: OutlineStep, wanted: Iterable<string>): ReadonlySet<string> {
  const missing = new Set([...wanted].filter((id) => !step.follows.has(id)))
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
