import type { GoOn, RunCreated, RunEvent, Seen } from "./events.ts"
import { close, gateDecided, gateHold, gateOpened } from "./holding.ts"
import type { Budget, CheckResult, Hold, RunStatus, Step, StepResult, StepStatus, StopCause, Warning } from "./model.ts"
import { emptyQueue, push, type Queue, shift } from "./queue.ts"
import { edit, reopen } from "./reopen.ts"
import { lowest, NOTHING, plus, type Spent } from "./spent.ts"
import { rowAt, rowsOf, type Table, tableOf, withRow } from "./table.ts"

/** One step of a run, as its events tell it. */
export interface StepState {
  readonly id: string
  readonly index: number
  readonly status: StepStatus
  /** Tries so far; 0 before the first. */
  readonly attempt: number
  /** Needs that have not ended yet. */
  readonly unmet: number
  /** The first need that did not go well. */
  readonly broken?: string
  /** When its next try begins, while it waits for that. */
  readonly retryAt?: number
  /** What its earlier tries took. */
  readonly earlier?: Spent
  /** Why it was skipped. */
  readonly skipped?: { readonly cause: SkipCause; readonly detail: string }
  /** It has answered, and checks or a person have a say before it is over. */
  readonly isAnswered?: true
  readonly checks?: readonly CheckResult[]
  /** File its answer was written to. */
  readonly saved?: string
  readonly gate?: Gate
  /** It had ended when its run was taken up anew. */
  readonly isAnew?: true
  /** What is said to its worker in its last session when it is tried again. */
  readonly say?: string
  /** What this try goes on with. */
  readonly goOn?: GoOn
  readonly startedAt?: number
  /** When its present or last try began. */
  readonly tryStartedAt?: number
  readonly endedAt?: number
  readonly session?: string
  readonly requestedModel?: string | null
  readonly inputHash?: string
  readonly prompt?: string
  readonly context?: string
  readonly warnings?: readonly Warning[]
  /** What was said to its worker since the prompt, in order. */
  readonly messages?: readonly Message[]
  readonly hold?: Hold
  readonly result?: StepResult
}

export type SkipCause = Extract<RunEvent, { type: "step.skipped" }>["cause"]

/** What a step waits for a person with. */
export type Gate = Omit<Extract<RunEvent, { type: "gate.opened" }>, "type" | "at" | "step"> & {
  readonly openedAt: number
}

/** Something said to a worker; the id makes it the same message when it is sent again. */
export interface Message {
  readonly id: string
  readonly text: string
}

/** A run: what `evolve` made of its events so far. Immutable; derived, never stored. */
export interface Run {
  readonly id: string
  readonly created: RunCreated
  readonly status: RunStatus
  readonly parent?: string
  readonly stopping?: StopCause
  readonly cause?: StopCause
  /** Set while a step is held: nothing more starts, and the run pauses when nothing runs. */
  readonly hold?: Hold
  /** What the run comes to, while its hooks run. */
  readonly closing?: "success" | "failed"
  readonly endedAt?: number
  readonly steps: Table<StepState>
  /** Steps (by index) whose needs have ended, in the order they did. */
  readonly ready: Queue<number>
  /** Steps (by index) that wait for their next try. */
  readonly delayed: readonly number[]
  readonly running: number
  /** Steps that went well: succeeded, or were skipped and that is fine. */
  readonly well: number
  readonly spent: Spent
  /** What workers took that its workers started. */
  readonly delegated: Spent
  readonly budget: Budget
  /** When work last began: the run deadline counts from here, so a night between crash and resume does not. */
  readonly activeSince: number
  readonly graph: Graph
  /** What the project was like at the beginning; undefined: not known. */
  readonly seen?: Seen
}

/** The workflow's edges by step index, worked out once a run. */
export interface Graph {
  readonly indexOf: ReadonlyMap<string, number>
  readonly dependents: readonly (readonly number[])[]
}

export function stepOf(run: Run, id: string): StepState | undefined {
  const index = run.graph.indexOf.get(id)
  return index === undefined ? undefined : rowAt(run.steps, index)
}

function graphOf(steps: readonly Step[]): Graph {
  const indexOf = new Map(steps.map((step, index) => [step.id, index]))
  const dependents: number[][] = steps.map(() => [])
  for (const [index, step] of steps.entries()) {
    // A hook waits for the end of everything, whatever its prompt reads.
    for (const need of step.hook ? [] : new Set(step.needs)) dependents[indexOf.get(need) as number]?.push(index)
  }
  return { indexOf, dependents }
}

function create(event: RunCreated): Run {
  let ready: Queue<number> = emptyQueue
  const rows = event.workflow.steps.map((step, index): StepState => {
    const unmet = step.hook ? 1 : new Set(step.needs).size
    if (unmet === 0) ready = push(ready, index)
    return { id: step.id, index, status: "pending", attempt: 0, unmet }
  })
  return {
    id: event.run,
    created: event,
    status: "running",
    ...(event.parent === undefined ? {} : { parent: event.parent }),
    steps: tableOf(rows),
    ready,
    delayed: [],
    running: 0,
    well: 0,
    spent: NOTHING,
    delegated: NOTHING,
    budget: lowest(event.workflow.settings.budget, event.limits.budget),
    activeSince: event.at,
    graph: graphOf(event.workflow.steps),
  }
}

/**
 * The queue without `index`. Steps leave it in its order, so it is the head; before it may stand what left it another way
 * in journals of earlier versions.
 */
function dequeue(run: Run, index: number): Queue<number> {
  for (let next = shift(run.ready); next; next = shift(next.rest)) {
    if (next.item === index) return next.rest
    if (rowAt(run.steps, next.item).status === "pending") break
  }
  return run.ready
}

/** The first step whose needs have ended and of which nothing is decided yet. */
export function nextReady(run: Run): StepState | undefined {
  for (let next = shift(run.ready); next; next = shift(next.rest)) {
    const step = rowAt(run.steps, next.item)
    if (step.status === "pending" && step.retryAt === undefined) return step
  }
  return undefined
}

function stepEnded(run: Run, step: StepState, event: Extract<RunEvent, { type: "step.ended" }>): Run {
  const { result, at, retryAt } = event
  const { isAnswered: _, ...rest } = step
  const ended: StepState = { ...rest, endedAt: at, result }
  // What an answer took was counted when it came.
  const isCounted = step.isAnswered === true
  const spent = isCounted ? run.spent : plus(run.spent, result)
  const delegated = isCounted ? run.delegated : plus(run.delegated, event.delegated)
  if (retryAt !== undefined) {
    const waiting: StepState = { ...ended, status: "pending", retryAt }
    return {
      ...run,
      steps: withRow(run.steps, step.index, waiting),
      delayed: [...run.delayed, step.index],
      running: run.running - 1,
      spent,
      delegated,
    }
  }
  const status = endStatus(run, step, result)
  const isWell = status === "success" || status === "skipped"
  const steps = withRow(run.steps, step.index, { ...ended, status })
  const after = { ...run, steps, running: run.running - 1, spent, delegated }
  return settle(after, step, isWell)
}

function endStatus(run: Run, step: StepState, { reason }: StepResult): StepStatus {
  if (reason === "ok") return "success"
  if (reason === "aborted") return "cancelled"
  return run.created.workflow.steps[step.index]?.onFailure === "skip" ? "skipped" : "failed"
}

/** A step is over: those that need it have one need less to wait for. */
function settle(run: Run, { index, id }: StepState, isWell: boolean): Run {
  let { steps, ready } = run
  for (const at of run.graph.dependents[index] ?? []) {
    const dependent = rowAt(steps, at)
    const broken = dependent.broken ?? (isWell ? undefined : id)
    const next = { ...dependent, unmet: dependent.unmet - 1, ...(broken === undefined ? {} : { broken }) }
    steps = withRow(steps, at, next)
    if (next.unmet === 0) ready = push(ready, at)
  }
  return { ...run, steps, ready, well: run.well + (isWell ? 1 : 0) }
}

/**
 * The run after one more event. Pure, total over journals this or an earlier version wrote, and deterministic: the
 * same events always make the same run. Throws only on a journal that no version could have written.
 */
export function evolve(run: Run | undefined, event: RunEvent): Run {
  if (event.type === "run.created") return create(event)
  if (run === undefined) throw new Error(`journal begins with ${event.type}, not run.created`)
  switch (event.type) {
    case "run.interrupted":
      return { ...run, status: "interrupted" }
    case "run.pausing":
      return { ...run, hold: event.hold }
    case "run.paused":
      return { ...run, status: "paused", hold: event.hold }
    case "run.edited":
      return edit(run, event, graphOf(event.workflow.steps))
    case "run.closing":
      return close(run, event)
    case "budget.raised":
      return { ...run, budget: { ...run.budget, ...event.budget } }
    case "run.resumed":
      return resume(run, event)
    case "run.stopping":
      // Also of an interrupted run: whoever stops it drives it to its end.
      return { ...run, status: "running", stopping: event.cause }
    case "run.ended":
      return {
        ...run,
        status: event.status,
        endedAt: event.at,
        ...(event.cause === undefined ? {} : { cause: event.cause }),
      }
    case "run.seen":
      return { ...run, seen: { commit: event.commit, dirty: event.dirty } }
    case "run.changed":
    case "step.expanded":
    case "step.looked":
      return run
    case "step.started":
    case "step.opened":
    case "step.warned":
    case "step.steered":
    case "step.held":
    case "step.skipped":
    case "step.answered":
    case "step.checked":
    case "gate.opened":
    case "gate.decided":
    case "step.ended":
      return evolveStep(run, event)
  }
}

/**
 * Steps that were held are running again: the same attempt goes on. In a run that had ended, what did not go well is to be
 * done anew; what succeeded is kept whatever happens (G2).
 */
function resume(ended: Run, event: Extract<RunEvent, { type: "run.resumed" }>): Run {
  const run = ended.endedAt === undefined ? ended : reopen(ended)
  const { hold: _, ...rest } = run
  const held = rowsOf(run.steps).filter((step) => step.status === "waiting" && step.hold)
  let steps = run.steps
  for (const { hold: _hold, ...step } of held) steps = withRow(steps, step.index, { ...step, status: "running" })
  const said = event.say === undefined ? undefined : run.graph.indexOf.get(event.say.step)
  if (event.say && said !== undefined) steps = withRow(steps, said, { ...rowAt(steps, said), say: event.say.text })
  // A gate stays a person's to decide.
  const gate = rowsOf(steps).find((step) => step.gate)
  return {
    ...rest,
    ...(gate ? { hold: gateHold(gate) } : {}),
    status: "running",
    steps,
    running: run.running + held.length,
    activeSince: event.at,
    ...(event.parent === undefined ? {} : { parent: event.parent }),
  }
}

function evolveStep(
  run: Run,
  event: Exclude<Extract<RunEvent, { step: string }>, { type: "step.expanded" | "step.looked" }>,
): Run {
  const step = stepOf(run, event.step)
  if (step === undefined) throw new Error(`journal of run ${run.id} names step ${event.step}, which it does not have`)
  if (event.type === "step.ended") return stepEnded(run, step, event)
  if (event.type === "step.answered") {
    const answered: StepState = { ...step, result: event.result, isAnswered: true }
    const steps = withRow(run.steps, step.index, answered)
    if (step.isAnswered) return { ...run, steps }
    return { ...run, steps, spent: plus(run.spent, event.result), delegated: plus(run.delegated, event.delegated) }
  }
  if (event.type === "gate.opened") return gateOpened(run, step, event)
  if (event.type === "gate.decided") return gateDecided(run, step, event.at)
  if (event.type === "step.started") {
    return {
      ...run,
      steps: withRow(run.steps, step.index, started(step, event)),
      ready: dequeue(run, step.index),
      delayed: run.delayed.filter((index) => index !== step.index),
      running: run.running + (step.status === "running" ? 0 : 1),
    }
  }
  if (event.type === "step.skipped") {
    const { cause, detail } = event
    const { isAnswered: _, ...rest } = step
    const skipped: StepState = { ...rest, status: "skipped", skipped: { cause, detail }, endedAt: event.at }
    const after = {
      ...run,
      steps: withRow(run.steps, step.index, skipped),
      ready: dequeue(run, step.index),
      running: run.running - (step.status === "running" ? 1 : 0),
    }
    return settle(after, step, cause !== "needs")
  }
  if (event.type === "step.held") {
    const held: StepState = { ...step, status: "waiting", hold: event.hold }
    return { ...run, steps: withRow(run.steps, step.index, held), running: run.running - 1, hold: event.hold }
  }
  return { ...run, steps: withRow(run.steps, step.index, changed(step, event)) }
}

/** A step at the beginning of a try: of the tries before it only what they took is left. */
function started(step: StepState, event: Extract<RunEvent, { type: "step.started" }>): StepState {
  const { attempt, at, goOn } = event
  const { id, index, unmet, broken, warnings } = step
  const earlier = spentBy(step)
  return {
    id,
    index,
    unmet,
    status: "running",
    attempt,
    startedAt: step.startedAt ?? at,
    tryStartedAt: at,
    ...(broken === undefined ? {} : { broken }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(earlier === undefined ? {} : { earlier }),
    ...(goOn === undefined ? {} : { goOn }),
  }
}

/** What all tries of a step that have ended took; undefined before the first has. */
export function spentBy({ earlier, result }: StepState): Spent | undefined {
  return earlier === undefined && result === undefined ? undefined : plus(earlier ?? NOTHING, result)
}

/** A running step after an event that leaves it running. */
function changed(
  step: StepState,
  event: Extract<RunEvent, { type: "step.opened" | "step.warned" | "step.steered" | "step.checked" }>,
): StepState {
  if (event.type === "step.checked") return { ...step, checks: event.checks }
  if (event.type === "step.warned") return { ...step, warnings: [...(step.warnings ?? []), event.warning] }
  if (event.type === "step.steered") {
    const { action, id, text } = event
    if (action !== "message" || id === undefined || text === undefined) return step
    return { ...step, messages: [...(step.messages ?? []), { id, text }] }
  }
  return {
    ...step,
    session: event.session,
    requestedModel: event.model,
    inputHash: event.inputHash,
    prompt: event.prompt,
    ...(event.context === undefined ? {} : { context: event.context }),
  }
}
