import { Command } from "commander"
import { projectRoot } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import { formatUsage } from "../core/view/format.ts"
import { type Branch, treeOf } from "../core/view/tree.ts"
import { nameInGroup, type RunView, stepWord } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { runNamed } from "../project/runs.ts"
import { stateNotice } from "../state/notice.ts"
import { type GlobalOptions, type LoadCompose, NO_HOST, placeOf, stderrLog } from "./context.ts"
import { UserError } from "./exit.ts"
import { statusDocument, writeJson } from "./json.ts"
import type { NeedRow } from "./json-types.ts"
import { formatNeedRows, needRows } from "./needs.ts"
import { gateOf } from "./permit.ts"
import { hasUsage, howToContinue } from "./report.ts"
import { paint, stepMark } from "./style.ts"
import { stdout } from "./terminal.ts"

/** The answer of every command that only reads, when there is nothing to read. It is no mistake. */
export const NOTHING_RAN = "Nothing has run in this project yet.\n"

/** `baton status [RUN]`: shows the state of a run. Reads only the journal. */
export function statusCommand(compose: LoadCompose): Command {
  return new Command("status")
    .description("show the state of a run (default: the newest)")
    .argument("[run]", "id of the run")
    .option("--json", "as one JSON object")
    .action(async (run: string | undefined, options: { json?: boolean }, command: Command) => {
      const place = placeOf(command.optsWithGlobals<GlobalOptions>())
      const engine = await readJournal(compose, place)
      const view = findRun(engine, run)
      const needs = needRows(engine, await gateOf(compose, place).need())
      if (options.json) writeJson(view ? statusDocument(view, needs) : null)
      else if (view) stdout.write(`${formatStatus(view)}${needsBlock(needs)}`)
      else stdout.write(`${NOTHING_RAN}${needsBlock(needs)}`)
    })
}

/**
 * Opens the project's journal, or returns undefined when nothing has run. Operations on a run are
 * handed to the process that drives it.
 */
export async function readJournal(compose: LoadCompose, place: LoadOptions): Promise<Engine | undefined> {
  const { hasJournal, openRuntime } = await compose()
  if (hasJournal(place)) return openRuntime({ ...place, host: NO_HOST, log: stderrLog, isReader: true }).engine
  const notice = stateNotice(projectRoot(place), place.env)
  if (notice !== undefined) stderrLog.error(notice)
  return undefined
}

/**
 * The run with that id or an unambiguous prefix of it; without an id, the newest run that no worker
 * started. Undefined when nothing has run. Throws UserError when no run matches.
 */
export function findRun(engine: Engine | undefined, run: string | undefined): RunView | undefined {
  const view = engine && runNamed(engine, run)
  if (view || run === undefined) return view
  const newest = (engine?.list() ?? []).slice(0, 5).map((header) => header.id)
  throw new UserError(`this project has no run ${run}${newest.length > 0 ? ` (newest: ${newest.join(", ")})` : ""}`)
}

function needsBlock(needs: readonly NeedRow[]): string {
  return needs.length === 0 ? "" : `\n${formatNeedRows(needs)}`
}

function formatStatus(view: RunView): string {
  const colors = paint(stdout)
  const nameOf = ({ step, level }: Branch) => `${"  ".repeat(level)}${nameInGroup(step)}`
  const tree = treeOf(view.steps)
  const width = Math.max(...tree.map((branch) => nameOf(branch).length))
  const steps = tree.map((branch) => {
    const { step, spent } = branch
    const facts = [
      step.reason !== null && step.reason !== "ok" && step.gate === null
        ? `${step.status}: ${step.reason}`
        : stepWord(step),
      ...(step.attempts > 1 ? [`${step.attempts} tries`] : []),
      ...step.warnings.map(({ text }) => `warning: ${text}`),
      ...(step.detail === null ? [] : [step.detail]),
      ...(hasUsage(step, spent) ? [formatUsage(spent)] : []),
    ]
    return `${stepMark(step.status, colors)} ${nameOf(branch).padEnd(width)}  ${colors.dim(facts.join(" · "))}`
  })
  // Only the process that drives a run knows what its workers have spent on what they do now.
  const isCounted = !view.steps.some(({ status, isInterrupted }) => status === "running" && !isInterrupted)
  const usage = `${formatUsage(view)}${isCounted ? "" : ", without the work in progress"}`
  return `${view.workflow} · ${view.status} · run ${view.id}\n${steps.join("\n")}\n${usage}\n${howToContinue(view)}`
}
