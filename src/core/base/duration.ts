const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * The longest time that a timer can wait (2^31 - 1 ms), rounded down to a number that is easy to
 * remember: 24 days.
 */
export const MAX_DURATION_MS = 24 * 86_400_000

/** The shortest time that a document can set: nothing that it limits ends sooner. */
export const MIN_DURATION_MS = 1_000

/**
 * The rule for a duration in a document: the end of a sentence that begins with its key, and a
 * hint.
 */
export const DURATION_RULE = {
  message: "must be a duration from 1s to 24d",
  params: { hint: "like `90s`, `5m`, `1h30m`, or a number of seconds" },
}

/**
 * Parses `90s`, `1h30m`, `250ms`, or a bare number of seconds into milliseconds. Returns undefined
 * for anything else.
 */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? Math.round(value * 1_000) : undefined
  const text = value.trim()
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000)
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined
  let total = 0
  for (const match of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
  }
  return Math.round(total)
}

/** Formats milliseconds as a document would write them: `4h`, `30m`, `45s`. */
export function writeDuration(ms: number): string {
  if (ms % UNIT_MS.h === 0) return `${ms / UNIT_MS.h}h`
  return ms % UNIT_MS.m === 0 ? `${ms / UNIT_MS.m}m` : `${ms / UNIT_MS.s}s`
}

/** Formats milliseconds for a person: `0.8s`, `12s`, `3m 05s`, `1h 02m`. */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)}s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, "0")}s`
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, "0")}m`
}

/** Formats a duration that a person chose, in one unit where that is exact: `30 days`, `1 hour`. */
export function durationWords(ms: number): string {
  for (const [unit, word] of [
    ["d", "day"],
    ["h", "hour"],
    ["m", "minute"],
  ] as const) {
    const count = ms / UNIT_MS[unit]
    if (count >= 1 && Number.isInteger(count)) return `${count} ${word}${count === 1 ? "" : "s"}`
  }
  return formatDuration(ms)
}
