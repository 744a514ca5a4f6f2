import { verdictLines } from "../../core/model/verdict.ts"
import { formatCheck } from "../../core/view/format.ts"
import { DECIDED, gateTitle } from "../../core/view/gate-view.ts"
import { formatCost } from "../../core/view/numbers.ts"
import { type Delegated, doerOf, doneByWords, type StepView } from "../../core/view/view.ts"
import type { TextDocument, TextSection } from "../dialogs/text-document.ts"
import { formatElapsed, short } from "../state/text.ts"
import { stateOf, stepIcon, stepTime, type Tone } from "../state/view-model.ts"

/**
 * Everything known about one step: its context and prompt, the model, the result, the cost of it
 * and of the workers it started, and its warnings.
 */
export function traceDocument(step: StepView, run: string, now: number): TextDocument {
  const fact = (label: string, value: string, tone: Tone = "text") => ({ label, value, tone })
  const icon = stepIcon(step.status)
  const asked = step.requestedModel ?? "the default"
  const doer = doerOf(step)
  const hasWorker = doer === "worker"
  const isSpent = step.tokens.input + step.tokens.output > 0
  return {
    title: step.id,
    tone: "text",
    facts: [
      fact("State", `${icon.text} ${stateOf(step)}`, icon.tone === "muted" ? "text" : icon.tone),
      ...(step.gate === null
        ? []
        : [
            fact("Waits", gateTitle(step.id, step.gate), "warning"),
            fact(
              "Decide",
              `/inbox; else ${DECIDED[step.gate.otherwise]} in ${formatElapsed(step.gate.expiresAt - now)}`,
            ),
          ]),
      ...(step.detail === null || step.gate !== null ? [] : [fact("Why", step.detail)]),
      fact("Run", run),
      ...(hasWorker || step.attempts > 1 ? [fact("Attempts", String(step.attempts))] : []),
      hasWorker ? fact("Profile", `${step.profile} (${step.kind})`) : fact("Done by", doneByWords(step)),
      ...(stepTime(step, now) === ""
        ? []
        : [fact("Time", `${stepTime(step, now)}${step.endedAt === null ? " so far" : ""}`)]),
      ...(hasWorker ? [fact("Model", modelOf(step, asked)), fact("Session", step.session ?? "none")] : []),
      ...(hasWorker || isSpent
        ? [
            fact("Tokens", `${short(step.tokens.input)} in, ${short(step.tokens.output)} out`),
            fact("Cost", costOf(step, isSpent)),
          ]
        : []),
      ...(step.delegated === null ? [] : [fact("Delegated", delegatedBy(step.delegated))]),
      ...filesOf(step).map((text) => fact("Files", text)),
      ...step.warnings.map(({ text }) => fact("Warning", text, "warning")),
    ],
    sections: [
      ...(step.verdict === null
        ? []
        : [{ heading: "Verdict", text: verdictLines(step.verdict).join("\n"), tone: "text" as const }]),
      ...(step.checks.length === 0
        ? []
        : [{ heading: "Checks", text: step.checks.map(formatCheck).join("\n"), tone: checksTone(step) }]),
      ...(step.context === null
        ? []
        : [{ heading: "Context from the parent session", text: step.context.trimEnd(), tone: "text" as const }]),
      ...textSection(doer === "person" ? "Asked" : "Prompt", step.prompt, hasWorker ? "Not asked yet." : undefined),
      ...textSection(doer === "person" ? "Answer" : "Output", step.output, hasWorker ? "Nothing." : undefined),
    ],
  }
}

/** A section with a text. Without one, it says `otherwise`, or is left out when that is undefined. */
function textSection(heading: string, given: string | null, otherwise: string | undefined): TextSection[] {
  const text = given?.trimEnd() ?? ""
  if (text !== "") return [{ heading, text, tone: "text" }]
  return otherwise === undefined ? [] : [{ heading, text: otherwise, tone: "muted" }]
}

function costOf({ cost, knownUsd, reason, endedAt }: StepView, isSpent: boolean): string {
  if (reason === null && !isSpent) return "not known yet"
  return `${formatCost(cost, knownUsd)}${endedAt === null ? " so far" : ""}`
}

function checksTone({ checks }: StepView): Tone {
  const red = checks.filter((check) => !check.isOk)
  if (red.length === 0) return "success"
  return red.some(({ severity }) => severity === "error") ? "error" : "warning"
}

/** The files that the worker wrote, and the file that its answer was saved to. */
function filesOf({ files, saved }: StepView): string[] {
  return [...(files.length === 0 ? [] : [files.join(", ")]), ...(saved === null ? [] : [`its answer: ${saved}`])]
}

function delegatedBy({ runs, tokens, cost, knownUsd }: Delegated): string {
  const spent = `${short(tokens.input)} in, ${short(tokens.output)} out, ${formatCost(cost, knownUsd)}`
  return `${runs.length} ${runs.length === 1 ? "task" : "tasks"} to other workers: ${spent}`
}

function modelOf(step: StepView, asked: string): string {
  if (step.reason === null) return step.attempts === 0 ? "not chosen yet" : asked
  if (step.model === null) return `unknown (asked for ${asked})`
  return step.model === step.requestedModel ? step.model : `${step.model} (asked for ${asked})`
}
