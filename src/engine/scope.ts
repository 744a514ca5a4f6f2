import type { Step } from "../core/model.ts"
import type { Scope, StepScope, StepScopes } from "../core/ports.ts"
import { type Run, stepOf } from "../core/run.ts"

/** What the prompt of `step` can see: the inputs, and every step it needs, directly or through others. */
export function scopeOf(run: Run, step: Step): Scope {
  return { inputs: run.created.inputs, steps: new Ancestors(run, step) }
}

/**
 * The steps that `step` needs, nearest first. Looked for only as far as they are asked about: a prompt usually reads
 * its neighbours, and a step late in a long chain has thousands of ancestors.
 */
class Ancestors implements StepScopes {
  readonly #run: Run
  readonly #found = new Map<string, StepScope>()
  readonly #open: string[]
  #next = 0

  constructor(run: Run, step: Step) {
    this.#run = run
    this.#open = [...step.needs]
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

  /** Takes in one more ancestor; false when there are no more. */
  #advance(): boolean {
    const id = this.#open[this.#next++]
    if (id === undefined) return false
    const state = stepOf(this.#run, id)
    if (state === undefined || this.#found.has(id)) return true
    this.#found.set(id, {
      output: state.result?.output ?? "",
      status: state.status,
      reason: state.result?.reason ?? "",
      session: state.result?.session ?? state.session ?? "",
    })
    this.#open.push(...(this.#run.created.workflow.steps[state.index]?.needs ?? []))
    return true
  }
}
