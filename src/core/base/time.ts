/** Formats a time (milliseconds since 1970) for a person: `2026-11-21 15:04 UTC`. */
export function formatTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`
}
