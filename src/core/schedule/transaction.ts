import { rowsOf } from "../base/table.ts"
import { evolve } from "../fold/evolve.ts"
import type { DecidedBy } from "../model/decided.ts"
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
  readonly #decider: Partial<DecidedBy>
  #run: Run | undefined

  /** Every event that says who decided also says by what, as `decider` does. */
  constructor(run: Run | undefined, expressions: Expressions, decider: Partial<DecidedBy> = {}) {
    this.#run = run
    this.expressions = expressions
    this.#decider = decider
  }

  /**
   * The run after the events so far. It always exists, because only `create` begins without a run.
   */
  get run(): Run {
    return this.#run as Run
  }

  add(event: RunEvent): this {
    const { by, via } = this.#decider
    const complete = via !== undefined && "by" in event && event.by === by ? { ...event, via } : event
    this.events.push(complete)
    this.#run = evolve(this.#run, complete)
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
