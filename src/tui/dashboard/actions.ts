import { type GateView, isWaiting, openGates } from "../../core/view/gate-view.ts"
import { type PendingRequestView, type RunView, roundOf, type StepView, type WorkerView } from "../../core/view/view.ts"
import { type DashboardKey, type Keys, shortKey } from "../host/key-table.ts"
import { raiseDialog } from "../inbox/need-rows.ts"
import { clip } from "../state/text.ts"
import { canOpen, isOver } from "../state/view-model.ts"

/**
 * Maps each key of the dashboard to an action on the selected step. Actions are plain data, and
 * perform.tsx carries them out.
 */

/** The run and step that the keys act on, with everything about them that needs a person. */
export interface Selection {
  readonly run: RunView
  readonly step: StepView | undefined
  readonly worker: WorkerView | undefined
  readonly ask: PendingRequestView | undefined
  readonly gate: GateView | undefined
  /** Number of items that need a person, over all runs. */
  readonly waiting: number
}

/** Text of the dialog that confirms an abort. */
export const ABORTS = "It ends the run for good, with everything it is running."

export type DashboardAction =
  | { readonly type: "line"; readonly line: string }
  /** Submits `line` once the person has confirmed. */
  | { readonly type: "confirm"; readonly line: string; readonly title: string; readonly text: string }
  /**
   * Asks for a text, which is `value` at first, puts it in place of `…` in `line`, and submits the
   * line.
   */
  | {
      readonly type: "words"
      readonly line: string
      readonly title: string
      readonly text: string
      readonly value?: string
    }
  | { readonly type: "open"; readonly session: string }
  | { readonly type: "message"; readonly worker: WorkerView }
  | { readonly type: "ask"; readonly ask: PendingRequestView }
  | { readonly type: "gate"; readonly gate: GateView }
  | { readonly type: "copy"; readonly run: string; readonly step: string }
  /** The key cannot do anything now; `why` is shown to the person. */
  | { readonly type: "no"; readonly why: string }

type ActionKey = Extract<
  DashboardKey,
  `dashboard.${"open" | "trace" | "answer" | "retry" | "retry-with" | "skip" | "message" | "pause" | "abort" | "copy"}`
>

export function isActionKey(id: DashboardKey): id is ActionKey {
  return Object.hasOwn(ACTIONS, id)
}

/** The action of a key in the current selection. Without a selected run, the action says so. */
export function actionOf(id: ActionKey, selection: Selection | undefined): DashboardAction {
  return selection === undefined ? no("No run is selected.") : ACTIONS[id](selection)
}

const ACTIONS: Record<ActionKey, (selection: Selection) => DashboardAction> = {
  "dashboard.open": openSession,
  "dashboard.trace": ({ run, step }) => ofStep(step, ({ id }) => line(`/trace ${run.id}/${id}`)),
  "dashboard.answer": answer,
  "dashboard.retry": (selection) => retry(selection, false),
  "dashboard.retry-with": (selection) => retry(selection, true),
  "dashboard.skip": ({ run, step, gate }) =>
    ofStep(step, (one) =>
      gate
        ? line(`/workflow skip ${run.id}/${one.id}`)
        : no(`${titleOf(one)} is not waiting for a decision, so it cannot be skipped.`),
    ),
  "dashboard.message": ({ worker, step }) =>
    worker
      ? { type: "message", worker }
      : no(`${step ? titleOf(step) : "This run"} has no worker to send a message to.`),
  "dashboard.pause": ({ run }) => goOn(run),
  "dashboard.abort": ({ run }) => {
    return run.endedAt === null
      ? { type: "confirm", line: `/workflow abort ${run.id}`, title: `Abort ${nameOf(run)}?`, text: ABORTS }
      : no(`${nameOf(run)} is over.`)
  },
  "dashboard.copy": ({ run, step }) => ofStep(step, ({ id }) => ({ type: "copy", run: run.id, step: id })),
}

function ofStep(step: StepView | undefined, of: (step: StepView) => DashboardAction): DashboardAction {
  return step === undefined ? no("This run has no steps.") : of(step)
}

function openSession({ step }: Selection): DashboardAction {
  return ofStep(step, (one) => {
    if (canOpen(one)) return { type: "open", session: one.session }
    if (one.session === null)
      return no(`${titleOf(one)} has no session ${isOver(one) ? "" : "yet"}`.trimEnd().concat("."))
    return no(`The session of ${titleOf(one)} is in another server: the trace shows all of it.`)
  })
}

function answer({ ask, gate, waiting }: Selection): DashboardAction {
  if (ask) return { type: "ask", ask }
  if (gate) return { type: "gate", gate }
  return waiting > 0 ? line("/inbox") : no("Nothing needs you now.")
}

function retry({ run, step, gate }: Selection, isWithWords: boolean): DashboardAction {
  return ofStep(step, (one) => {
    const { id, status } = one
    const name = titleOf(one)
    const isFailed = status === "failed" && run.endedAt !== null
    if (gate?.why === "gate") return no(`${name} is a question for you: answer it instead.`)
    if (!gate && !isFailed) return no(`${name} is ${status}: only a step that failed or waits for you can be retried.`)
    const way = `/workflow retry ${run.id}/${id}`
    if (!isWithWords) return line(way)
    const text = "The worker gets this message in its session."
    return { type: "words", line: `${way} …`, title: `What ${clip(name, 30)} should do better`, text }
  })
}

/**
 * Pauses a running run, resumes one that waits or stopped, or raises the budget of one that ran out
 * of it.
 */
function goOn(run: RunView): DashboardAction {
  const { id, hold, status } = run
  if (hold?.cause === "budget" && run.endedAt === null) return raise(run, hold.detail)
  const gate = openGates(run)[0]
  // A resume would decide the gate, so the person has to decide it instead.
  if (gate) return no(`${gate.step} is waiting for your decision.`)
  if (isWaiting(run)) return line(`/workflow ${hold?.cause === "person" ? "continue" : "resume"} ${id}`)
  if (status === "running") return line(`/workflow pause ${id}`)
  return status === "interrupted" || status === "failed"
    ? line(`/workflow resume ${id}`)
    : no(`${nameOf(run)} is over: ${status}.`)
}

/** Asks for the new total budget of a run that has used up the present one. */
function raise(run: RunView, why: string): DashboardAction {
  const { title, about, value } = raiseDialog(nameOf(run), why, run)
  return { type: "words", line: `/workflow raise … ${run.id}`, title, text: about, value }
}

/** The keys that have an action now, each with a word for it, the most useful first. */
export function hintsFor(
  selection: Selection | undefined,
  keys: Keys,
): readonly { readonly key: string; readonly word: string }[] {
  const { run, step } = selection ?? {}
  const isUseful = (id: ActionKey) => selection !== undefined && actionOf(id, selection).type !== "no"
  const wanted: [id: DashboardKey, word: string, is: boolean][] = [
    [
      "dashboard.answer",
      selection?.ask ? "answer" : selection?.gate ? "decide" : "inbox",
      isUseful("dashboard.answer"),
    ],
    ["dashboard.open", "open", isUseful("dashboard.open")],
    ["dashboard.trace", "trace", isUseful("dashboard.trace")],
    ["dashboard.retry", "retry", isUseful("dashboard.retry")],
    ["dashboard.retry-with", "retry with…", isUseful("dashboard.retry-with")],
    ["dashboard.skip", "skip", isUseful("dashboard.skip")],
    ["dashboard.message", "message", isUseful("dashboard.message")],
    ["dashboard.pause", run ? wordOf(run) : "", isUseful("dashboard.pause")],
    ["dashboard.abort", "abort", isUseful("dashboard.abort")],
    ["dashboard.copy", "copy", step !== undefined && isOver(step) && step.attempts > 0],
  ]
  return wanted.flatMap(([id, word, is]) => {
    const key = shortKey(keys[id])
    return is && key !== undefined ? [{ key, word }] : []
  })
}

function wordOf(run: RunView): string {
  if (run.hold?.cause === "budget" && run.endedAt === null) return "raise"
  if (isWaiting(run)) return run.hold?.cause === "person" ? "continue" : "resume"
  return run.status === "running" ? "pause" : "resume"
}

/** A round of a loop is named with its loop, because its number alone says too little here. */
function titleOf(step: StepView): string {
  const round = roundOf(step)
  return round === undefined ? step.name : `round ${round} of ${step.name}`
}

function nameOf(run: RunView): string {
  return run.ask ?? run.workflow
}

function line(text: string): DashboardAction {
  return { type: "line", line: text }
}

function no(why: string): DashboardAction {
  return { type: "no", why }
}
