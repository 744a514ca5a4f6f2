import { failedChecks } from "../model/result.ts"
import type { StepState } from "../model/run.ts"

/** The maximum number of characters of a failed check's output that are sent to the worker. */
const SAID_CHARS = 4_000

/**
 * Returns what the worker is told when it is retried in its session. Undefined means that the retry
 * starts in a new session.
 */
export function messageAfter(step: StepState): string | undefined {
  if (step.say !== undefined) return step.say
  const failure = step.result ?? step.lastFailure
  if (failure?.reason === "schema") {
    return `Your answer is not the requested JSON: ${failure.detail ?? "it cannot be read"}\nAnswer again with the complete JSON and nothing else.`
  }
  if (failure?.reason !== "check-failed") return undefined
  const lines = failedChecks(step.checks ?? []).map(({ name, detail, output }) =>
    `${name}: ${detail}\n${output.slice(-SAID_CHARS)}`.trim(),
  )
  return `Your work does not pass its checks. Fix it.\n\n${lines.join("\n\n")}`
}
