import { printableJson } from "../core/base/printable.ts"
import type { RunView } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import type { EndedLine, JsonDocuments, JsonLine, StatusDocument } from "./json-types.ts"
import { stdout } from "./terminal.ts"

/** Writes one line of `--json`. Every value that a command writes has a type in json-types.ts. */
export function writeJson(value: JsonLine | JsonDocuments[keyof JsonDocuments]): void {
  stdout.write(`${printableJson(JSON.stringify(value))}\n`)
}

/**
 * Writes each journal event as one line. `endedLine` writes the line for the end of the run.
 * Returns the function that stops it.
 */
export function reportJson(engine: Engine): () => void {
  return engine.subscribe((run, events) => {
    for (const event of events) {
      // A worker that can read this output must not know the nonces of other workers' prompts.
      const { nonceKey: _, ...shown } = event.type === "run.created" ? event : { ...event, nonceKey: undefined }
      if (shown.type !== "run.ended") writeJson({ ...shown, run: run.id })
    }
  })
}

/** The last line of `--json`, with the whole result (docs/guide/command-line.md). */
export function endedLine(view: RunView): EndedLine {
  return { type: "run.ended", ...summaryOf(view) }
}

/** Like `endedLine`, for a run that may not have ended. */
export function statusDocument(view: RunView, needs: StatusDocument["needs"]): StatusDocument {
  return { type: "run.status", ...summaryOf(view), needs }
}

function summaryOf(view: RunView): Omit<EndedLine, "type"> {
  const steps: EndedLine["steps"] = Object.fromEntries(
    view.steps.map((step) => [
      step.id,
      {
        status: step.status,
        reason: step.reason,
        detail: step.detail,
        attempts: step.attempts,
        warnings: step.warnings,
        checks: step.checks,
        gate: step.gate,
        output: step.output,
        session: step.session,
        model: step.model,
        tokens: step.tokens,
        cost: step.cost,
        knownUsd: step.knownUsd,
      },
    ]),
  )
  const { id, workflow, status, cause, hold, tokens, cost, knownUsd } = view
  return { run: id, workflow, status, cause, hold, steps, tokens, cost, knownUsd }
}
