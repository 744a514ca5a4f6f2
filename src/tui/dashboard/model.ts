import type { BrokenRun } from "../../core/view/protocol.ts"
import type { AskView, RunView, StepView, WorkerView } from "../../core/view/view.ts"
import type { Keys } from "../host/key-table.ts"
import type { TreeRow } from "../state/tree-rows.ts"
import type { Part } from "../state/view-model.ts"
import type { Chosen } from "./actions.ts"

/** What the dashboard draws its screen from. Plain data: no terminal, no clock; times are milliseconds since 1970. */
export interface FrameInput {
  readonly width: number
  readonly height: number
  readonly now: number
  readonly keys: Keys
  /** Nothing is known yet, or nothing can be known. */
  readonly phase:
    | { readonly type: "ready" | "loading" }
    | { readonly type: "failed"; readonly title: string; readonly text: string }
  readonly runs: readonly (RunView | BrokenRun)[]
  /** How many older runs are not listed. */
  readonly more: number
  /** The run that is chosen: its place in the list. */
  readonly runAt: number
  readonly rows: readonly TreeRow[]
  /** The step that is chosen, its place in the tree, and the first row of the tree that is seen. */
  readonly rowAt: number
  readonly rowsFrom: number
  readonly chosen: Chosen | undefined
  /** The chosen step with its texts, and the end of what its worker writes. */
  readonly shown: { readonly step: StepView; readonly tail: string | null; readonly isLoaded: boolean } | undefined
  /** Something that was just done, or could not be: stands in the place of the keys. */
  readonly said: Part | undefined
  readonly workers: readonly WorkerView[]
  readonly asks: readonly AskView[]
}
