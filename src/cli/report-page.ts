import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { Command } from "commander"
import { reportPage } from "../project/report.ts"
import { type GlobalOptions, type LoadCompose, pathOf, placeOf } from "./context.ts"
import { UserError } from "./exit.ts"
import { formatReport } from "./report.ts"
import { findRun, NOTHING_RAN, readJournal } from "./status.ts"
import { stdout } from "./terminal.ts"

/**
 * `baton report [RUN]`: shows the result of a run as text, or writes it as one HTML page. Reads
 * only the journal.
 */
export function reportCommand(compose: LoadCompose): Command {
  return new Command("report")
    .description("show the result of a run, or write it as one HTML page (default: the newest run)")
    .argument("[run]", "id of the run")
    .option("-o, --out <file>", "write a self-contained HTML page to this file")
    .action(async (wanted: string | undefined, options: { out?: string }, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const engine = await readJournal(compose, placeOf(globals))
      const run = findRun(engine, wanted)
      if (!engine || !run) {
        stdout.write(NOTHING_RAN)
        return
      }
      if (options.out === undefined) {
        stdout.write(formatReport(run, stdout))
        return
      }
      const file = pathOf(globals, options.out)
      const page = await reportPage(engine, run, Date.now())
      try {
        mkdirSync(dirname(file), { recursive: true })
        writeFileSync(file, page)
      } catch (error) {
        throw new UserError(`the report could not be written: ${error instanceof Error ? error.message : error}`)
      }
      stdout.write(`The report of ${run.workflow} (run ${run.id}, ${run.status}) is in ${file}\n`)
    })
}
