import type { Reason, StepResult } from "../model/result.ts"
import type { Run, StepState } from "../model/run.ts"
import { NO_USAGE } from "../model/usage.ts"
import type { Loop, Step } from "../model/workflow.ts"
import type { Expressions } from "../ports/expressions.ts"
import { type Member, membersOf } from "./members.ts"
import type { Next } from "./next.ts"
import { told } from "./prompt-text.ts"

/**
 * Repeats a step; each round is a step of its own. The loop ends when a round succeeded and its
 * `until` is true, and fails after `max` rounds. The project is looked at between two rounds: after
 * `stagnant` rounds that changed nothing, a person is asked.
 */
export function nextOfLoop(run: Run, spec: Step, loop: Loop, step: StepState, expressions: Expressions): Next {
  const rounds = membersOf(run, step)
  const last = rounds.at(-1)
  if (last?.row.result?.reason === "aborted") return end(last, "aborted", "a round was stopped")
  if (last?.isWell) {
    const verdict = loop.until === undefined ? undefined : expressions.until(run, spec, loop.until)
    if (verdict && !verdict.ok) return end(last, "error", `its \`until\`: ${verdict.problems[0]?.message ?? "?"}`)
    if (verdict === undefined || verdict.value) return { type: "result", result: { ...answerOf(last), reason: "ok" } }
  }
  const done = rounds.length - (step.parts?.before ?? 0)
  if (last && done >= loop.max) return end(last, reasonOf(last), tooMany(last, loop, done))
  const look = step.parts?.look
  if (look?.round !== rounds.length) return { type: "look" }
  if (look.same >= loop.stagnant) {
    const times = look.same === 1 ? "a round has" : `${look.same} rounds have`
    return { type: "stagnant", detail: `${times} changed nothing in the project` }
  }
  return { type: "steps", steps: [told(roundOf(spec, rounds.length + 1), step.goOn?.text)] }
}

/**
 * Returns the state of the todo lists at the end of a loop's last round, because a changed todo
 * list is progress too.
 */
export function todosOf(run: Run, step: StepState): string {
  const last = membersOf(run, step).at(-1)
  if (last === undefined) return ""
  const rows = [last.row, ...membersOf(run, last.row).map(({ row }) => row)]
  return rows.map(({ result }) => (result?.todos === undefined ? "" : ` ${result.todos}`)).join("")
}

/** Returns one round: the step without the keys that apply to the whole loop. */
function roundOf(spec: Step, round: number): Step {
  const { loop: _l, condition: _c, hook: _h, onFailure: _o, output: _o2, budget: _b, part, ...body } = spec
  const name = part?.name ?? spec.id
  return {
    ...body,
    id: `${spec.id}:${round}`,
    needs: [],
    part: { of: spec.id, name, role: "round", round, isTolerated: true },
  }
}

function answerOf({ row }: Member): Omit<StepResult, "reason"> {
  // The files belong to the round.
  const { reason: _, detail: _d, files: _f, ...answer } = row.result ?? { reason: "ok", output: "" }
  return { ...answer, ...NO_USAGE }
}

function end(last: Member, reason: Reason, detail: string): Next {
  return { type: "result", result: { ...answerOf(last), reason, detail } }
}

function reasonOf({ isWell, row }: Member): Reason {
  const reason = row.result?.reason
  return isWell || reason === undefined || reason === "ok" ? "error" : reason
}

function tooMany({ isWell, row }: Member, loop: Loop, done: number): string {
  const rounds = `${done} ${done === 1 ? "round" : "rounds"} of at most ${loop.max}`
  if (isWell) return `${rounds}, and \`until\` is still false: ${loop.until}`
  return `${rounds}, and the last one did not succeed${row.result?.detail === undefined ? "" : `: ${row.result.detail}`}`
}
