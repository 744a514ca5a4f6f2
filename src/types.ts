/** The types of the journal's events and of the output of `baton` with `--json`, exported as
 *  `opencode-baton/types`. */
export type * from "./cli/json-types.ts"
export type { RunCreated, RunEvent } from "./core/model/events.ts"
export type { Profile } from "./core/model/profile.ts"
export type {
  CheckResult,
  Hold,
  Reason,
  RunStatus,
  StepResult,
  StepStatus,
  Tokens,
  Warning,
} from "./core/model/result.ts"
export type { Step, Workflow } from "./core/model/workflow.ts"
