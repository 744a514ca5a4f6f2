import { DECIDED, type GateView } from "../core/gates.ts"
import type { AskView } from "../core/view.ts"
import { cell, clip, formatElapsed, widthOf } from "./format.ts"
import type { Choice } from "./pickers.ts"
import { askChoices } from "./worker-rows.ts"

/** Steps that wait for a decision, as rows of OpenCode's select dialog. Plain data; times are milliseconds since 1970. */

/** What can be done at a gate: the words a person sees, what it means, and the line that does it; `asks` is the title of
 *  the dialog for the text that ends the line. */
export interface GateWay {
  readonly title: string
  readonly description: string
  readonly line: string
  readonly asks?: string
  /** The session to go to, instead of a line. */
  readonly open?: string
}

const CONTINUE: Record<GateView["why"], string> = {
  error: "it stays failed; on_failure says what follows",
  warning: "its answer counts",
  always: "its answer counts",
  gate: "yes: go on",
}

export function gateWays(gate: GateView): GateWay[] {
  const { run, step, session, kind, why } = gate
  const at = `${run}/${step}`
  const canOpen = session !== null && (kind === "subagent" || kind === "agent")
  const retries: GateWay[] = [
    { title: "Retry", description: "one more try", line: `/workflow retry ${at}` },
    {
      title: "Retry with a message…",
      description: "said to it in its session",
      line: `/workflow retry ${at}`,
      asks: `What ${clip(step, 30)} is to do better`,
    },
  ]
  const answer: GateWay = {
    title: "Continue with words…",
    description: "they are what the step says to later ones",
    line: `/workflow continue ${at}`,
    asks: `Your answer to ${clip(step, 30)}`,
  }
  return [
    { title: "Continue", description: CONTINUE[why], line: `/workflow continue ${at}` },
    ...(why === "gate" ? [answer] : retries),
    { title: "Skip", description: "the run does without it", line: `/workflow skip ${at}` },
    ...(canOpen ? [{ title: "Open its session", description: "decide later", line: "", open: session }] : []),
    ...(why === "gate" ? [] : [{ title: "Look at it in full", description: "prompt, answer, checks", line: `/trace ${step}` }]),
    { title: "Abort", description: why === "gate" ? "no: end the run" : "end the run", line: `/workflow abort ${run}` },
  ]
}

/** `continued by itself in 23h 59m`: what happens when nobody decides. */
export function gateEnd({ expiresAt, otherwise }: GateView, now: number): string {
  return `${DECIDED[otherwise]} by itself in ${formatElapsed(Math.max(0, expiresAt - now))}`
}

/** How one row of the inbox is told from the others. */
export function gateKey({ run, step }: GateView): string {
  return `${run}/${step}`
}

/** The inbox: steps that wait, one row each, then asks, which hold up less; each the oldest first. */
export function inboxChoices(
  gates: readonly GateView[],
  asks: readonly AskView[],
  now: number,
  columns: number,
): Choice<string>[] {
  const name = Math.min(22, Math.max(0, ...gates.map((gate) => widthOf(gate.step))))
  const rows = gates.map((gate) => {
    const footer = `${formatElapsed(Math.max(0, gate.expiresAt - now))} left`
    const room = columns - 2 - name - widthOf(footer) - 5
    const said = gate.title.startsWith(gate.step) ? gate.title.slice(gate.step.length).replace(/^:? /, "") : gate.title
    return {
      title: `‖ ${cell(gate.step, name)}`,
      value: gateKey(gate),
      description: ` ${clip(`${said} (${gate.workflow})`, Math.max(0, room))}`,
      footer,
      category: "",
    }
  })
  return [...rows, ...askChoices(asks, now, columns)]
}
