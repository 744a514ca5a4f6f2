import { rowsOf } from "../../src/core/base/table.ts"
import type { Expressions } from "../../src/core/ports/expressions.ts"

/** A prompt that no template can fill in. */
export const BROKEN_PROMPT = "say ${nothing}"

/**
 * Expressions for tests. Conditions are `true`, `false` and `STEP is STATUS`; any other one is a
 * problem. Prompts are returned as written, except the broken one.
 */
export const words: Expressions = {
  holds(run, _step, condition) {
    if (condition === "true" || condition === "false") return { ok: true, value: condition === "true" }
    const [, id, status] = /^(\w+) is (\w+)$/.exec(condition) ?? []
    const row = rowsOf(run.steps).find((step) => step.id === id)
    if (row) return { ok: true, value: row.status === status }
    return { ok: false, problems: [{ file: "condition", line: 1, column: 1, message: `what is ${condition}?` }] }
  },
  until: (run, step, condition) => words.holds(run, step, condition),
  value: (_run, step, expression) => ({ ok: true, value: JSON.parse(expression) ?? step.id }),
  text: (_run, _step, template) =>
    template === BROKEN_PROMPT
      ? { ok: false, problems: [{ file: "prompt", line: 1, column: 5, message: "there is no nothing" }] }
      : { ok: true, value: template },
}
