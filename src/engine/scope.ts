import type { Step } from "../core/model.ts"
import type { Scope, StepScope } from "../core/ports.ts"
import { type Run, stepOf } from "../core/run.ts"

/** What the prompt of `step` can see: the inputs, and every step it needs, directly or through others. */
export function scopeOf(run: Run, step: Step): Scope {
  const steps: Record<string, StepScope> = Object.create(null)
  const open = [...step.needs]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const state = stepOf(run, id)
    if (state === undefined || id in steps) continue
    steps[id] = {
      output: state.result?.output ?? "",
      status: state.status,
      reason: state.result?.reason ?? "",
      session: state.result?.session ?? state.session ?? "",
    }
    open.push(...(run.created.workflow.steps[state.index]?.needs ?? []))
  }
  return { inputs: run.created.inputs, steps }
}
