import type { StepResult } from "../../core/model/result.ts"
import type { Run } from "../../core/model/run.ts"
import type { Step } from "../../core/model/workflow.ts"
import type { Snapshot } from "../../core/ports/ports.ts"

/** An answer, and what is known of the step it was given for. */
export interface Answered {
  readonly run: Run
  readonly step: Step
  readonly result: StepResult
  /** What it was sent. */
  readonly prompt: string | undefined
  /** What files were like before the attempt. */
  readonly before: Snapshot | undefined
}
