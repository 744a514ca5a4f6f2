import { traitsOf } from "../../core/model/kinds.ts"
import { CONTINUES, DECIDED, type GateView } from "../../core/view/gate-view.ts"
import type { PendingRequestView } from "../../core/view/view.ts"
import type { Choice } from "../dialogs/pickers.ts"
import { cell, clip, formatElapsed, widthOf } from "../state/text.ts"

/**
 * Steps that wait for a decision, as rows of OpenCode's select dialog. Plain data; times are
 * milliseconds since 1970.
 */

/**
 * One possible decision at a gate: its label, its effect, and the line that carries it out. With
 * `asks`, a dialog of that title asks for a text, which is appended to the line.
 */
export interface GateWay {
  readonly title: string
  readonly description: string
  readonly line: string
  readonly asks?: string
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

/** Identifies a gate among the rows of the inbox. */
export function gateKey({ run, step }: GateView): string {
  return `${run}/${step}`
}

/** An item that needs a person: the request of a worker, or a step that waits for a decision. */
export type InboxItem =
  | { readonly type: "ask"; readonly id: string; readonly at: number; readonly ask: PendingRequestView }
  | { readonly type: "gate"; readonly id: string; readonly at: number; readonly gate: GateView }

/** All items of the inbox, oldest first. */
export function inboxItems(asks: readonly PendingRequestView[], gates: readonly GateView[]): InboxItem[] {
  const items: InboxItem[] = [
    ...asks.map((request): InboxItem => ({ type: "ask", id: request.id, at: request.askedAt, ask: request })),
    ...gates.map((gate): InboxItem => ({ type: "gate", id: gateKey(gate), at: gate.openedAt, gate })),
  ]
  return items.sort((a, b) => a.at - b.at)
}

/** One row for each item: who needs a person, for what, and how long it has waited. */
export function inboxChoices(items: readonly InboxItem[], now: number, columns: number): Choice<string>[] {
  const nameOf = (item: InboxItem) => (item.type === "ask" ? item.ask.worker : item.gate.step)
  const name = Math.min(22, Math.max(0, ...items.map((item) => widthOf(nameOf(item)))))
  return items.map((item) => {
    const { text, workflow, expiresAt } = item.type === "ask" ? requestRow(item.ask) : gateRow(item.gate)
    const left = expiresAt === null ? "" : ` · ${formatElapsed(expiresAt - now)} left`
    const footer = `${formatElapsed(now - item.at)}${left}`
    const room = columns - 2 - name - widthOf(footer) - 5
    const where = workflow === null ? "" : ` (${workflow})`
    return {
      title: `${item.type === "ask" ? "?" : "‖"} ${cell(nameOf(item), name)}`,
      value: item.id,
      description: ` ${clip(`${text}${where}`, Math.max(0, room))}`,
      footer,
      category: "",
    }
  })
}

function requestRow({ title, workflow, expiresAt }: PendingRequestView) {
  return { text: title, workflow, expiresAt }
}

/**
 * Leaves out the step, which has its own column, and the expiry, which is far away and shown in the
 * gate's dialog.
 */
function gateRow({ title, step, workflow }: GateView) {
  return { text: title.slice(step.length).replace(/^:? /, ""), workflow, expiresAt: null }
}
