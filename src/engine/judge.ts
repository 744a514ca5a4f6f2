import { afterworkOf } from "../core/concluding.ts"
import type { Command } from "../core/events.ts"
import type { CheckResult, JsonSchema, Step, StepResult } from "../core/model.ts"
import type { Checker, Render, Snapshot } from "../core/ports.ts"
import { formatProblems } from "../core/problem.ts"
import type { Run } from "../core/run.ts"
import { scopeOf } from "./scope.ts"

/** What has a say of an answer. */
interface Judges {
  readonly checker: Checker
  readonly render: Render
}

/** An answer, and what is known of the step it was given for. */
interface Answered {
  readonly run: Run
  readonly step: Step
  readonly result: StepResult
  /** What files were like before the attempt. */
  readonly before: Snapshot | undefined
}

export type Judgement = Omit<Extract<Command, { type: "checked" }>, "type" | "step" | "attempt">

/**
 * What machines say of an answer, in this order: whether it is the data the step wants, then the file it is written to,
 * then the checks. An answer that is not the data is not written anywhere, and nothing else is asked.
 */
export async function judge(judges: Judges, answered: Answered, signal: AbortSignal): Promise<Judgement> {
  const { step, result, before } = answered
  const { schema, output, checks: own } = afterworkOf(step)
  const data = await structure(judges, schema, result)
  if (data && "error" in data) return { checks: [], schemaError: data.error }
  const structured = data === undefined ? {} : { structured: data.value }
  const saved = output === undefined || signal.aborted ? undefined : await save(judges, answered, output)
  const refused = saved && "error" in saved ? [saved.error] : []
  const checks = await judges.checker.run(own, before, signal)
  return {
    checks: [...refused, ...checks],
    ...structured,
    ...(saved && "saved" in saved ? { saved: saved.saved } : {}),
  }
}

function structure({ checker }: Judges, schema: JsonSchema | undefined, { output, structured }: StepResult) {
  if (schema === undefined) return undefined
  // What came through the result tool is looked at again: whoever took it may have been another version.
  return checker.structure(structured === undefined ? output : JSON.stringify(structured), schema)
}

/** Writes the answer where the step says; a path that cannot be is a check that does not hold. */
async function save(
  { checker, render }: Judges,
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
