import type { RunView } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"

/** Writes every journalled event as one line; the end of the run has a line of its own, see `endedLine`. */
export function reportJson(engine: Engine): () => void {
  return engine.subscribe((run, events) => {
    for (const event of events) {
      if (event.type !== "run.ended") process.stdout.write(`${JSON.stringify({ ...event, run: run.id })}\n`)
    }
  })
}

/** The last line of `--json`: the whole result (docs/guide/command-line.md). */
export function endedLine(view: RunView): string {
  const steps = Object.fromEntries(
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
      },
    ]),
  )
  const { id, workflow, status, cause, hold, tokens, cost } = view
  return `${JSON.stringify({ type: "run.ended", run: id, workflow, status, cause, hold, steps, tokens, cost })}\n`
}
