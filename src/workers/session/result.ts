import { dataOf } from "../../core/base/json.ts"
import type { StepResult } from "../../core/model/result.ts"
import { NO_USAGE } from "../../core/model/usage.ts"
import type { WorkerReport, WorkerTask } from "../../core/ports/ports.ts"
import { RESULT_TOOL } from "../../core/rights/permission.ts"
import { IdentityError, isPriced } from "../../host/catalog.ts"
import { describe, HostError } from "../../host/host.ts"
import type { SessionTarget } from "./session-target.ts"
import { todosIn } from "./todos.ts"
import type { TurnEnd } from "./turn/state.ts"
import { answersTo, isCounted, tokensOf, turnOf } from "./verdict.ts"
import { writtenIn } from "./written.ts"

/**
 * Returns the result of a turn: the answer, the usage and the files it wrote. `messageID` is that
 * of the prompt, `model` the requested model.
 */
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
  const costOf = (messages: typeof turn) => messages.reduce((sum, { info }) => sum + info.cost, 0)
  const knownUsd = costOf(turn.filter((_, at) => isKnown[at]))
  const todos = todosIn(turn)
  const answered = last ? `${last.providerID}/${last.modelID}` : undefined
  return {
    reason: end.reason,
    output: end.output,
    session,
    tokens: tokensOf(turn),
    ...(isKnown.every(Boolean) ? { cost: costOf(turn) } : { cost: null, ...(knownUsd > 0 ? { knownUsd } : {}) }),
    ...(end.detail === undefined ? {} : { detail: end.detail }),
    ...(end.structured === undefined ? {} : { structured: end.structured }),
    ...(answered === undefined ? {} : { model: answered }),
    files: writtenIn(turn, origin),
    ...(todos === undefined ? {} : { todos }),
    ...(end.outage ? { outage: { ...end.outage, model: answered ?? model } } : {}),
  }
}

/**
 * For a task that wants data: what the worker gave to the result tool is its answer, whatever else
 * it says.
 */
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

/**
 * An answer by another model than the requested one is a failure if the profile is pinned, else a
 * warning.
 */
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

/** Whether an error means that the server does not answer at all. */
export function isLost(error: unknown): boolean {
  return error instanceof HostError && error.status === undefined
}

/**
 * Returns the result of a task that threw. `session` is that of a worker that may have been
 * prompted before.
 */
export function resultOfError(error: unknown, isStopped: boolean, session?: string): StepResult {
  const where = session === undefined ? {} : { session }
  // A worker without a session was never prompted, so it has cost nothing.
  if (isStopped) return { reason: "aborted", output: "", ...NO_USAGE, cost: session === undefined ? 0 : null, ...where }
  const reason = isLost(error) ? "worker-lost" : "error"
  // The cost is unknown when the worker was prompted, or may have been before the server fell
  // silent.
  const cost = session === undefined && reason === "error" ? 0 : null
  const model = error instanceof IdentityError ? error.model : undefined
  const outage = model === undefined ? {} : { outage: { cause: "unknown" as const, model } }
  return { reason, cost, output: "", detail: describe(error), tokens: NO_USAGE.tokens, ...where, ...outage }
}
