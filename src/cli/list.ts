import { Command } from "commander"
import { formatWorkflows } from "../core/view/format.ts"
import { type GlobalOptions, type LoadCompose, placeOf, projectOf } from "./context.ts"
import { writeJson } from "./json.ts"
import type { ListDocument } from "./json-types.ts"
import { formatNeedRows, needRows } from "./needs.ts"
import { readJournal } from "./status.ts"

const RUNS_SHOWN = 20

/** `baton list`: lists the project's workflows and its newest runs. */
export function listCommand(compose: LoadCompose): Command {
  return new Command("list")
    .description("list the workflows of the project and its newest runs")
    .option("--json", "as one JSON object")
    .action(async (options: { json?: boolean }, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const workflows = projectOf(globals).workflows()
      const engine = await readJournal(compose, placeOf(globals))
      const headers = engine?.list() ?? []
      const runs: ListDocument["runs"] = headers.slice(0, RUNS_SHOWN).map((header) => ({
        id: header.id,
        workflow: header.workflow,
        status: engine?.view(header.id)?.status ?? "unknown",
        createdAt: new Date(header.createdAt).toISOString(),
      }))
      const needs = needRows(engine)
      if (options.json) {
        writeJson({ workflows, runs, needs } satisfies ListDocument)
        return
      }
      const own = workflows.some((one) => !one.isBuiltIn) ? "" : "\n(your own go into .opencode/workflows/NAME.yaml)"
      const known = formatWorkflows(workflows) + own
      const lines = runs.map((run) => `${run.id}  ${run.status.padEnd(11)}  ${run.createdAt}  ${run.workflow}`)
      process.stdout.write(`Workflows\n${known}\n\nRuns\n${lines.length > 0 ? lines.join("\n") : "none yet"}\n`)
      if (needs.length > 0) process.stdout.write(`\n${formatNeedRows(needs)}`)
    })
}
