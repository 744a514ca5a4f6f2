import { enclosing } from "../../core/model/ancestry.ts"
import { formatProblems } from "../../core/model/problem.ts"
import type { CheckResult, StepResult } from "../../core/model/result.ts"
import type { Opinion } from "../../core/model/workflow.ts"
import type { Checker, Render, Scope } from "../../core/ports/ports.ts"
import { scopeOf } from "../task/scope.ts"
import type { Answered } from "./answered.ts"

/** Asks another model for its opinion of an answer. The result is a check whose name says so. */

/** At most so many characters of the answer, and of its prompt, are shown to a reviewer. */
const SHOWN_CHARS = 100_000

/** Characters of the question in the name of its check. */
const NAME_CHARS = 100

const VERDICT = {
  type: "object",
  required: ["holds", "why"],
  properties: { holds: { type: "boolean" }, why: { type: "string" } },
} as const

/** Asks the profile of that name; resolves with undefined when there is no such profile. */
export type AskProfile = (name: string, profile: string, prompt: string) => Promise<StepResult | undefined>

interface OpinionDeps {
  readonly checker: Checker
  readonly render: Render
  readonly ask: AskProfile
}

/** Asks the profile and returns its verdict as a check. A failed run or an unclear answer is no
 *  verdict, and the check does not hold. */
export async function opinionOf(
  { checker, render, ask }: OpinionDeps,
  answered: Answered,
  opinion: Opinion,
  at: number,
): Promise<{ readonly check: CheckResult; readonly result?: StepResult }> {
  const { profile, severity } = opinion
  const { step, result: given, prompt = "" } = answered
  const told = (isOk: boolean, detail: string, question = opinion.ask) => ({
    check: { name: `opinion of ${profile}: ${lineOf(question)}`, isOk, severity, detail, output: "" },
  })
  const question = render(opinion.ask, ownScope(answered))
  if (!question.ok) return told(false, `no verdict: ${formatProblems(question.problems)}`)
  const result = await ask(`opinion-${at + 1}`, profile, promptFor(question.value, step.id, prompt, given.output))
  if (result === undefined) return told(false, `no verdict: there is no profile ${profile}`, question.value)
  const verdict = result.reason === "ok" ? await checker.structure(result.output, VERDICT) : undefined
  if (verdict === undefined) {
    const why = result.detail === undefined ? result.reason : `${result.reason}: ${result.detail}`
    return { ...told(false, `no verdict: ${why}`, question.value), result }
  }
  if ("error" in verdict) return { ...told(false, `no verdict: ${verdict.error}`, question.value), result }
  const { holds, why } = verdict.value as { readonly holds: boolean; readonly why: string }
  return { ...told(holds, why, question.value), result }
}

function lineOf(text: string): string {
  const [line = ""] = text.trim().split("\n", 1)
  return line.length > NAME_CHARS ? `${line.slice(0, NAME_CHARS)}…` : line
}

/**
 * The scope of the step's own prompt, with the step's answer added under the name that the document
 * gives the step. An item of a routed step has no name there but that of the routed step.
 */
function ownScope({ run, step, result }: Answered): Scope {
  const scope = scopeOf(run, step)
  const named = (step.part?.role === "item" ? enclosing(run, step)[0]?.spec : undefined) ?? step
  const name = named.part?.name ?? named.id
  const own = { output: result.output, status: "success", reason: "ok", session: result.session ?? "" }
  const { steps } = scope
  return {
    ...scope,
    steps: {
      get: (id) => (id === name ? own : steps.get(id)),
      has: (id) => id === name || steps.has(id),
      keys: () => [name, ...steps.keys()],
    },
  }
}

function promptFor(question: string, step: string, prompt: string, answer: string): string {
  return `${question}

Judge by this the answer of the step "${step}". You may read the project's files; change nothing.

What was asked of it:

${shown(prompt)}

Its answer:

${shown(answer)}

Answer with nothing but JSON: {"holds": true or false, "why": "one or two sentences"}`
}

function shown(text: string): string {
  if (text.length <= SHOWN_CHARS) return text
  return `${text.slice(0, SHOWN_CHARS)}\n[cut after ${SHOWN_CHARS} of ${text.length} characters]`
}
