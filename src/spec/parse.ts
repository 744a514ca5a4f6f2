import { basename, extname } from "node:path"
import { firstProblems, issuesToProblems, valueAt } from "../core/issues.ts"
import { type Budget, DEFAULTS, type Hook, type Retry, type Settings, type Step, type Workflow } from "../core/model.ts"
import type { Checked, Problem } from "../core/problem.ts"
import { checkCombinations } from "./combinations.ts"
import { parseYaml } from "./document.ts"
import { checkGraph } from "./graph.ts"
import { outlineOf } from "./outline.ts"
import { checkExpressions, checkProfiles } from "./references.ts"
import { type WorkflowDocument, workflowJsonSchema, workflowSchema } from "./schema.ts"

/** What `on_failure: retry` means where no `retry` says it. */
const TWO_TRIES: Retry = { maxAttempts: DEFAULTS.retryAttempts, delayMs: 0, backoff: "fixed" }

export interface ParseOptions {
  /** Names of the profiles there are; without it profiles are not checked. */
  readonly profiles?: readonly string[]
}

/**
 * A YAML or JSON text as a workflow, or everything that is wrong with it: syntax, shape, the graph, every expression.
 * `file` names it in problems and gives the workflow its name when it has none of its own. Runs nothing, never throws.
 */
export function parseWorkflow(text: string, file: string, options: ParseOptions = {}): Checked<Workflow> {
  const parsed = parseYaml(text, file)
  if (!parsed.ok) return parsed
  const source = parsed.value
  const result = workflowSchema.safeParse(source.value)
  const outline = outlineOf(source)
  const problems = firstProblems(
    file,
    result.success ? [] : issuesToProblems(source, result.error.issues, workflowJsonSchema),
    checkGraph(outline),
    checkCombinations(outline),
    options.profiles ? checkProfiles(outline, options.profiles) : [],
    checkExpressions(outline),
    checkName(source.value, file),
  )
  if (problems.length > 0 || !result.success) return { ok: false, problems }
  return { ok: true, value: toWorkflow(result.data, file) }
}

/** The name a workflow has when it says none: its file's name without the ending. */
export function nameOfFile(file: string): string {
  return basename(file, extname(file))
}

/** What a document that may be broken calls itself: its `name` if that can be read, else the file's. */
export function claimedName(text: string, file: string): string {
  const parsed = parseYaml(text, file)
  const name = parsed.ok ? valueAt(parsed.value.value, ["name"]) : undefined
  return typeof name === "string" ? name : nameOfFile(file)
}

function checkName(value: unknown, file: string): Problem[] {
  if (valueAt(value, ["name"]) !== undefined || workflowSchema.shape.name.safeParse(nameOfFile(file)).success) return []
  return [{ file, line: 1, column: 1, message: "the file's name cannot be a workflow's name", hint: "add `name:`" }]
}

function toWorkflow(document: WorkflowDocument, file: string): Workflow {
  return {
    name: document.name ?? nameOfFile(file),
    ...(document.description === undefined ? {} : { description: document.description }),
    inputs: document.inputs,
    settings: toSettings(document.settings),
    steps: toSteps(document),
  }
}

/** The steps with those of the hooks, each of which needs what its place says. */
function toSteps({ steps, hooks }: WorkflowDocument): Step[] {
  const start = hooks.on_start.map((step) => toStep({ ...step, needs: [] }))
  const ids = start.map((step) => step.id)
  const graph = steps.map(toStep).map((step) => (step.needs.length > 0 ? step : { ...step, needs: ids }))
  const needs = [...ids, ...graph.map((step) => step.id)]
  const atEnd = (list: typeof hooks.on_success, hook: Hook) =>
    list.map((step): Step => ({ ...toStep({ ...step, needs }), hook }))
  return [
    ...start,
    ...graph,
    ...atEnd(hooks.on_success, "success"),
    ...atEnd(hooks.on_failure, "failure"),
    ...atEnd(hooks.on_complete, "complete"),
  ]
}

function toSettings(settings: WorkflowDocument["settings"]): Settings {
  const { intervene, budget, gate } = settings
  return {
    maxParallel: settings.max_parallel,
    timeoutMs: settings.timeout,
    onFailure: settings.on_failure,
    ...(intervene === undefined ? {} : { intervene }),
    ...(budget === undefined ? {} : { budget: toBudget(budget) }),
    ...(gate?.timeout === undefined ? {} : { gateTimeoutMs: gate.timeout }),
    ...(gate?.default === undefined ? {} : { gateDefault: gate.default }),
  }
}

function toStep(step: WorkflowDocument["steps"][number]): Step {
  const { description, condition, checks, intervene, asks } = step
  const retry = step.retry ?? (step.on_failure === "retry" ? TWO_TRIES : undefined)
  return {
    id: step.id,
    type: step.type === "gate" ? "gate" : "single",
    ...(description === undefined ? {} : { description }),
    profile: step.profile,
    prompt: step.prompt,
    needs: step.needs,
    ...(step.timeout === undefined ? {} : { timeoutMs: step.timeout }),
    ...(step.idle_timeout === undefined ? {} : { idleTimeoutMs: step.idle_timeout }),
    ...(asks === undefined ? {} : { asks }),
    ...(condition === undefined ? {} : { condition }),
    ...(retry === undefined ? {} : { retry }),
    ...(checks === undefined ? {} : { checks }),
    ...(step.effects === undefined ? {} : { effects: step.effects }),
    ...(intervene === undefined ? {} : { intervene }),
    ...(step.on_failure === undefined || step.on_failure === "retry" ? {} : { onFailure: step.on_failure }),
  }
}

const toBudget = ({ usd, tokens }: NonNullable<WorkflowDocument["settings"]["budget"]>): Budget => ({
  ...(usd === undefined ? {} : { usd }),
  ...(tokens === undefined ? {} : { tokens }),
})
