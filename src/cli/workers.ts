import { Command } from "commander"
import { formatDuration } from "../core/base/duration.ts"
import type { StepView, WorkerView } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { type GlobalOptions, type LoadCompose, placeOf } from "./context.ts"
import { writeJson } from "./json.ts"
import type { WorkerRow } from "./json-types.ts"
import { readJournal } from "./status.ts"
import { paint } from "./style.ts"
import { type TextColumn, terminalWidth, textTable } from "./table.ts"
import { stdout } from "./terminal.ts"

/** Number of runs that are searched for running steps. */
const RUNS_READ = 50

/**
 * `baton workers`: lists the kept workers and the running ones of this project. Reads only the
 * journal.
 */
export function workersCommand(compose: LoadCompose): Command {
  return new Command("workers")
    .description("list the kept workers, and those that work on a step")
    .option("--json", "as one JSON array")
    .action(async (options: { json?: boolean }, command: Command) => {
      const engine = await readJournal(compose, placeOf(command.optsWithGlobals<GlobalOptions>()))
      const rows = engine === undefined ? [] : rowsOf(engine)
      if (options.json) writeJson(rows)
      else stdout.write(format(rows, Date.now()))
    })
}

function rowsOf(engine: Engine): WorkerRow[] {
  const running = engine
    .list()
    .slice(0, RUNS_READ)
    .flatMap(({ id }) => {
      const view = engine.readable(id)
      if (view?.status !== "running") return []
      const steps = view.steps.filter((step) => step.status === "running")
      return steps.map((step) => atWork(step, id, view.workflow, view.ask))
    })
  const busy = new Set(running.map((row) => row.session))
  const kept = engine.workers().filter((worker) => !busy.has(worker.session))
  return [...running, ...kept.map((worker): WorkerRow => ({ ...pick(worker), state: "idle", workflow: null }))]
}

function atWork(step: StepView, run: string, workflow: string, ask: string | null): WorkerRow {
  const { kind, profile, model, session, startedAt, id } = step
  const what = ask === null ? { name: id, step: id, workflow } : { name: ask, step: null, workflow: null }
  return { ...what, kind, profile, model, run, session, startedAt, state: "working" }
}

function pick({ name, kind, profile, model, run, step, session, startedAt }: WorkerView) {
  return { name, kind, profile, model, run, step, session, startedAt }
}

function format(rows: readonly WorkerRow[], now: number): string {
  if (rows.length === 0) return "No workers are running or kept in this project.\n"
  const columns: TextColumn<WorkerRow>[] = [
    { title: "NAME", of: ({ name }) => name },
    { title: "STATE", of: ({ state }) => state },
    { title: "KIND", of: ({ kind }) => kind, drop: 2 },
    { title: "PROFILE", of: ({ profile }) => profile, drop: 1 },
    { title: "MODEL", of: ({ model }) => model ?? "-", drop: 3 },
    { title: "STEP", of: ({ workflow, step }) => (workflow === null ? "-" : `${step} of ${workflow}`) },
    {
      title: "TIME",
      of: ({ startedAt }) => (startedAt === null ? "-" : formatDuration(Math.max(0, now - startedAt))),
    },
    { title: "SESSION", of: ({ session }) => session ?? "-", drop: 4 },
  ]
  return `${textTable(columns, rows, terminalWidth(stdout), paint(stdout)).join("\n")}\n`
}
