import { formatDuration } from "../core/base/duration.ts"

/** Words and times of a report. */

/** `2026-11-21 17:40:09 UTC` of milliseconds since 1970. */
export function timeOf(at: number): string {
  return `${isoOf(at).slice(0, 19).replace("T", " ")} UTC`
}

/** `2026-11-21T17:40:09.120Z` of milliseconds since 1970. */
export function isoOf(at: number): string {
  return new Date(at).toISOString()
}

/** `+3m 05s` after the beginning. */
export function sinceOf(at: number, start: number): string {
  return `+${formatDuration(Math.max(0, at - start))}`
}
