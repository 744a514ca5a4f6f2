import { authorsOf, isReadDistilled } from "../../core/groups/distilled.ts"
import { scopeAround } from "../../core/model/ancestry.ts"
import type { Result } from "../../core/model/problem.ts"
import type { StepResult } from "../../core/model/result.ts"
import { type Run, type StepState, stepOf } from "../../core/model/run.ts"
import { nestedIn } from "../../core/model/step-types.ts"
import type { Quote, Step, Workflow } from "../../core/model/workflow.ts"
import type { Composed, Composer, Earlier, ProjectFiles, Vault } from "../../core/ports/composer.ts"
import type { Render, Scope } from "../../core/ports/ports.ts"
import { markOf, secretsOf } from "../../core/rights/secret-text.ts"
import { followUpOf } from "../../core/schedule/conclude.ts"
import { nonceOf, promptKey } from "./nonce.ts"
import { ancestorsOf, neighboursOf, scopeOf } from "./scope.ts"

export interface PromptDeps {
  readonly render: Render
  readonly composer: Composer
  readonly files: ProjectFiles
  readonly vault: Vault
  /** SHA-256 as hexadecimal digits. */
  readonly hash: (text: string) => string
}

interface Which {
  readonly step: Step
  readonly state: StepState
  readonly attempt: number
  readonly isResumed: boolean
  /** Patterns of the files that the step owns. */
  readonly owned: readonly string[]
}

/** The prompt that the worker is sent. An attempt that was prompted before is sent the same
 *  prompt, whatever has changed since. */
export async function promptOf(deps: PromptDeps, run: Run, which: Which): Promise<Result<Composed>> {
  const { step, state, attempt, isResumed, owned } = which
  const { prompt, goOn, checkpoint } = state
  const secrets = secretsOf(run.created.workflow)
  // The journalled prompt has no secret values in it: a prompt with secrets is composed again.
  const isWhole = !Object.keys(secrets).some((name) => prompt?.includes(markOf(name)))
  if (isResumed && prompt !== undefined && isWhole) return done({ prompt, cuts: [] })
  const { schema } = followUpOf(step)
  const nonce = nonceOf(deps.hash, run, promptKey(run, step.id, attempt))
  const how = { nonce, isReported: isReported(run, step), ...(schema === undefined ? {} : { schema }) }
  if (goOn?.session !== undefined && checkpoint === undefined) {
    const again = { strategy: "fresh", earlier: [], files: [], ...how, isAgain: true } as const
    return done(deps.composer.compose({ prompt: goOn.text, ...again }))
  }
  const opened = deps.vault.open(secretsAround(run, step))
  if (!opened.ok) return problem(opened.why)
  const scope = { ...scopeOf(run, step), ...(opened.values.size > 0 ? { secrets: opened.values } : {}) }
  const own = deps.render(step.prompt, scope)
  if (!own.ok) return own
  const quotes = quotesOf(deps, step, scope)
  if (!quotes.ok) return quotes
  try {
    const earlier = await earlierOf(deps.files, run, step)
    const files = step.context === "scoped" ? await deps.files.find(owned) : []
    const said = goOn === undefined ? own.value : `${own.value}\n\n${goOn.text}`
    const asked = checkpoint === undefined ? said : `${said}\n\n${continued(checkpoint.text)}`
    const strategy = step.context ?? "fresh"
    return done(deps.composer.compose({ prompt: asked, quotes: quotes.value, strategy, earlier, files, ...how }))
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error))
  }
}

/** The texts that the prompt is about, filled in. */
function quotesOf({ render }: PromptDeps, { quotes = [] }: Step, scope: Scope): Result<Quote[]> {
  const filled: Quote[] = []
  for (const quote of quotes) {
    const text = render(quote.text, scope)
    if (!text.ok) return text
    filled.push({ ...quote, text: text.value })
  }
  return { ok: true, value: filled }
}

const done = (value: Composed): Result<Composed> => ({ ok: true, value })
const problem = (message: string): Result<never> => ({
  ok: false,
  problems: [{ file: "prompt", line: 1, column: 1, message }],
})

/** The secrets of the workflow that contains the step. */
function secretsAround(run: Run, step: Step): NonNullable<Workflow["secrets"]> {
  const nested = scopeAround(run, step)
  return ((nested && nestedIn(nested.spec)) ?? run.created.workflow).secrets ?? {}
}

function continued(text: string): string {
  return `You have worked on this before, in a session that became too long. These are the notes you left there to continue from:

${text}

Continue from there; do not start over.`
}

/** The earlier steps that the prompt tells the worker about, in the workflow's order, each with
 *  its whole answer in a file. */
async function earlierOf(files: ProjectFiles, run: Run, step: Step): Promise<Earlier[]> {
  if (step.context !== "full" && step.context !== "distilled") return []
  const rows = rowsOf(run, step.context === "full" ? ancestorsOf(run, step) : neighboursOf(run, step))
  const told = step.context === "full" ? rows : rows.flatMap((row) => authorsOf(run, row))
  const ended = [...new Set(told)].flatMap(({ id, index, status, result }) =>
    status === "success" && result ? [{ id, index, result }] : [],
  )
  ended.sort((a, b) => a.index - b.index)
  return Promise.all(
    ended.map(async ({ id, result: { output, structured, handoff } }) => ({
      step: id,
      output,
      path: await files.keep(run.id, id, output),
      ...(structured === undefined ? {} : { structured }),
      ...(handoff === undefined ? {} : { handoff }),
    })),
  )
}

function rowsOf(run: Run, ids: Iterable<string>): StepState[] {
  return [...ids].flatMap((id) => stepOf(run, id) ?? [])
}

/** Whether the step's worker is asked for a report, for the steps that read it distilled. */
function isReported(run: Run, step: Step): boolean {
  return run.created.workflow.distiller === undefined && isReadDistilled(run, step)
}

/** Separates the report from a worker's answer, if the worker was asked for one. */
export function takeReport(
  { composer, hash }: PromptDeps,
  run: Run,
  { step: id, attempt }: { readonly step: string; readonly attempt: number },
  result: StepResult,
): StepResult {
  const step = run.specs[stepOf(run, id)?.index ?? -1]
  if (result.reason !== "ok" || !step || !isReported(run, step)) return result
  const taken = composer.takeReport(result.output, nonceOf(hash, run, promptKey(run, id, attempt)))
  // A worker that wrote only a report has given its answer in it.
  return { ...result, ...taken, output: taken.output || result.output }
}
