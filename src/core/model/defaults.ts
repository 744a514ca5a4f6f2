import type { Settings } from "./workflow.ts"

/**
 * What counts where nobody wrote anything. Deadlines are milliseconds: every wait has one even then (guarantee G4).
 */
export const DEFAULTS = {
  stepTimeoutMs: 30 * 60_000,
  stepIdleTimeoutMs: 5 * 60_000,
  /** One tool call in silence: builds and test suites can take long (docs/guide/workers.md). */
  toolTimeoutMs: 20 * 60_000,
  /** A step a person works on has the whole run's time. */
  foregroundTimeoutMs: 4 * 3_600_000,
  /** After this much silence a worker is shown as silent. */
  silentAfterMs: 60_000,
  serverIdleStopMs: 5 * 60_000,
  /** A gate nobody answers: a day, so that a night and a weekend day fit. */
  gateTimeoutMs: 24 * 3_600_000,
  checkTimeoutMs: 10 * 60_000,
  retryAttempts: 2,
  maxDepth: 1,
  runTimeoutMs: 4 * 3_600_000,
  maxParallel: 3,
  maxWorkers: 8,
  asks: { policy: "ask", otherwise: "deny" },
  intervene: "never",
} as const

/** How long a gate waits for a person (milliseconds). */
export function gateTimeoutOf({ gateTimeoutMs = DEFAULTS.gateTimeoutMs }: Settings): number {
  return gateTimeoutMs
}
