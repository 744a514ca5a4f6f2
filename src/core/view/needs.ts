import type { Kind } from "../model/kinds.ts"
import type { Hold } from "../model/result.ts"
import { type GateView, isWaiting, openGates } from "./gate-view.ts"
import { fractionDone } from "./progress.ts"
import type { PendingRequestView, RunView, StepView } from "./view.ts"

/**
 * What needs a person, as every surface counts, names and lists it (docs/guide/concepts.md). Pure
 * data, derived from the runs and the requests of workers alone; times are milliseconds since 1970.
 */

/** One thing that waits for a person. */
export type Need = NeedFacts &
  (
    | { readonly type: "gate"; readonly gate: GateView }
    | { readonly type: "request"; readonly request: PendingRequestView }
    /** A step on which the person works together with its worker. */
    | { readonly type: "turn"; readonly session: string; readonly kind: Kind }
    /** A run that a person, its budget or a provider holds. */
    | { readonly type: "hold"; readonly hold: Hold; readonly of: Pick<RunView, "label" | "budget" | "raise"> }
    /** A run whose process is gone. */
    | { readonly type: "interrupted" }
    /** A folder whose workflows wait for the person's trust. */
    | { readonly type: "trust" }
  )

interface NeedFacts {
  /** The same for the same need at every moment, and unique in a project. */
  readonly id: string
  /** Since when the person is needed, as far as the journal tells. */
  readonly since: number
  readonly run: string | null
  /** The workflow; null for a single question to a worker. */
  readonly workflow: string | null
  readonly step: string | null
  /** Who needs the person: a step, a worker, or a whole run by its workflow. */
  readonly who: string
  /** For what, in a few words that follow the name. */
  readonly text: string
}

/** Everything in these runs and folders that needs a person, oldest first. */
export function needsOf(
  runs: readonly RunView[],
  requests: readonly PendingRequestView[],
  folders: readonly UntrustedFolder[] = [],
): Need[] {
  const needs = [...requests.map(needOfRequest), ...runs.flatMap(needsOfRun), ...folders.map(needOfFolder)]
  return needs.sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1))
}

/** A folder that a person has to decide about. */
export interface UntrustedFolder {
  readonly folder: string
  readonly verdict: "untrusted" | "changed"
  /** The last change of its files (milliseconds since 1970). */
  readonly since: number
}

/** `1 needs you`, `2 need you`. */
export function needsWords(count: number): string {
  return count === 1 ? "1 needs you" : `${count} need you`
}

/** The ids of a run and of every run that its workers started, at any depth. */
export function runsBelow(run: RunView, runs: readonly RunView[]): Set<string> {
  const ids = new Set([run.id])
  // A set that grows while it is iterated also yields what was added.
  for (const id of ids) {
    const of = id === run.id ? run : runs.find((one) => one.id === id)
    for (const step of of?.steps ?? []) for (const child of step.delegated?.runs ?? []) ids.add(child)
  }
  return ids
}

/**
 * A run waits for its open gates. Without one, it waits for what holds it or for somebody to take it
 * up again. A run that a worker started goes on with the run above it, which is the one to resume.
 */
function needsOfRun(run: RunView): Need[] {
  if (run.endedAt !== null) return []
  const gates = openGates(run)
  if (gates.length > 0) return gates.map(needOfGate)
  const whole = { run: run.id, workflow: workflowOf(run), step: null, who: nameOf(run), since: lastMoment(run) }
  if (run.status === "interrupted") {
    if (run.depth > 0) return []
    return [{ ...whole, type: "interrupted", id: `${run.id}!`, text: `interrupted at ${placeOf(run)}` }]
  }
  const { hold, label, budget, raise } = run
  if (hold !== null && isWaiting(run)) {
    const text = `paused at ${placeOf(run)}: ${hold.detail}`
    return [{ ...whole, type: "hold", id: `${run.id}!`, text, hold, of: { label, budget, raise } }]
  }
  return run.steps.flatMap((step) => needOfTurn(run, step))
}

function needOfGate(gate: GateView): Need {
  const { run, workflow, step, openedAt, title } = gate
  const text = title.slice(step.length).replace(/^:? /, "")
  return { type: "gate", id: `${run}/${step}`, since: openedAt, run, workflow, step, who: step, text, gate }
}

function needOfFolder({ folder, verdict, since }: UntrustedFolder): Need {
  const text = verdict === "changed" ? "changed since you trusted it" : "is not trusted: its workflows do not run"
  const who = folder.split(/[/\\]/).findLast((name) => name !== "") ?? folder
  return { type: "trust", id: `${folder}?`, since, run: null, workflow: null, step: null, who, text }
}

function needOfRequest(request: PendingRequestView): Need {
  const { id, run, workflow, worker, title, askedAt } = request
  return { type: "request", id, since: askedAt, run, workflow, step: null, who: worker, text: title, request }
}

function needOfTurn(run: RunView, { id, name, mode, status, reason, session, kind, startedAt }: StepView): Need[] {
  if (mode !== "foreground" || status !== "running" || session === null || reason !== null) return []
  return [
    {
      type: "turn",
      id: `${run.id}/${id}`,
      since: startedAt ?? run.createdAt,
      run: run.id,
      workflow: workflowOf(run),
      step: id,
      who: run.ask ?? name,
      text: "you work with it until /handback",
      session,
      kind,
    },
  ]
}

/** How far the run has come. Its inputs tell it from other runs of the same workflow. */
function placeOf({ steps, label }: RunView): string {
  return `${fractionDone(steps)}${label === "" ? "" : ` (${label})`}`
}

function nameOf(run: RunView): string {
  return run.ask ?? run.workflow
}

function workflowOf(run: RunView): string | null {
  return run.ask === null ? run.workflow : null
}

/** The last time at which a step started or ended, because a pause has no time of its own. */
function lastMoment(run: RunView): number {
  const times = run.steps.flatMap(({ startedAt, endedAt }) => [startedAt ?? 0, endedAt ?? 0])
  return times.reduce((last, time) => Math.max(last, time), run.createdAt)
}
