import type { Need } from "../../core/view/needs.ts"
import type { BrokenRun } from "../../core/view/protocol.ts"
import type { PendingRequestView, RunView, StepView, WorkerView } from "../../core/view/view.ts"
import type { Keys } from "../host/key-table.ts"
import type { TreeRow } from "../state/tree-rows.ts"
import type { TextSpan } from "../state/view-model.ts"
import type { Selection } from "./actions.ts"

/**
 * Input of the dashboard's screen. Plain data without a terminal or a clock; times are milliseconds
 * since 1970.
 */
export interface FrameInput {
  readonly width: number
  readonly height: number
  readonly now: number
  readonly keys: Keys
  /**
   * `loading` until the first answer of the server half, `failed` when it answered with an error.
   */
  readonly phase:
    | { readonly type: "ready" | "loading" }
    | { readonly type: "failed"; readonly title: string; readonly text: string }
  readonly runs: readonly (RunView | BrokenRun)[]
  /** Number of older runs that are not listed. */
  readonly more: number
  /** Index of the selected run in `runs`. */
  readonly runAt: number
  readonly rows: readonly TreeRow[]
  /** Index of the selected step in `rows`, and of the first row that is visible. */
  readonly rowAt: number
  readonly rowsFrom: number
  readonly selection: Selection | undefined
  /** The selected step with its prompt and answer, and the latest output of its worker. */
  readonly shown: { readonly step: StepView; readonly tail: string | null; readonly isLoaded: boolean } | undefined
  /** A short-lived message that replaces the key hints on the last line. */
  readonly said: TextSpan | undefined
  readonly workers: readonly WorkerView[]
  readonly asks: readonly PendingRequestView[]
  /** Everything that needs the person, in all runs. */
  readonly needs: readonly Need[]
}
