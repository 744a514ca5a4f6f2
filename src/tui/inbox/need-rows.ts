import { typedAmounts } from "../../core/documents/amount.ts"
import { budgetWords } from "../../core/model/budget.ts"
import { traitsOf } from "../../core/model/kinds.ts"
import { wayOn } from "../../core/view/gate-view.ts"
import type { Need } from "../../core/view/needs.ts"
import type { RunView } from "../../core/view/view.ts"
import type { Choice } from "../dialogs/pickers.ts"
import { cell, clip, formatElapsed, widthOf } from "../state/text.ts"
import type { GateWay } from "./gate-rows.ts"

/** Everything that needs the person, as rows of OpenCode's select dialog. Plain data. */

const MARK: Record<Need["type"], string> = {
  request: "?",
  gate: "‖",
  hold: "‖",
  interrupted: "‖",
  turn: "✎",
  trust: "?",
}

/** One row for each: who needs the person, for what, and how long it has waited. */
export function inboxChoices(needs: readonly Need[], now: number, columns: number): Choice<string>[] {
  const name = Math.min(22, Math.max(0, ...needs.map(({ who }) => widthOf(who))))
  return needs.map((need) => {
    const { id, type, who, text, workflow, since } = need
    // The expiry of a gate is far away, and its dialog shows it.
    const expiresAt = type === "request" ? need.request.expiresAt : null
    const left = expiresAt === null ? "" : ` · ${formatElapsed(expiresAt - now)} left`
    const footer = `${formatElapsed(now - since)}${left}`
    const room = columns - 2 - name - widthOf(footer) - 5
    const where = workflow === null || workflow === who ? "" : ` (${workflow})`
    return {
      title: `${MARK[type]} ${cell(who, name)}`,
      value: id,
      description: ` ${clip(`${text}${where}`, Math.max(0, room))}`,
      footer,
      category: "",
    }
  })
}

/** What the key of the inbox does with the oldest item, for a line that names the key. */
export function verbOf(need: Need): string {
  if (need.type === "hold") return need.hold.cause === "budget" ? "raises it" : "continues it"
  return { gate: "decides", request: "answers", turn: "opens it", interrupted: "resumes it", trust: "decides" }[
    need.type
  ]
}

/** The possible decisions about a run that waits as a whole, or about a step that is the person's. */
export function needWays(need: Exclude<Need, { type: "gate" | "request" | "trust" }>): GateWay[] {
  const { run, who } = need
  const see = { title: "See it in the dashboard", description: "step by step", line: `/workflow status ${run}` }
  const abort = { title: "Abort", description: "end the run", line: `/workflow abort ${run}` }
  switch (need.type) {
    case "turn":
      return [
        ...(traitsOf(need.kind).canOpenHere
          ? [{ title: "Open its session", description: "work with it there", line: "", open: need.session }]
          : []),
        { title: "Hand its result back", description: "its last answer is the result", line: `/handback ${who}` },
        see,
        abort,
      ]
    case "hold": {
      if (need.hold.cause !== "budget")
        return [
          { title: "Continue", description: "start what is left", line: `/workflow ${wayOn(need.hold)} ${run}` },
          see,
          abort,
        ]
      const { title: asks, about, value } = raiseDialog(who, need.hold.detail, need.of)
      const ends = run ?? ""
      const raise = {
        title: "Raise its budget…",
        description: "and continue",
        line: "/workflow raise",
        asks,
        about,
        value,
        ends,
      }
      return [raise, see, abort]
    }
    case "interrupted":
      return [
        { title: "Resume", description: "what is finished stays finished", line: `/workflow resume ${run}` },
        see,
        abort,
      ]
  }
}

/** The dialog for the new total budget of a run that has used up the present one. */
export function raiseDialog(
  name: string,
  why: string,
  { label, budget, raise }: Pick<RunView, "label" | "budget" | "raise">,
): { readonly title: string; readonly about: string; readonly value: string } {
  const about = `${why}. It may spend ${budgetWords(budget)} in all. Write a higher total: usd=…, tokens=…, time=… or workers=…`
  const title = `New total budget of ${name}${label === "" ? "" : ` (${label})`}`
  return { title, about, value: typedAmounts(raise) }
}
