import { dataOf } from "../../core/base/json.ts"
import type { StepResult } from "../../core/model/result.ts"
import type { WorkerReport, WorkerTask } from "../../core/ports/ports.ts"
import { RESULT_TOOL } from "../../core/rights/permission.ts"
import { IdentityError, isPriced } from "../../host/catalog.ts"
import { describe, HostError } from "../../host/host.ts"
import type { SessionTarget } from "./session-target.ts"
import { todosIn } from "./todos.ts"
import type { TurnEnd } from "./turn/state.ts"
import { answersTo, isCounted, tokensOf, turnOf } from "./verdict.ts"
import { writtenIn } from "./written.ts"

const NO_TOKENS = { input: 0, output: 0 } as const

/** What a turn's end is worth: the answer, all it took and the files it wrote. `messageID` is the prompt's, `model` the one asked for. */
export async function resultOf(
  { host, origin }: Pick<SessionTarget, "host" | "origin">,
  session: string,
  messageID: string,
  model: string | null,
  end: TurnEnd,
): Promise<StepResult> {
  const turn = turnOf(end.entries, messageID)
  const last = answersTo(end.entries, messageID).at(-1)?.info
  const isKnown = await Promise.all(
    turn.map(async ({ info }) => isCounted(info) && (await isPriced(host, `${info.providerID}/${info.modelID}`))),
  )
  const todos = todosIn(turn)
  const answered = last ? `${last.providerID}/${last.modelID}` : undefined
  return {
    reason: end.reason,
    output: end.output,
    session,
    tokens: tokensOf(turn),
    cost: isKnown.every(Boolean) ? turn.reduce((sum, { info }) => sum + info.cost, 0) : null,
    ...(end.detail === undefined ? {} : { detail: end.detail }),
    ...(end.structured === undefined ? {} : { structured: end.structured }),
    ...(answered === undefined ? {} : { model: answered }),
    files: writtenIn(turn, origin),
    ...(todos === undefined ? {} : { todos }),
    ...(end.outage ? { outage: { ...end.outage, model: answered ?? model } } : {}),
  }
}

/** Of a task that wants data: what the worker gave to the result tool is its answer, whatever it says besides. */
export function withData(task: WorkerTask, messageID: string, end: TurnEnd): TurnEnd {
  if (task.schema === undefined || (end.reason !== "ok" && end.reason !== "empty")) return end
  const parts = turnOf(end.entries, messageID).flatMap((entry) => entry.parts)
  const call = parts.findLast(
    (part) => part.type === "tool" && part.tool === RESULT_TOOL && part.state.status === "completed",
  )
  const input = call?.type === "tool" ? call.state.input : undefined
  if (input === undefined || !("result" in input)) return end
  const { detail: _, ...rest } = end
  const structured = dataOf(input.result)
  return { ...rest, reason: "ok", output: JSON.stringify(structured, undefined, 2), structured }
}

/** Another model than the one asked for is a failure of a profile that is pinned to it, else a warning. */
export function checkModel(
  task: WorkerTask,
  asked: string | null,
  result: StepResult,
  report: WorkerReport,
): StepResult {
  if (asked === null || result.model === undefined || result.model === asked) return result
  if (task.profile.pin && result.reason === "ok")
    return { ...result, reason: "error", detail: `pinned to ${asked}, answered by ${result.model}` }
  report.warned({ kind: "model", text: `asked for ${asked}, answered by ${result.model}` })
  return result
}

/** Whether an error says that the server does not answer at all. */
export function isLost(error: unknown): boolean {
  return error instanceof HostError && error.status === undefined
}

/** What became of a task that threw; `session`: of the worker that may have been asked by then. */
export function resultOfError(error: unknown, isStopped: boolean, session?: string): StepResult {
  const where = session === undefined ? {} : { session }
  if (isStopped) return { reason: "aborted", output: "", tokens: NO_TOKENS, cost: null, ...where }
  const reason = isLost(error) ? "worker-lost" : "error"
  // Who was asked, or may have been before the server fell silent, has cost nobody knows what.
  const cost = session === undefined && reason === "error" ? 0 : null
  const model = error instanceof IdentityError ? error.model : undefined
  const outage = model === undefined ? {} : { outage: { cause: "unknown" as const, model } }
  return { reason, cost, output: "", detail: describe(error), tokens: NO_TOKENS, ...where, ...outage }
}
