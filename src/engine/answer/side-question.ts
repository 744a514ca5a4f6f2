import { DEFAULTS } from "../../core/model/defaults.ts"
import type { Profile } from "../../core/model/profile.ts"
import type { StepResult } from "../../core/model/result.ts"
import { type Run, stepOf } from "../../core/model/run.ts"
import type { WorkerTask } from "../../core/ports/ports.ts"
import type { AttemptSink, Dispatcher } from "../dispatch/dispatch.ts"
import type { Workers } from "../dispatch/workers.ts"
import { deadlinesOf, idTimeOf } from "../task/task.ts"

export interface SideQuestionDeps {
  readonly dispatcher: Dispatcher
  readonly workers: Workers
}

/** A question to a profile about a step's answer, asked outside the step's own worker. */
export interface SideQuestion {
  readonly step: string
  readonly attempt: number
  /** Distinguishes the questions about one answer. */
  readonly name: string
  readonly profile: Profile
  readonly prompt: string
}

/**
 * Asks in a read-only session of its own. The session's key is derived from run, step, attempt and
 * name, and an existing session of that key is looked for first: when a crash makes the engine ask
 * again, the answer that is already there is used. `noted` gets the warnings that a person should
 * see, and what was asked for.
 */
export async function askSideQuestion(
  { dispatcher, workers }: SideQuestionDeps,
  run: Run,
  { step, attempt, name, profile, prompt }: SideQuestion,
  noted: Pick<AttemptSink, "warned" | "requested" | "replied">,
  signal: AbortSignal,
): Promise<StepResult> {
  const { keep: _k, start: _s, mode: _m, ...rest } = profile
  const reader: Profile = { ...rest, permission: [...rest.permission, READ_ONLY] }
  const task: WorkerTask = {
    run: run.id,
    workflow: run.created.workflow.name,
    step,
    attempt,
    key: `${run.id}/${step}/${attempt}/${name}`,
    ...idTimeOf(run, stepOf(run, step)),
    title: `${name} on ${step} · ${run.created.workflow.name}`,
    profile: reader,
    prompt,
    resumed: true,
    messages: [],
    depth: (run.created.depth ?? 0) + 1,
    mayDelegate: false,
    ...deadlinesOf({}, reader),
    asks: { policy: "deny", otherwise: "deny" },
    ...(run.parent === undefined ? {} : { parent: run.parent }),
  }
  workers.add({ task, ask: undefined })
  try {
    const { maxWorkers = DEFAULTS.maxWorkers } = run.created.limits
    const sink = { keptSession: () => undefined, opened: () => {}, ...noted }
    const outcome = await dispatcher.work(task, maxWorkers, sink, signal)
    if ("result" in outcome) return outcome.result
    return { reason: "quota", output: "", detail: outcome.hold.detail, ...outcome.took }
  } finally {
    workers.remove(task.key)
  }
}

const READ_ONLY = { permission: "edit", pattern: "*", action: "deny" } as const
