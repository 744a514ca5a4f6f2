/** Formats a time (milliseconds since 1970) for a person: `2026-11-21 15:04 UTC`. */
export function formatTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`
}

/**
 * Formats a time for a person at a terminal, in the time zone of this machine: `15:04` today, and
 * `2026-11-21 15:04` on any other day. `now` is the time at which it is shown.
 */
export function localTime(at: number, now: number): string {
  const date = new Date(at)
  const two = (number: number) => String(number).padStart(2, "0")
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`
  if (date.toDateString() === new Date(now).toDateString()) return time
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`
}
