import { oneLine, printable } from "../base/printable.ts"
import type { Command } from "../model/events.ts"
import { describeReply, isUnanswered } from "../model/request-text.ts"
import type { StepState } from "../model/run.ts"
import { warn } from "./conclude.ts"
import { type Decision, refuse, type Transaction } from "./transaction.ts"

/**
 * Records what a worker asks for, and what it is answered. Both may be heard of more than once, for
 * example again after a crash, and are recorded once. The texts are a model's, so they are cut.
 */

const LINE_CHARS = 300
const LINES = 20
const TEXT_CHARS = 2_000
/** After so many, one more warning says nothing new. Each reply is recorded all the same. */
const MOST_WARNINGS = 20

export function asked(
  tx: Transaction,
  step: StepState,
  command: Extract<Command, { type: "asked" }>,
  now: number,
): Decision {
  const { attempt, id, kind, title, details } = command
  const known = requestOf(step, id)
  if (known && !known.isDoubtful) return refuse(tx.run, `the request ${id} is recorded already`)
  const lines = details.slice(0, LINES).map((line) => oneLine(line, LINE_CHARS))
  const request = { id, kind, title: oneLine(title, LINE_CHARS), details: lines }
  const again = known ? { again: true as const } : {}
  return tx.add({ type: "step.asked", at: now, step: step.id, attempt, ...request, ...again }).decision()
}

export function replied(
  tx: Transaction,
  step: StepState,
  command: Extract<Command, { type: "replied" }>,
  now: number,
): Decision {
  const { attempt, id, answer, by, from, text } = command
  const request = requestOf(step, id)
  if (request === undefined) return refuse(tx.run, `${step.id} has no request ${id}`)
  if (request.isOver) return refuse(tx.run, `the answer to ${id} is recorded already`)
  const said = text === undefined ? {} : { text: cut(printable(text), TEXT_CHARS) }
  const reply = { id, answer, by, from, ...said }
  tx.add({ type: "step.replied", at: now, step: step.id, attempt, ...reply })
  if (isUnanswered(reply)) {
    const warning = { kind: "unanswered" as const, text: describeReply(reply, request) }
    const known = (step.warnings ?? []).filter((one) => one.kind === "unanswered")
    const isNew = known.length < MOST_WARNINGS && !known.some((one) => one.text === warning.text)
    warn(tx, step, isNew ? [warning] : [], now)
  }
  return tx.decision()
}

function requestOf({ requests = [] }: StepState, id: string) {
  return requests.find((request) => request.id === id)
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`
}
