import type { RunStatus, StepStatus } from "../model/result.ts"

/**
 * The symbol of a state, one column wide and the same on every screen and page. It is never the
 * only sign of the state.
 */
export const MARKS: Readonly<Record<StepStatus | RunStatus, string>> = {
  pending: "○",
  running: "◐",
  waiting: "◔",
  success: "✓",
  failed: "✗",
  skipped: "–",
  cancelled: "⊘",
  interrupted: "‖",
  paused: "‖",
}
