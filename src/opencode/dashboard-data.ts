import { formatRun, formatTrace } from "../core/view/format.ts"
import { type BrokenRun, type Reply, RUNS_IN_PAGE, type StepReply } from "../core/view/protocol.ts"
import type { RunView } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { runNamed } from "../project/runs.ts"
import { error } from "./command-context.ts"
import { slim } from "./slim.ts"

/** The data of the TUI's dashboard: the runs of the project, and one step of one of them. */

/** Characters of a step's prompt and answer in the dashboard; `/trace` shows all of them. */
const TEXT_CHARS = 4_000

/**
 * `/workflow status [RUN] [limit=N]`: the newest runs, with the named one (default: the newest)
 * selected.
 */
export function status(engine: Engine, wanted: string | undefined, limit = RUNS_IN_PAGE): Reply {
  const headers = engine.list()
  const runs: RunView[] = []
  const broken: BrokenRun[] = []
  for (const { id, workflow, createdAt } of headers.slice(0, limit)) {
    try {
      const view = engine.view(id)
      if (view) runs.push(view)
    } catch (problem) {
      broken.push({ id, workflow, createdAt, why: String(problem) })
    }
  }
  const meant = wanted === undefined ? runs.find(({ depth }) => depth === 0) : runNamed(engine, wanted)
  if (wanted !== undefined && meant === undefined)
    return error("No such run", `there is no run ${wanted} in this project`)
  const isListed = meant === undefined || runs.some(({ id }) => id === meant.id)
  return {
    tone: "info",
    title: meant === undefined ? "No runs" : `${meant.workflow} · ${meant.status}`,
    text:
      meant === undefined
        ? "Nothing has run in this project yet. `/workflow` picks a workflow."
        : [formatRun(meant), ...broken.map(({ id, why }) => `run ${id} cannot be read: ${why}`)].join("\n\n"),
    view: {
      type: "board",
      run: meant?.id ?? null,
      runs: (isListed ? runs : [...runs, meant]).map(slim),
      broken,
      more: Math.max(0, headers.length - limit),
    },
  }
}

/** `/workflow show RUN STEP`: one step, with its texts cut to the room of a dashboard. */
export function show(engine: Engine, run: string, wanted: string): Reply {
  const view = engine.find(run)
  const step = view?.steps.find(({ id }) => id === wanted)
  if (view === undefined || step === undefined)
    return error(`No step ${wanted}`, `run ${run} has no step \`${wanted}\``)
  const worker = engine.workers().find((one) => one.run === view.id && (one.step ?? wanted) === wanted)
  const head = (text: string) => (text.length > TEXT_CHARS ? `${text.slice(0, TEXT_CHARS)}…` : text)
  const shown: StepReply = {
    type: "step",
    run: view.id,
    step: {
      ...step,
      context: null,
      prompt: step.prompt === null ? null : head(step.prompt),
      output: head(step.output),
    },
    tail: worker?.tail ?? null,
  }
  return { tone: "info", title: `${step.id} · ${view.workflow}`, text: formatTrace(view.id, step), view: shown }
}
