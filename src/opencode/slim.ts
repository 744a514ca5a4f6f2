import type { PendingRequestView, RunView } from "../core/view/view.ts"

/** Shortens what the TUI is sent without asking for it. */

/** Live state has no prompts and only the beginning of each text; commands return the rest. */
const OUTPUT_CHARS = 200
const DETAIL_LINES = 8
const DETAIL_CHARS = 300
const OPTIONS_SHOWN = 20
const FILES_SHOWN = 20

/** Returns a run with every long text cut. */
export function slim(run: RunView): RunView {
  const steps = run.steps.map((step) => ({
    ...step,
    prompt: null,
    context: null,
    verdict: null,
    files: step.files.slice(0, FILES_SHOWN),
    output: step.output.slice(0, OUTPUT_CHARS),
    detail: step.detail === null ? null : cut(step.detail),
    gate: step.gate === null ? null : { ...step.gate, detail: cut(step.gate.detail) },
    checks: step.checks.map((check) => ({ ...check, detail: cut(check.detail), output: tailOf(check.output) })),
    warnings: step.warnings.map(({ kind, text }) => ({ kind, text: cut(text) })),
  }))
  return { ...run, hold: run.hold === null ? null : { ...run.hold, detail: cut(run.hold.detail) }, steps }
}

function cut(text: string): string {
  return text.length > DETAIL_CHARS ? `${text.slice(0, DETAIL_CHARS)}…` : text
}

function tailOf(text: string): string {
  const end = text.trimEnd()
  return end.length > DETAIL_CHARS ? `…${end.slice(-DETAIL_CHARS)}` : end
}

/** Returns a request with every long text cut. */
export function slimRequest(request: PendingRequestView): PendingRequestView {
  const details = request.details.slice(0, DETAIL_LINES).map(cut)
  const more = request.details.length - details.length + (request.more ?? 0)
  return {
    ...request,
    title: cut(request.title),
    details,
    ...(more > 0 ? { more } : {}),
    questions: request.questions.map((question) => ({
      ...question,
      text: cut(question.text),
      options: question.options
        .slice(0, OPTIONS_SHOWN)
        .map((option) => ({ label: option.label, description: cut(option.description) })),
    })),
  }
}
