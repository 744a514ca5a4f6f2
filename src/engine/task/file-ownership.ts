import type { Problem, Result } from "../../core/model/problem.ts"
import type { StepResult, Warning } from "../../core/model/result.ts"
import type { Run } from "../../core/model/run.ts"
import type { Step } from "../../core/model/workflow.ts"
import type { Render } from "../../core/ports/ports.ts"
import { owns } from "../../core/rights/file-patterns.ts"
import { scopeOf } from "./scope.ts"

/** At most so many files are named in one warning. */
const NAMED = 10

/** The patterns of the files that a step owns, with their expressions evaluated; undefined when
 *  it owns none. A pattern that leads out of the project is a problem. */
export function ownedBy(render: Render, run: Run, step: Step): Result<readonly string[] | undefined> {
  if (step.files === undefined) return { ok: true, value: undefined }
  const patterns: string[] = []
  const problems: Problem[] = []
  for (const template of step.files) {
    const pattern = template.includes("${")
      ? render(template, scopeOf(run, step))
      : { ok: true as const, value: template }
    if (!pattern.ok) problems.push(...pattern.problems)
    else if (isOutside(pattern.value)) problems.push(outside(pattern.value))
    else patterns.push(pattern.value)
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: patterns }
}

function isOutside(pattern: string): boolean {
  return pattern === "" || /^([/\\~]|[A-Za-z]:)/.test(pattern) || pattern.split(/[/\\{},]/).includes("..")
}

function outside(pattern: string): Problem {
  return { file: "files", line: 1, column: 1, message: `\`${pattern}\` is not inside the project` }
}

/**
 * The warning about a worker that wrote files its step does not own; undefined when it wrote none.
 */
export function strayWarning(
  render: Render,
  run: Run,
  step: Step | undefined,
  { files = [] }: StepResult,
): Warning | undefined {
  const owned = step && ownedBy(render, run, step)
  if (!owned?.ok || owned.value === undefined) return undefined
  const patterns = owned.value
  const strays = files.filter((file) => !owns(patterns, file))
  if (strays.length === 0) return undefined
  const more = strays.length > NAMED ? ` and ${strays.length - NAMED} more` : ""
  return { kind: "files", text: `it wrote outside its files: ${strays.slice(0, NAMED).join(", ")}${more}` }
}
