import { traitsOf } from "../../core/model/kinds.ts"
import { CONTINUES, DECIDED, type GateView } from "../../core/view/gate-view.ts"
import { clip, formatElapsed } from "../state/text.ts"

/**
 * Steps that wait for a decision, as rows of OpenCode's select dialog. Plain data; times are
 * milliseconds since 1970.
 */

/**
 * One possible decision at a gate: its label, its effect, and the line that carries it out. With
 * `asks`, a dialog of that title asks for a text, which is `value` at first and is appended to the
 * line, before `ends`.
 */
export interface GateWay {
  readonly title: string
  readonly description: string
  readonly line: string
  readonly asks?: string
  readonly ends?: string
  readonly value?: string
  /** The text of that dialog, if it is not what the inbox already says. */
  readonly about?: string
  /** Opens this session instead of submitting the line. */
  readonly open?: string
}

export function gateWays(gate: GateView): GateWay[] {
  const { run, step, session, kind, why } = gate
  const at = `${run}/${step}`
  const canOpen = session !== null && traitsOf(kind).canOpenHere
  const retries: GateWay[] = [
    { title: "Retry", description: "one more try", line: `/workflow retry ${at}` },
    {
      title: "Retry with a message…",
      description: "the worker gets it in its session",
      line: `/workflow retry ${at}`,
      asks: `What ${clip(step, 30)} should do better`,
    },
  ]
  const answer: GateWay = {
    title: "Continue with an answer…",
    description: "later steps get it as the output of this one",
    line: `/workflow continue ${at}`,
    asks: `Your answer to ${clip(step, 30)}`,
  }
  return [
    { title: "Continue", description: CONTINUES[why], line: `/workflow continue ${at}` },
    ...(why === "gate" ? [answer] : retries),
    { title: "Skip", description: "the run does without it", line: `/workflow skip ${at}` },
    ...(canOpen ? [{ title: "Open its session", description: "decide later", line: "", open: session }] : []),
    { title: "Abort", description: why === "gate" ? "no: end the run" : "end the run", line: `/workflow abort ${run}` },
  ]
}

/**
 * Lines below the choices: what the gate is about, what happens without a decision, and where to
 * read the rest.
 */
export function gateDetails(gate: GateView, now: number): string[] {
  const { workflow, step, details, expiresAt, otherwise, why } = gate
  const left = formatElapsed(Math.max(0, expiresAt - now))
  const all = why === "gate" ? "" : ` /trace ${step} shows everything.`
  return [
    ...details,
    `${workflow} is waiting for you. Without a decision it is ${DECIDED[otherwise]} in ${left}.${all}`,
  ]
}
