import { dataOf } from "../../core/base/json.ts"
import { isDistilled } from "../../core/groups/distilled.ts"
import type { Command } from "../../core/model/events.ts"
import { formatProblems } from "../../core/model/problem.ts"
import { type CheckResult, failedChecks, type StepResult, type Warning } from "../../core/model/result.ts"
import { sumOf } from "../../core/model/usage.ts"
import type { JsonSchema } from "../../core/model/workflow.ts"
import type { Composer } from "../../core/ports/composer.ts"
import type { Checker, Render } from "../../core/ports/ports.ts"
import { followUpOf } from "../../core/schedule/conclude.ts"
import { scopeOf } from "../task/scope.ts"
import type { Answered } from "./answered.ts"
import { type AskProfile, opinionOf } from "./opinions.ts"

/** What an answer is judged with. */
interface JudgeDeps {
  readonly checker: Checker
  readonly render: Render
  readonly composer: Composer
  readonly ask: AskProfile
  /** Called with each warning that a person should see. */
  readonly warned: (warning: Warning) => void
}

export type Judgement = Omit<Extract<Command, { type: "checked" }>, "type" | "step" | "attempt">

/**
 * Judges an answer in this order: it is validated against the step's schema, written to the step's
 * output file, checked, reviewed by other models, and distilled for the steps that read it
 * distilled. An answer that does not match its schema is not written anywhere. Reviewers are asked
 * only when all checks hold.
 */
export async function judge(deps: JudgeDeps, answered: Answered, signal: AbortSignal): Promise<Judgement> {
  const { run, step } = answered
  const { schema, output, opinions, checks: own } = followUpOf(step)
  const data = await structure(deps, schema, answered)
  if (data && "error" in data) return { checks: [], schemaError: data.error }
  const structured = data === undefined ? {} : { structured: data.value }
  const saved = output === undefined || signal.aborted ? undefined : await save(deps, answered, output)
  const refused = saved && "error" in saved ? [saved.error] : []
  const checks = [...refused, ...(await deps.checker.run(own, { run: run.id, step: step.id }, signal))]
  const asked: StepResult[] = []
  for (const [at, opinion] of (failedChecks(checks).length === 0 ? opinions : []).entries()) {
    if (signal.aborted) break
    const said = await opinionOf(deps, answered, opinion, at)
    checks.push(said.check)
    if (said.result) asked.push(said.result)
  }
  const distilled = failedChecks(checks).length === 0 && !signal.aborted ? await distil(deps, answered) : undefined
  const aside = distilled ? [...asked, distilled.result] : asked
  return {
    checks,
    ...structured,
    ...(saved && "saved" in saved ? { saved: saved.saved } : {}),
    ...(distilled?.handoff ? { handoff: distilled.handoff } : {}),
    ...(aside.length > 0 ? { took: sumOf(aside) } : {}),
  }
}

/** The judgement of an answer when judging itself failed: the answer has not passed. `asked` are
 *  the answers of the reviewers that were asked before the failure; their usage is counted. */
export function unjudged(error: unknown, asked: readonly StepResult[]): Judgement {
  const detail = `could not be judged: ${String(error)}`
  const checks = [{ name: "the answer", isOk: false, severity: "error" as const, detail, output: "" }]
  return { checks, ...(asked.length > 0 ? { took: sumOf(asked) } : {}) }
}

/** Asks the workflow's distiller for a handoff of the answer. Returns undefined when the
 *  workflow has no distiller or no step reads this one distilled. */
async function distil({ composer, ask, warned }: JudgeDeps, { run, step, result }: Answered) {
  const { distiller } = run.created.workflow
  if (distiller === undefined || !isDistilled(run, step)) return undefined
  const name = step.part?.name ?? step.id
  const said = await ask("handoff", distiller, (nonce) => composer.distil(name, result.output, nonce))
  const { handoff } = said?.result.reason === "ok" ? composer.takeReport(said.result.output, said.nonce) : {}
  const why = said === undefined ? "there is no such profile" : (said.result.detail ?? said.result.reason)
  if (!handoff) warned({ kind: "reported", text: `${distiller} made no handoff of its answer (${why})` })
  return said && { result: said.result, handoff }
}

/**
 * Why data that a worker gives as its answer does not match its schema; undefined when it matches.
 */
export async function refusalOf(checker: Checker, schema: JsonSchema | undefined, given: unknown) {
  if (schema === undefined) return "this step takes no data: answer in text"
  const looked = await checker.structure(JSON.stringify(dataOf(given)), schema)
  return "error" in looked ? looked.error : undefined
}

function structure({ checker }: JudgeDeps, schema: JsonSchema | undefined, { result, nonce }: Answered) {
  if (schema === undefined) return undefined
  const { output, structured } = result
  // Data of the result tool is validated again: another version of Baton may have accepted it.
  if (structured !== undefined) return checker.structure(JSON.stringify(structured), schema)
  return checker.structure(output, schema, nonce)
}

/** Writes the answer to the step's output path. A path that cannot be written is a failed check. */
async function save(
  { checker, render }: JudgeDeps,
  { run, step, result }: Answered,
  template: string,
): Promise<{ readonly saved: string } | { readonly error: CheckResult }> {
  const no = (path: string, detail: string) => ({
    error: { name: `output ${path}`, isOk: false, severity: "error" as const, detail, output: "" },
  })
  const path = render(template, scopeOf(run, step))
  if (!path.ok) return no(template, formatProblems(path.problems))
  const done = await checker.save(path.value, result.output)
  return "saved" in done ? done : no(path.value, done.error)
}
