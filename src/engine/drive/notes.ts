import type { Command } from "../../core/model/events.ts"
import type { AttemptSink } from "../dispatch/dispatch.ts"

/** The facts about an attempt that change nothing but its journal. */
export type Notes = Pick<AttemptSink, "warned" | "requested" | "replied">

export function notesOf(run: { send(command: Command): unknown }, step: string, attempt: number): Notes {
  return {
    warned: (warning) => void run.send({ type: "warned", step, attempt, warning }),
    requested: (request) => void run.send({ type: "asked", step, attempt, ...request }),
    replied: (reply) => void run.send({ type: "replied", step, attempt, ...reply }),
  }
}
