import type { StepResult, Warning } from "../model/result.ts"
import type { InputValue, Step } from "../model/workflow.ts"

/**
 * What a group does once all its parts so far are over: it adds parts, or ends. Pure, so that a
 * resumed run gets the same result.
 */
export type Next =
  | {
      readonly type: "steps"
      readonly steps: readonly Step[]
      readonly inputs?: Readonly<Record<string, InputValue>>
      readonly seed?: number
    }
  | { readonly type: "result"; readonly result: StepResult; readonly warnings?: readonly Warning[] }
  /** The project must be looked at first. */
  | { readonly type: "look" }
  /** The loop makes no progress, so a person is asked. */
  | { readonly type: "stagnant"; readonly detail: string }
