import { rowsOf } from "../base/table.ts"
import { evolve } from "../fold/evolve.ts"
import type { Effect, RunEvent } from "../model/events.ts"
import type { Run, StepState } from "../model/run.ts"
import type { Step } from "../model/workflow.ts"
import type { Expressions } from "../ports/expressions.ts"

/**
 * The result of a command: the events to journal, the effects to perform once they are journalled,
 * and the run after them. `refused` says in one sentence why the command has no result.
 */
export interface Decision {
  readonly events: readonly RunEvent[]
  readonly effects: readonly Effect[]
  readonly run: Run | undefined
  readonly refused?: string
}

/** Collects events and applies each of them to the run. */
export class Transaction {
  readonly events: RunEvent[] = []
  readonly effects: Effect[] = []
  readonly expressions: Expressions
  #run: Run | undefined

  constructor(run: Run | undefined, expressions: Expressions) {
    this.#run = run
    this.expressions = expressions
  }

  /**
   * The run after the events so far. It always exists, because only `create` begins without a run.
   */
  get run(): Run {
    return this.#run as Run
  }

  add(event: RunEvent): this {
    this.events.push(event)
    this.#run = evolve(this.#run, event)
    return this
  }

  decision(): Decision {
    return { events: this.events, effects: this.effects, run: this.#run }
  }
}

export function refuse(run: Run | undefined, why: string): Decision {
  return { events: [], effects: [], run, refused: why }
}

export function specOf(run: Run, step: StepState): Step {
  return run.specs[step.index] as Step
}

export function stepsThat(run: Run, status: StepState["status"]): StepState[] {
  return rowsOf(run.steps).filter((step) => step.status === status)
}
