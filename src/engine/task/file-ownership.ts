import type { Problem, Result } from "../../core/model/problem.ts"
import type { Run } from "../../core/model/run.ts"
import type { Step } from "../../core/model/workflow.ts"
import type { Render } from "../../core/ports/ports.ts"
import { scopeOf } from "./scope.ts"

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
