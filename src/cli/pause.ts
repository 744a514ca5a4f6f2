import { Command } from "commander"
import { findRun } from "../project/decisions.ts"
import { type GlobalOptions, type LoadCompose, placeOf } from "./context.ts"
import { ASKER } from "./decide.ts"
import { UserError } from "./exit.ts"
import { keepAlive, reportRemote } from "./remote-control.ts"
import { readJournal } from "./status.ts"

/** `baton pause [RUN]`: asks the process that drives a run to start no more steps of it. */
export function pauseCommand(compose: LoadCompose): Command {
  return new Command("pause")
    .description("pause a run that another process drives: no new steps start, running ones may finish")
    .argument("[run]", "id of the run, or its beginning (default: the newest that is running)")
    .option("--json", "as one JSON object")
    .action(async (wanted: string | undefined, options: { json?: boolean }, command: Command) => {
      const engine = await readJournal(compose, placeOf(command.optsWithGlobals<GlobalOptions>()))
      if (engine === undefined) throw new UserError("nothing has run in this project yet")
      const found = findRun(engine, wanted, ASKER, {
        is: (run) => run.status === "running" && run.hold === null,
        none: "no run is running",
      })
      if (!found.ok) throw new UserError(found.why)
      const { id, status } = found.value
      if (!engine.isElsewhere(id)) throw new UserError(`run ${id} is not running (${status})`)
      const settled = await keepAlive(engine.settled(engine.pause(id, "baton pause")))
      if (!settled.ok) throw new UserError(settled.why)
      process.exitCode = reportRemote(engine, settled, "pause", options)
    })
}
