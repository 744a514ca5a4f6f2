import { rowsOf } from "../../src/core/base/table.ts"
import type { Command, Effect, RunCreated, RunEvent } from "../../src/core/model/events.ts"
import type { CheckResult, Reason, StepResult } from "../../src/core/model/result.ts"
import { type Run, type StepState, stepOf } from "../../src/core/model/run.ts"
import type { GateAction, Settings, Step } from "../../src/core/model/workflow.ts"
import { decide } from "../../src/core/schedule/decide.ts"
import { createdEvent, result, workflow } from "./runs.ts"
import { words } from "./words.ts"

/**
 * A run that the test drives: each method sends one command and records the decision. Each command
 * advances the time by 1 ms.
 */
export function drive(
  steps: readonly Step[],
  settings: Partial<Settings> = {},
  maxWorkers = 8,
  over: Partial<RunCreated> = {},
) {
  const events: RunEvent[] = []
  const effects: Effect[] = []
  const started: string[] = []
  const stopped: string[] = []
  let run: Run | undefined
  let now = 100
  const send = (command: Command) => {
    const decision = decide(run, command, now++, words)
    events.push(...decision.events)
    effects.push(...decision.effects)
    for (const effect of decision.effects) {
      if (effect.type === "start") started.push(effect.step)
      if (effect.type === "stop") stopped.push(effect.step)
    }
    run = decision.run
    return decision
  }
  const attemptOf = (id: string) => stepOf(run as Run, id)?.attempt ?? 1
  const { type, at, ...created } = createdEvent("r", {
    workflow: workflow(steps, settings),
    limits: { maxWorkers },
    ...over,
  })
  send({ type: "create", created })
  return {
    send,
    events,
    effects,
    started,
    stopped,
    end: (id: string, reason: Reason = "ok", attempt = attemptOf(id), more: Partial<StepResult> = {}) =>
      send({ type: "ended", step: id, attempt, result: result({ reason, ...more }) }),
    check: (id: string, ...checks: Partial<CheckResult>[]) =>
      send({
        type: "checked",
        step: id,
        attempt: attemptOf(id),
        checks: checks.map((check) => ({
          name: "npm test",
          isOk: true,
          severity: "error",
          detail: "exit code 0",
          output: "",
          ...check,
        })),
      }),
    decide: (id: string, action: GateAction, message?: string) =>
      send({ type: "decide", step: id, action, by: "user", ...(message === undefined ? {} : { message }) }),
    resume: () => send({ type: "resume", by: "user" }),
    hold: (id: string, attempt = attemptOf(id)) =>
      send({ type: "held", step: id, attempt, hold: { cause: "quota", detail: "out of quota", until: 9_000 } }),
    open: (id: string, attempt = attemptOf(id)) =>
      send({ type: "opened", step: id, attempt, session: `ses_${id}`, model: null, inputHash: "h", prompt: "p" }),
    pass(ms: number) {
      now += ms
      return send({ type: "tick" })
    },
    get now() {
      return now
    },
    get run() {
      return run as Run
    },
    step: (id: string) => stepOf(run as Run, id) as StepState,
    statuses: () => Object.fromEntries(rowsOf((run as Run).steps).map((row) => [row.id, row.status])),
  }
}
