import { needsWords } from "../../core/view/needs.ts"
import type { RunView } from "../../core/view/view.ts"
import { shortKey } from "../host/key-table.ts"
import { widthOf, wrap } from "../state/text.ts"
import type { TextSpan } from "../state/view-model.ts"
import { hintsFor } from "./actions.ts"
import { detailLines } from "./detail.ts"
import type { FrameInput } from "./model.ts"
import { runLines } from "./runs.ts"
import { stepLines, WIDE } from "./steps.ts"
import { bold, type Cell, fill, muted, rule, space, spread, type TableLine, textOf } from "./table.ts"

/** Lays out the whole screen of the dashboard as lines. */

/** Returns exactly `height` lines of `width` columns. */
export function dashboardFrame(input: FrameInput): TableLine[] {
  const { width, height } = input
  const body = bodyOf(input)
  const lines = [
    header(input),
    ...body,
    ...Array.from({ length: Math.max(0, height - 2 - body.length) }, () => blank(width)),
  ]
  const last = input.said === undefined ? hints(input) : [input.said]
  return [...lines.slice(0, height - 1), { cells: fill([space(1), ...last], width) }]
}

function blank(width: number): TableLine {
  return { cells: [space(width)] }
}

/**
 * Example: `Baton  run 1 of 15 · 2 running · 12 over      ? 1 needs you  ? keys  esc back`. What comes
 * and goes is at the ends of the gap in the middle, so that the rest stands still. Counts that do not
 * fit are left out.
 */
function header({ runs, runAt, more, needs, width, keys }: FrameInput): TableLine {
  const sound = runs.filter((run) => "status" in run)
  const count = (is: (run: RunView) => boolean) => sound.filter(is).length
  const facts = [
    [count(({ status }) => status === "running"), "running"],
    [count(({ endedAt }) => endedAt !== null), "over"],
    [count(({ status }) => status === "paused"), "paused"],
    [count(({ status }) => status === "interrupted"), "interrupted"],
  ] as const
  const all = runs.length + more
  const counts = facts.filter(([many], at) => many > 0 || (at < 2 && all > 0)).map(([many, word]) => `${many} ${word}`)
  const need: Cell[] = needs.length === 0 ? [] : [{ text: `? ${needsWords(needs.length)}`, tone: "warning" }, space(2)]
  const help = [...keyed(shortKey(keys["dashboard.help"]), "keys"), ...keyed(shortKey(keys["dashboard.close"]), "back")]
  const name: Cell[] = [space(1), { text: "Baton", tone: "text", isBold: true }, space(2)]
  const right = [...need, ...help]
  const room = width - widthOf(textOf([...name, ...right])) - 2
  const said = [...(all > 1 ? [`run ${runAt + 1} of ${all}`] : []), ...counts]
  while (said.length > 0 && widthOf(said.join(" · ")) > room) said.pop()
  return { cells: spread([...name, muted(said.join(" · "))], right, width) }
}

function keyed(key: string | undefined, word: string): Cell[] {
  return key === undefined ? [] : [{ text: key, tone: "text" }, muted(` ${word}`), space(2)]
}

/** The hints for the keys that have an action now, as many as fit in the line. */
function hints({ selection, keys, width }: FrameInput): Cell[] {
  if (selection === undefined) return []
  let free = width - 1
  return hintsFor(selection, keys).flatMap(({ key, word }) => {
    const cells = keyed(key, word)
    free -= widthOf(textOf(cells))
    return free < 0 ? [] : cells
  })
}

function bodyOf(input: FrameInput): TableLine[] {
  const { phase, runs, width, height } = input
  const say = (title: string, text: string, tone: TextSpan["tone"]): TableLine[] => [
    blank(width),
    { cells: fill([space(2), { text: title, tone, isBold: true }], width) },
    blank(width),
    ...wrap(text, Math.min(76, width - 4), Math.max(1, height - 6)).map((line) => ({
      cells: fill([space(2), { text: line, tone: "text" }], width),
    })),
  ]
  if (phase.type === "failed") return say(phase.title, phase.text, "error")
  if (phase.type === "loading" && runs.length === 0) return say("Reading the journal…", "", "muted")
  if (runs.length === 0) {
    const how =
      "Type /workflow to pick a workflow, or /workflow run NAME. Workflows are files in .opencode/workflows/; a run, once started, shows here with every step, what it writes, and what it costs."
    return say("Nothing has run in this project yet", how, "text")
  }
  const wide = width >= WIDE
  const left = wide ? Math.floor(width * 0.6) : width
  const top = [...runLines(input, left), ...stepLines(input, left)]
  if (!wide) {
    const rows = height - 2 - top.length
    return [...top, ...detail(input, width, rows)]
  }
  const rows = height - 2
  const beside = detail(input, width - left - 2, rows)
  return Array.from({ length: rows }, (_, at) => {
    const one = top[at] ?? blank(left)
    const cells: Cell[] = [
      ...one.cells,
      { text: "│", tone: "border" },
      space(1),
      ...(beside[at] ?? blank(width - left - 2)).cells,
    ]
    return { ...one, cells, reach: left }
  })
}

function detail({ selection, shown, runs, runAt, now, keys }: FrameInput, width: number, rows: number): TableLine[] {
  if (rows <= 0) return []
  const run = runs[runAt]
  if (run !== undefined && !("status" in run)) {
    const lines = wrap(`The journal of this run cannot be read: ${run.why}`, width - 2, rows - 1)
    return [
      { cells: rule([bold(run.workflow)], [], width) },
      ...lines.map((text) => ({ cells: fill([space(1), { text, tone: "error" }], width) })),
    ]
  }
  if (!selection || !shown) return [{ cells: rule([], [], width) }]
  const lines = detailLines({
    ...selection,
    ...shown,
    now,
    width: width - 2,
    height: rows - 1,
    answerKey: shortKey(keys["dashboard.answer"]) ?? "/inbox",
  })
  const title = [bold(shown.step.id)]
  const session = shown.step.session === null ? [] : [muted(shown.step.session)]
  const isRoom = widthOf(shown.step.id) + 40 < width
  return [
    { cells: rule(title, isRoom ? session : [], width) },
    ...lines.map((cells) => ({ cells: fill([space(1), ...cells], width) })),
  ]
}
