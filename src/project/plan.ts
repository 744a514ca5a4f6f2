import { formatDuration } from "../core/base/duration.ts"
import { orderingNeedsOf } from "../core/model/graph.ts"
import { DEFAULT_KIND } from "../core/model/kinds.ts"
import { doneBy, stepsInside } from "../core/model/step-types.ts"
import type { Hook, Step, Workflow } from "../core/model/workflow.ts"
import { authorNotes } from "../core/view/author-notes.ts"
import { formatCost, plural } from "../core/view/numbers.ts"
import { deadlinesOf } from "../engine/task/task.ts"
import { groupLines, turnsOf } from "./plan-groups.ts"
import { everyWorkerLine, profileLines } from "./plan-profile.ts"
import { failureLines, runLines } from "./plan-words.ts"
import type { Prepared } from "./project.ts"

/** How a plan emphasises text. */
export interface Ink {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
}
const PLAIN: Ink = { bold: String, dim: String }

const HOOKS: Readonly<Record<Hook, string>> = {
  success: "After success:",
  failure: "After a failure:",
  complete: "At the end in any case:",
}

/**
 * Step ids by the earliest wave in which they can start; the steps of a wave may run together.
 * Hooks are left out.
 */
export function waves(workflow: Workflow): string[][] {
  const wave = new Map<string, number>()
  const waveOf = (step: Step): number => {
    const known = wave.get(step.id)
    if (known !== undefined) return known
    const needs = workflow.steps.filter((other) => step.needs.includes(other.id))
    const own = Math.max(-1, ...needs.map(waveOf)) + 1
    wave.set(step.id, own)
    return own
  }
  const rows: string[][] = []
  for (const step of workflow.steps.filter((one) => one.hook === undefined)) {
    const at = waveOf(step)
    rows[at] ??= []
    rows[at].push(step.id)
  }
  return rows
}

/**
 * Writes a plan for people: which steps would run, in what order, with which workers and rights.
 */
export function formatPlan(prepared: Prepared, ink: Ink = PLAIN): string {
  const { file, definition } = prepared
  const { workflow, inputs, profiles, limits } = definition
  const { settings } = workflow
  const cap = Math.min(settings.maxParallel, limits.maxWorkers)
  const turns = turnsOf(workflow)
  const given = Object.entries(inputs).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const linesOf = (step: Step) => stepLines(step, workflow.steps, prepared, ink)
  const steps = waves(workflow).flatMap((ids, at) => [
    ink.dim(`${at + 1}.`),
    ...workflow.steps.filter((step) => ids.includes(step.id)).flatMap(linesOf),
  ])
  const hooks = Object.entries(HOOKS).flatMap(([when, words]) => {
    const own = workflow.steps.filter((step) => step.hook === when)
    return own.length === 0 ? [] : [ink.dim(words), ...own.flatMap(linesOf)]
  })
  return [
    `${ink.bold(workflow.name)}  ${ink.dim(file)}`,
    ...(workflow.description === undefined ? [] : [workflow.description]),
    ...authorNotes(workflow).map(([name, text]) => ink.dim(`${name}: ${text}`)),
    ...(given.length > 0 ? [`inputs: ${given.join(", ")}`] : []),
    `at most ${cap} at the same time, ${formatDuration(settings.timeoutMs)} for the whole run, on failure: ${settings.onFailure}`,
    ...runLines(prepared),
    "",
    ...steps,
    ...hooks,
    "",
    ...Object.values(profiles).flatMap(profileLines),
    everyWorkerLine(limits),
    "",
    `At least ${plural(turns.least, "model call")}${turns.most === turns.least ? "" : `, ${turns.most} at most`}. Planning used none.`,
    "",
  ].join("\n")
}

/** The lines of a step. `siblings` are the steps that its needs name. */
function stepLines(step: Step, siblings: readonly Step[], prepared: Prepared, ink: Ink): string[] {
  const lines = [...whatLines(step, prepared), ...givenLines(step), ...failureLines(step, prepared)]
  const parts = stepsInside(step)
  const inside = parts.flatMap((one) => stepLines(one, parts, prepared, ink))
  const needs = orderingNeedsOf(step, (id) => siblings.find((other) => other.id === id))
  return [
    `   ${ink.bold(step.id)}${needs.length > 0 ? ink.dim(`  after ${needs.join(", ")}`) : ""}`,
    ...lines.flatMap((line) => line.split("\n")).map((line) => `      ${line}`),
    ...inside.map((line) => `   ${line}`),
  ]
}

/** Lines about what a step does and who does it. */
function whatLines(step: Step, prepared: Prepared): string[] {
  const doer = doneBy(step.type)
  if (doer === "person") return [`a gate: ${step.prompt.trim()}`]
  const group = groupLines(step, prepared)
  if (doer === "checks") return ["runs only its checks, without a worker", ...group]
  if (step.group === undefined) return [...workLines(step, prepared), ...group]
  return [...group, ...(step.timeoutMs === undefined ? [] : [`at most ${formatDuration(step.timeoutMs)}`])]
}

/** Lines about what a worker is given, may write and spend, and must return. */
function givenLines({ context, files, output, schema, budget }: Step): string[] {
  const money = [
    ...(budget?.usd === undefined ? [] : [formatCost(budget.usd)]),
    ...(budget?.tokens === undefined ? [] : [`${budget.tokens} tokens`]),
    ...(budget?.timeMs === undefined ? [] : [formatDuration(budget.timeMs)]),
    ...(budget?.workers === undefined ? [] : [`${budget.workers} workers`]),
  ]
  return [
    ...(context === undefined || context === "fresh" ? [] : [`context: ${context}`]),
    ...(files === undefined ? [] : [`may write: ${files.join(", ")}`]),
    ...(schema === undefined ? [] : ["answers with JSON that fits its schema"]),
    ...(output === undefined ? [] : [`writes its answer to ${output}`]),
    ...(money.length === 0 ? [] : [`may spend: ${money.join(", ")}`]),
  ]
}

function workLines(step: Step, { definition }: Prepared): string[] {
  const profile = definition.profiles[step.profile]
  const { timeoutMs, idleTimeoutMs } = deadlinesOf(step, profile ?? {})
  const model = step.model === undefined ? (profile?.model ?? "of the session") : `${step.model} (the step's)`
  return [
    `profile ${step.profile} (${profile?.kind ?? DEFAULT_KIND}), model ${model}${step.asks === undefined ? "" : `, asks: ${step.asks.policy}`}`,
    `at most ${formatDuration(timeoutMs)}, ${formatDuration(idleTimeoutMs)} of silence`,
  ]
}
