import type { Result } from "../model/problem.ts"
import type { Run } from "../model/run.ts"
import type { Step } from "../model/workflow.ts"

/** Evaluates a workflow's expressions against a run. Pure; failures are Problems. */
export interface Expressions {
  /** Evaluates a step's condition. */
  holds(run: Run, step: Step, condition: string): Result<boolean>
  /** Evaluates the `until` of a loop after its latest round. True ends the loop. */
  until(run: Run, step: Step, condition: string): Result<boolean>
  /** Evaluates an expression to a value of any type. */
  value(run: Run, step: Step, expression: string): Result<unknown>
  /** Fills in a template of the step. */
  text(run: Run, step: Step, template: string): Result<string>
}
