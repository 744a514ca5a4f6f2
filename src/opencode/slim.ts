import type { PendingRequestView, RunView } from "../core/view/view.ts"

/** Shortens what the TUI is sent without asking for it. */

/** Live state has no prompts and only the beginning of each text; commands return the rest. */
const OUTPUT_CHARS = 200
const DETAIL_LINES = 8
const DETAIL_CHARS = 300
const QUESTION_CHARS = 2_000
const OPTIONS_SHOWN = 20
const FILES_SHOWN = 20

/** Returns a run with every long text cut. */
export function slim(run: RunView): RunView {
  const steps = run.steps.map((step) => ({
    ...step,
    prompt: null,
    context: null,
    verdict: null,
    files: listed(step.files),
    output: step.output.slice(0, OUTPUT_CHARS),
    detail: step.detail === null ? null : cut(step.detail),
    gate: step.gate === null ? null : { ...step.gate, detail: cut(step.gate.detail) },
    checks: step.checks.map((check) => ({ ...check, detail: cut(check.detail), output: tailOf(check.output) })),
    warnings: step.warnings.map(({ kind, text }) => ({ kind, text: cut(text) })),
  }))
  return { ...run, hold: run.hold === null ? null : { ...run.hold, detail: cut(run.hold.detail) }, steps }
}

/** The first files, and how many more there are in the place of the others. */
function listed(files: readonly string[]): readonly string[] {
  const more = files.length - FILES_SHOWN
  return more > 0 ? [...files.slice(0, FILES_SHOWN), `… ${more} more`] : files
}

function cut(text: string, most = DETAIL_CHARS): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}

function tailOf(text: string): string {
  const end = text.trimEnd()
  return end.length > DETAIL_CHARS ? `…${end.slice(-DETAIL_CHARS)}` : end
}

/** Returns a request with every long text cut. */
export function slimRequest(request: PendingRequestView): PendingRequestView {
  const details = request.details.slice(0, DETAIL_LINES).map((line) => cut(line))
  const more = request.details.length - details.length + (request.more ?? 0)
  return {
    ...request,
    title: cut(request.title),
    details,
    ...(more > 0 ? { more } : {}),
    questions: request.questions.map(({ text, options, isMultiple }) => ({
      text: cut(text, QUESTION_CHARS),
      options: options
        .slice(0, OPTIONS_SHOWN)
        .map((option) => ({ label: option.label, description: cut(option.description) })),
      ...(options.length > OPTIONS_SHOWN ? { more: options.length - OPTIONS_SHOWN } : {}),
      isMultiple,
    })),
  }
}
