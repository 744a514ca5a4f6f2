import type { RunStatus, StepStatus } from "../model/result.ts"

/** The sign of a state, one column wide, the same on every screen and page; never the only thing that tells it. */
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
