import { rowAt } from "../base/table.ts"
import type { Reason, StepResult } from "../model/result.ts"
import { type Run, type StepState, wentWell } from "../model/run.ts"
import { describeSkip } from "../model/state-text.ts"
import { NO_USAGE } from "../model/usage.ts"
import type { Step } from "../model/workflow.ts"

/** A part of a group. This file also combines the results of the parts. */

export interface Member {
  readonly spec: Step
  readonly row: StepState
  /** It succeeded, or was skipped without a failed need. */
  readonly isWell: boolean
}

/** Returns the parts of a group in the order in which they were added. */
export function membersOf(run: Run, step: StepState): Member[] {
  return (step.parts?.all ?? []).map((index) => {
    const row = rowAt(run.steps, index)
    return { spec: run.specs[index] as Step, row, isWell: wentWell(row) }
  })
}

/**
 * Returns the name, or the name with the first free number from `number` on, so that it is not in
 * `names`. Two parts with the same id would be one step.
 */
export function unusedName(wanted: string, number: number, names: ReadonlySet<string>): string {
  let name = wanted
  for (let next = number; names.has(name); next++) name = `${wanted}-${next}`
  return name
}

/**
 * Combines the results of a group's parts: it succeeds when every part went well. Its answer
 * consists of the parts that `shown` selects. One part: its output. Several: concatenated under
 * headings.
 */
export function outcomeOf(
  members: readonly Member[],
  shown: (all: readonly Member[]) => readonly Member[],
): StepResult {
  const bad = members.filter(({ isWell }) => !isWell)
  const picked = shown(members).filter(({ row }) => row.status === "success")
  const [only] = picked
  const data = only !== undefined && picked.length === 1 ? only.row.result?.structured : structuredOf(picked)
  const answer = {
    // The usage of the parts is counted with the parts.
    ...NO_USAGE,
    output: textOf(picked),
    ...(data === undefined ? {} : { structured: data }),
  }
  if (bad.length === 0) return { ...answer, reason: "ok" }
  return { ...answer, reason: reasonOf(bad), detail: summary(bad, members.length) }
}

function textOf(picked: readonly Member[]): string {
  const [only] = picked
  if (only !== undefined && picked.length === 1) return only.row.result?.output ?? ""
  return picked.map(({ spec, row }) => `## ${spec.part?.name ?? spec.id}\n\n${row.result?.output ?? ""}`).join("\n\n")
}

function structuredOf(picked: readonly Member[]): unknown {
  const parts = picked.map(({ spec, row }) => [
    spec.part?.name ?? spec.id,
    row.result?.structured ?? row.result?.output ?? "",
  ])
  return picked.length === 0 ? undefined : Object.fromEntries(parts)
}

function reasonOf(bad: readonly Member[]): Reason {
  const reasons = bad.flatMap(({ row }) => row.result?.reason ?? [])
  const failure = reasons.find((reason) => reason !== "ok")
  return failure ?? "error"
}

/** For example `2 of 5 parts did not succeed: api (idle), ui (needs api)`. */
export function summary(bad: readonly Member[], all: number): string {
  const names = bad.map(({ spec, row }) => {
    const why = row.skipped ? describeSkip(row.skipped) : (row.result?.reason ?? "not done")
    return `${spec.part?.name ?? spec.id} (${why})`
  })
  return `${bad.length} of ${all} ${all === 1 ? "part" : "parts"} did not succeed: ${names.join(", ")}`
}
