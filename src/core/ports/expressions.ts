import type { Result } from "../model/problem.ts"
import type { Run } from "../model/run.ts"
import type { Step } from "../model/workflow.ts"

/** What the words of a workflow come to in a run; pure. What cannot be worked out is a problem. */
export interface Expressions {
  /** Whether a step's condition holds. */
  holds(run: Run, step: Step, condition: string): Result<boolean>
  /** Whether a loop is to end, after the last round it had. */
  until(run: Run, step: Step, condition: string): Result<boolean>
  /** What an expression comes to, whatever that is. */
  value(run: Run, step: Step, expression: string): Result<unknown>
  /** A template of the step, filled in. */
  text(run: Run, step: Step, template: string): Result<string>
}
