import { Command, InvalidArgumentError, Option } from "commander"
import { formatDuration, parseDuration } from "../core/base/duration.ts"
import { localTime } from "../core/base/time.ts"
import type { RunStatus } from "../core/model/result.ts"
import { formatWorkflows } from "../core/view/format.ts"
import { shortCost } from "../core/view/numbers.ts"
import { fractionDone } from "../core/view/progress.ts"
import { pageOfRuns, type RunPage } from "../project/runs.ts"
import { type GlobalOptions, type LoadCompose, placeOf, projectOf } from "./context.ts"
import { countOf } from "./inputs.ts"
import { writeJson } from "./json.ts"
import type { ListDocument, ListedRun } from "./json-types.ts"
import { formatNeedRows, needRows } from "./needs.ts"
import { gateOf } from "./permit.ts"
import { readJournal } from "./status.ts"
import { paint } from "./style.ts"
import { type TextColumn, terminalWidth, textTable } from "./table.ts"
import { stdout } from "./terminal.ts"

const RUNS_SHOWN = 20
const STATES: readonly RunStatus[] = ["running", "paused", "interrupted", "success", "failed", "cancelled"]

interface ListOptions {
  readonly limit: number
  readonly page: number
  readonly workflow?: string
  readonly state?: RunStatus
  readonly since?: number
  readonly json?: boolean
}

/** `baton list`: lists the project's workflows and its newest runs, a page at a time. */
export function listCommand(compose: LoadCompose): Command {
  return new Command("list")
    .description("list the workflows of the project and its runs, newest first")
    .option("-n, --limit <count>", "at most so many runs", countOf, RUNS_SHOWN)
    .option("--page <number>", "the page of older runs after the first: 2, 3, …", countOf, 1)
    .option("-w, --workflow <name>", "only runs of this workflow")
    .addOption(new Option("-s, --state <state>", "only runs in this state").choices(STATES))
    .option("--since <when>", "only runs started since then: 12h, 7d, or 2026-11-21", sinceOf)
    .option("--json", "as one JSON object")
    .action(async (options: ListOptions, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const workflows = projectOf(globals).workflows()
      const engine = await readJournal(compose, placeOf(globals))
      const page = engine === undefined ? { runs: [], isMore: false } : pageOfRuns(engine, options, options)
      const needs = needRows(engine, await gateOf(compose, placeOf(globals)).need())
      if (options.json) {
        writeJson({ workflows, runs: page.runs.map(listed), more: page.isMore, needs } satisfies ListDocument)
        return
      }
      const own = workflows.some((one) => !one.isBuiltIn) ? "" : "\n(your own go into .opencode/workflows/NAME.yaml)"
      const known = formatWorkflows(workflows) + own
      stdout.write(`Workflows\n${known}\n\nRuns\n${formatRuns(page, options)}\n`)
      if (needs.length > 0) stdout.write(`\n${formatNeedRows(needs)}`)
    })
}

type Row = RunPage["runs"][number]

function listed({ header, view }: Row): ListedRun {
  const { id, workflow, createdAt } = header
  const { status = "unknown", endedAt = null, label = "", cost = null, knownUsd = 0 } = view ?? {}
  const iso = (at: number) => new Date(at).toISOString()
  return {
    ...{ id, workflow, status, createdAt: iso(createdAt), endedAt: endedAt === null ? null : iso(endedAt) },
    ...{ label, cost, knownUsd },
  }
}

function formatRuns({ runs, isMore }: RunPage, options: ListOptions): string {
  const { limit, page } = options
  const isFiltered = options.workflow !== undefined || options.state !== undefined || options.since !== undefined
  if (runs.length === 0) return page > 1 ? "none on this page" : isFiltered ? "none that match" : "none yet"
  const now = Date.now()
  const of = (get: (view: NonNullable<Row["view"]>) => string) => (row: Row) => (row.view ? get(row.view) : "")
  const columns: TextColumn<Row>[] = [
    { title: "RUN", of: ({ header }) => header.id },
    { title: "STATE", of: ({ view }) => view?.status ?? "unreadable" },
    { title: "STARTED", of: ({ header }) => localTime(header.createdAt, now), drop: 2 },
    { title: "TOOK", isRight: true, of: of(tookOf), drop: 4 },
    { title: "DONE", isRight: true, of: of(({ steps }) => fractionDone(steps)), drop: 3 },
    { title: "COST", isRight: true, of: of(costOf), drop: 5 },
    { title: "WORKFLOW", of: workflowOf },
  ]
  const lines = textTable(columns, runs, terminalWidth(stdout), paint(stdout))
  if (isMore)
    lines.push(`… older runs: --page ${page + 1} shows the next ${limit}, and --limit ${limit * 5} more at once`)
  return lines.join("\n")
}

function tookOf({ createdAt, endedAt }: NonNullable<Row["view"]>): string {
  return endedAt === null ? "" : formatDuration(endedAt - createdAt)
}

function costOf({ tokens, cost, knownUsd }: NonNullable<Row["view"]>): string {
  if (tokens.input + tokens.output === 0) return ""
  return shortCost(cost, knownUsd, "unknown")
}

function workflowOf({ header, view }: Row): string {
  const name = view?.ask == null ? header.workflow : `asked ${view.ask}`
  return view === undefined || view.label === "" ? name : `${name} · ${view.label}`
}

/** Reads how long ago, or a local day, as a time in milliseconds since 1970. */
function sinceOf(text: string): number {
  const ago = parseDuration(text)
  if (ago !== undefined && !/^\d+$/.test(text)) return Date.now() - ago
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []
  const date = new Date(Number(year), Number(month) - 1, Number(day))
  // A day that does not exist, such as the 31st of November, becomes one of the next month.
  if (date.getDate() !== Number(day))
    throw new InvalidArgumentError("write a duration such as 12h or 7d, or a day such as 2026-11-21")
  return date.getTime()
}
