import type { Settings } from "./workflow.ts"

/**
 * The values that apply when the user sets none. Deadlines are in milliseconds; every wait has one,
 * even by default (guarantee G4).
 */
export const DEFAULTS = {
  stepTimeoutMs: 30 * 60_000,
  stepIdleTimeoutMs: 5 * 60_000,
  /**
   * How long one tool call may stay silent. Builds and test suites can take this long
   * (docs/guide/workers.md).
   */
  toolTimeoutMs: 20 * 60_000,
  /** A step in the foreground gets as much time as the whole run. */
  foregroundTimeoutMs: 4 * 3_600_000,
  /** A worker is shown as silent after this much time without activity. */
  silentAfterMs: 60_000,
  serverIdleStopMs: 5 * 60_000,
  /** A gate waits a day by default, so that it outlasts a night or a day of the weekend. */
  gateTimeoutMs: 24 * 3_600_000,
  checkTimeoutMs: 10 * 60_000,
  retryAttempts: 2,
  /** The most items of a routed step: what a decomposition of a large feature has, with room. */
  maxItems: 50,
  maxDepth: 1,
  runTimeoutMs: 4 * 3_600_000,
  maxParallel: 3,
  maxWorkers: 8,
  asks: { policy: "ask", otherwise: "deny" },
  intervene: "never",
} as const

/** Returns how long a gate waits for a person, in milliseconds. */
export function gateTimeoutOf({ gateTimeoutMs = DEFAULTS.gateTimeoutMs }: Settings): number {
  return gateTimeoutMs
}
