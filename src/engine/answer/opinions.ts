import { enclosing } from "../../core/model/ancestry.ts"
import { formatProblems } from "../../core/model/problem.ts"
import type { CheckResult, StepResult } from "../../core/model/result.ts"
import type { Opinion } from "../../core/model/workflow.ts"
import type { Composer } from "../../core/ports/composer.ts"
import type { Checker, Render, Scope } from "../../core/ports/ports.ts"
import { scopeOf } from "../task/scope.ts"
import type { Answered } from "./answered.ts"

/** Asks another model for its opinion of an answer. The result is a check whose name says so. */

/** Characters of the question in the name of its check. */
const NAME_CHARS = 100

const VERDICT = {
  type: "object",
  required: ["holds", "why"],
  properties: { holds: { type: "boolean" }, why: { type: "string" } },
} as const

/**
 * Asks the profile of that name, with the prompt for the nonce of this question; resolves with
 * undefined when there is no such profile.
 */
export type AskProfile = (
  name: string,
  profile: string,
  promptFor: (nonce: string | undefined) => string,
) => Promise<Said | undefined>
interface Said {
  readonly result: StepResult
  readonly nonce: string | undefined
}

interface OpinionDeps {
  readonly checker: Checker
  readonly render: Render
  readonly composer: Composer
  readonly ask: AskProfile
}

/** Asks the profile and returns its verdict as a check. A failed run or an unclear answer is no
 *  verdict, and the check does not hold. */
export async function opinionOf(
  { checker, render, composer, ask }: OpinionDeps,
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
  const asked = { question: question.value, step: step.id, prompt, answer: given.output }
  const said = await ask(`opinion-${at + 1}`, profile, (nonce) => composer.opinion(asked, nonce))
  if (said === undefined) return told(false, `no verdict: there is no profile ${profile}`, question.value)
  const { result, nonce } = said
  const verdict = result.reason === "ok" ? await checker.structure(result.output, VERDICT, nonce) : undefined
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
