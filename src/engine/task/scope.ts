import { enclosing } from "../../core/model/ancestry.ts"
import { type Run, type StepState, stepOf } from "../../core/model/run.ts"
import { nestedIn } from "../../core/model/step-types.ts"
import type { Step } from "../../core/model/workflow.ts"
import type { Scope, StepScope, StepScopes } from "../../core/ports/ports.ts"

/**
 * What the expressions of `step` can see: the inputs, and every step it needs, directly or through
 * others. A part of a group sees its siblings by their own names, and what its group can see; a
 * nested workflow sees only its own inputs. `isAfterRound` is for the `until` of a loop, which also
 * sees the round that has just ended.
 */
export function scopeOf(run: Run, step: Step, isAfterRound = false): Scope {
  const { inside, nested } = surroundings(run, step)
  const workflow = (nested && nestedIn(nested.spec)) ?? run.created.workflow
  const item = inside.find((spec) => spec.item !== undefined)?.item
  const after = isAfterRound ? roundsOf(run, stepOf(run, step.id)) : []
  const last = run.specs[run.graph.indexOf.get(after[0] ?? "") ?? -1]
  const rounds = [...(last ? [last] : []), ...inside]
  const round = rounds.find((spec) => spec.part?.round !== undefined)?.part?.round
  return {
    inputs: nested?.row.parts?.inputs ?? run.created.inputs,
    steps: new Ancestors(run, inside, after),
    ...(workflow.variables === undefined ? {} : { variables: workflow.variables }),
    ...(item === undefined ? {} : { item }),
    ...(round === undefined ? {} : { round }),
  }
}

/** The step and the enclosing groups that share its scope, and the nested workflow that contains
 *  them. */
function surroundings(run: Run, step: Step) {
  const around = enclosing(run, step)
  const border = around.findIndex(({ spec }) => spec.loop === undefined && nestedIn(spec) !== undefined)
  const groups = around.slice(0, border === -1 ? undefined : border).map(({ spec }) => spec)
  return { inside: [step, ...groups], nested: around[border] }
}

/** Ids of the direct predecessors of a step: what it needs, and what its enclosing groups need. */
export function neighboursOf(run: Run, step: Step): string[] {
  const { inside } = surroundings(run, step)
  return [...new Set(inside.flatMap(({ needs, part }) => [...needs, ...(part?.reads ?? [])]))]
}

/** Ids of all predecessors of a step that it may see. */
export function ancestorsOf(run: Run, step: Step): string[] {
  const found = new Set<string>()
  const open = neighboursOf(run, step)
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue
    found.add(id)
    const spec = run.specs[run.graph.indexOf.get(id) ?? -1]
    open.push(...(spec?.needs ?? []), ...(spec?.part?.reads ?? []))
  }
  return [...found]
}

/** The ids of the last round of a loop and of that round's parts. */
function roundsOf(run: Run, loop: StepState | undefined): string[] {
  const last = loop?.parts?.all.at(-1)
  if (last === undefined) return []
  const round = stepOf(run, run.specs[last]?.id ?? "")
  const parts = (round?.parts?.all ?? []).flatMap((index) => run.specs[index]?.id ?? [])
  return [...(round ? [round.id] : []), ...parts]
}

const NOTHING_YET: StepScope = { output: "", status: "pending", reason: "", session: "" }

/**
 * The steps that can be read, nearest first. They are searched only as far as they are asked for: a
 * prompt usually reads its neighbours, and a step late in a long chain has thousands of ancestors.
 */
class Ancestors implements StepScopes {
  readonly #run: Run
  readonly #found = new Map<string, StepScope>()
  readonly #seen = new Set<string>()
  readonly #open: string[]
  #next = 0

  /** `inside` is the step and the enclosing groups that share its scope. */
  constructor(run: Run, inside: readonly Step[], first: readonly string[]) {
    this.#run = run
    this.#open = [...first]
    for (const { needs, part } of inside) {
      this.#open.push(...needs, ...(part?.reads ?? []))
      if (part?.round === undefined) continue
      // The previous round, under the name of the loop.
      if (part.round > 1) this.#open.push(`${part.of}:${part.round - 1}`)
      else this.#found.set(part.name, NOTHING_YET)
    }
  }

  get(id: string): StepScope | undefined {
    while (!this.#found.has(id) && this.#advance());
    return this.#found.get(id)
  }

  has(id: string): boolean {
    return this.get(id) !== undefined
  }

  keys(): Iterable<string> {
    while (this.#advance());
    return this.#found.keys()
  }

  /** Adds one more ancestor; returns false when there are no more. */
  #advance(): boolean {
    const id = this.#open[this.#next++]
    if (id === undefined) return false
    const state = this.#seen.has(id) ? undefined : stepOf(this.#run, id)
    if (state === undefined) return true
    this.#seen.add(id)
    const spec = this.#run.specs[state.index]
    const name = spec?.part?.name ?? id
    // Of several ancestors with one name, the nearest counts.
    if (!this.#found.has(name)) this.#found.set(name, scopeOfStep(state, this.#run.created.nonceKey === undefined))
    this.#open.push(...(spec?.needs ?? []), ...(spec?.part?.reads ?? []))
    return true
  }
}

function scopeOfStep({ status, result, session }: StepState, isOld: boolean): StepScope {
  const output = result?.output ?? ""
  return {
    output,
    status,
    reason: result?.reason ?? "",
    session: result?.session ?? session ?? "",
    get structured() {
      return result?.structured ?? dataIn(output, isOld)
    },
  }
}

/**
 * The JSON in an answer of a step without a schema: its only code block, else the whole answer.
 * Undefined when that is not JSON, and when there are several blocks, because one of them may be a
 * quotation. In runs of earlier versions the last block counts.
 */
function dataIn(output: string, isOld: boolean): unknown {
  const blocks = [...output.matchAll(/```(json)?[ \t]*\n([\s\S]*?)```/g)]
  const marked = blocks.filter(([, mark]) => mark !== undefined)
  const counting = marked.length > 0 && !isOld ? marked : blocks
  if (counting.length > 1 && !isOld) return undefined
  const text = counting.at(-1)?.[2] ?? output
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
