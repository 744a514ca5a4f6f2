import type { Command, Effect, RunEvent } from "./events.ts"
import { shift } from "./queue.ts"
import { evolve, type Run, type StepState, stepOf } from "./run.ts"
import { rowsOf } from "./table.ts"

/**
 * What follows from a command: the facts to write down, what to do once they are written, and the run as it is then.
 * `refused` says in a sentence why nothing follows.
 */
export interface Decision {
  readonly events: readonly RunEvent[]
  readonly effects: readonly Effect[]
  readonly run: Run | undefined
  readonly refused?: string
}

/**
 * The whole of scheduling as one pure function. Takes the run so far (undefined before `create`), a command, and the
 * time in milliseconds; reads no clock and does nothing itself. Invariants, kept by property tests:
 *
 *   I1  a step starts only when every step it needs has succeeded, and never twice without a resume
 *   I2  at most min(max_parallel, max_workers) steps run at once
 *   I3  a run with nothing running and nothing startable ends, in the same decision
 *   I4  an answer for an attempt that is not running changes nothing
 *   I5  while a step is held nothing starts; the run pauses, or ends when it is stopping, once nothing runs
 */
export function decide(run: Run | undefined, command: Command, now: number): Decision {
  if (command.type === "create") {
    const created: RunEvent = { type: "run.created", at: now, ...command.created }
    return proceed(new Draft(undefined).add(created), now)
  }
  if (run === undefined) return refuse(undefined, "there is no such run")
  const isOver = !["running", "interrupted", "paused"].includes(run.status)
  switch (command.type) {
    case "resume":
      return isOver ? refuse(run, `run ${run.id} has ended (${run.status})`) : resume(run, command, now)
    case "interrupt":
      return run.status === "running" ? interrupt(run, command.by, now) : refuse(run, `run ${run.id} is not running`)
    case "abort":
      return isOver ? refuse(run, `run ${run.id} has ended (${run.status})`) : stop(run, "abort", now, command.by)
    case "deadline":
      return run.status === "running" ? stop(run, "deadline", now) : refuse(run, `run ${run.id} is not running`)
    case "opened":
    case "warned":
    case "steered":
    case "held":
    case "ended":
      return answer(run, command, now)
  }
}

/** Collects events and keeps the run in step with them. */
class Draft {
  readonly events: RunEvent[] = []
  readonly effects: Effect[] = []
  run: Run | undefined

  constructor(run: Run | undefined) {
    this.run = run
  }

  add(event: RunEvent): this {
    this.events.push(event)
    this.run = evolve(this.run, event)
    return this
  }

  decision(): Decision {
    return { events: this.events, effects: this.effects, run: this.run }
  }
}

function refuse(run: Run | undefined, why: string): Decision {
  return { events: [], effects: [], run, refused: why }
}

function runningSteps(run: Run): StepState[] {
  return rowsOf(run.steps).filter((step) => step.status === "running")
}

/** Starts what may start, and ends the run when nothing runs and nothing can start. */
function proceed(draft: Draft, now: number): Decision {
  const run = draft.run as Run
  const { workflow, limits } = run.created
  const cap = Math.min(workflow.settings.maxParallel, limits.maxWorkers)
  while (draft.run && !draft.run.stopping && !draft.run.hold && draft.run.running < cap) {
    const next = shift(draft.run.ready)
    if (!next) break
    const step = workflow.steps[next.item] as { id: string }
    const attempt = (stepOf(draft.run, step.id)?.attempt ?? 0) + 1
    draft.add({ type: "step.started", at: now, step: step.id, attempt })
    draft.effects.push({ type: "start", step: step.id, attempt, resumed: false })
  }
  if (draft.run?.running === 0) {
    if (draft.run.hold && !draft.run.stopping) draft.add({ type: "run.paused", at: now, hold: draft.run.hold })
    else end(draft, now)
  }
  return draft.decision()
}

function end(draft: Draft, now: number): void {
  const run = draft.run as Run
  const cause = run.stopping
  const status =
    cause === "abort" ? "cancelled" : cause || run.failed > 0 || run.succeeded < run.steps.length ? "failed" : "success"
  draft.add({ type: "run.ended", at: now, status, ...(cause === undefined ? {} : { cause }) })
}

function resume(run: Run, command: Extract<Command, { type: "resume" }>, now: number): Decision {
  const draft = new Draft(run)
  draft.add({
    type: "run.resumed",
    at: now,
    by: command.by,
    ...(command.parent === undefined ? {} : { parent: command.parent }),
  })
  // Those that were held included.
  for (const step of runningSteps(draft.run as Run)) {
    draft.effects.push({ type: "start", step: step.id, attempt: step.attempt, resumed: true })
  }
  if (run.stopping === "abort" || run.stopping === "deadline") return stopRunning(draft)
  return proceed(draft, now)
}

function interrupt(run: Run, by: string, now: number): Decision {
  return stopRunning(new Draft(run).add({ type: "run.interrupted", at: now, by }))
}

function stop(run: Run, cause: "abort" | "deadline", now: number, by?: string): Decision {
  if (run.stopping === "abort" || run.stopping === cause) return refuse(run, `run ${run.id} is already stopping`)
  const draft = new Draft(run).add({ type: "run.stopping", at: now, cause, ...(by === undefined ? {} : { by }) })
  if (run.running > 0) return stopRunning(draft)
  end(draft, now)
  return draft.decision()
}

function stopRunning(draft: Draft): Decision {
  for (const step of runningSteps(draft.run as Run)) {
    draft.effects.push({ type: "stop", step: step.id, attempt: step.attempt })
  }
  return draft.decision()
}

type Answer = Extract<Command, { type: "opened" | "warned" | "steered" | "held" | "ended" }>

function answer(run: Run, command: Answer, now: number): Decision {
  const step = stepOf(run, command.step)
  if (step?.status !== "running" || step.attempt !== command.attempt) {
    return refuse(run, `${command.step} attempt ${command.attempt} is not running`)
  }
  const draft = new Draft(run)
  const { type, ...facts } = command
  if (type === "ended") return ended(draft, command, now)
  if (type === "held") {
    // Asked for again on resume anyway, like every step that an interrupt stopped.
    if (run.status === "interrupted") return refuse(run, `run ${run.id} is interrupted`)
    return proceed(draft.add({ type: "step.held", at: now, ...facts } as RunEvent), now)
  }
  if (type === "steered") {
    if (run.status !== "running") return refuse(run, `run ${run.id} is not running`)
    const { step: id, attempt, ...steered } = facts as Omit<Extract<Command, { type: "steered" }>, "type">
    draft.add({ type: "step.steered", at: now, step: id, attempt, ...steered })
    draft.effects.push({ type: "steer", step: id, attempt, steered })
    return draft.decision()
  }
  return draft.add({ type: `step.${type}`, at: now, ...facts } as RunEvent).decision()
}

function ended(draft: Draft, command: Extract<Command, { type: "ended" }>, now: number): Decision {
  const run = draft.run as Run
  const { type: _, ...facts } = command
  // Stopped by an interrupt: the attempt is not over, it is asked for again on resume.
  if (run.status === "interrupted" && command.result.reason === "aborted") {
    return refuse(run, `run ${run.id} is interrupted`)
  }
  draft.add({ type: "step.ended", at: now, ...facts })
  if (run.status === "interrupted") return draft.decision()
  if (command.result.reason !== "ok" && run.created.workflow.settings.onFailure === "stop" && !run.stopping) {
    draft.add({ type: "run.stopping", at: now, cause: "failure" })
  }
  return proceed(draft, now)
}
