import type { StepResult, Warning } from "../model/result.ts"
import type { InputValue, Step } from "../model/workflow.ts"

/** What a group does once all its parts so far are over: more parts, or its end. Pure, so that a resumed run comes to the
 *  same. */
export type Next =
  | {
      readonly type: "steps"
      readonly steps: readonly Step[]
      readonly inputs?: Readonly<Record<string, InputValue>>
      readonly seed?: number
    }
  | { readonly type: "result"; readonly result: StepResult; readonly warnings?: readonly Warning[] }
  /** A look at the project must come first. */
  | { readonly type: "look" }
  /** It makes no progress: a person is asked. */
  | { readonly type: "stagnant"; readonly detail: string }
