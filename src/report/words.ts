import { formatDuration } from "../core/base/duration.ts"

/** Formats the times of a report. */

/** Formats milliseconds since 1970, for example as `2026-11-21 17:40:09 UTC`. */
export function timeOf(at: number): string {
  return `${isoOf(at).slice(0, 19).replace("T", " ")} UTC`
}

/** Formats milliseconds since 1970, for example as `2026-11-21T17:40:09.120Z`. */
export function isoOf(at: number): string {
  return new Date(at).toISOString()
}

/** Formats the time since the start, for example as `+3m 05s`. */
export function sinceOf(at: number, start: number): string {
  return `+${formatDuration(Math.max(0, at - start))}`
}
