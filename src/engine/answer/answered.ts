import type { StepResult } from "../../core/model/result.ts"
import type { Run } from "../../core/model/run.ts"
import type { Step } from "../../core/model/workflow.ts"

/** An answer, with the context of the step that gave it. */
export interface Answered {
  readonly run: Run
  readonly step: Step
  readonly result: StepResult
  /** The prompt that the worker was sent. */
  readonly prompt: string | undefined
  /** The nonce of that prompt. */
  readonly nonce: string | undefined
}
