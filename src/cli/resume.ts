import { Command } from "commander"
import { resumableRun } from "../project/decisions.ts"
import { type GlobalOptions, type LoadCompose, placeOf } from "./context.ts"
import { type DriveOptions, drive } from "./drive.ts"

/** `baton resume RUN`: goes on with a run that was interrupted, crashed, paused, or failed; what finished is not done
 *  again. */
export function resumeCommand(compose: LoadCompose): Command {
  return new Command("resume")
    .description("go on with an interrupted, paused or failed run; finished steps are not run again")
    .argument("<run>", "id of the run, or its beginning (`baton list` shows them)")
    .option("--json", "one JSON object a line on stdout, the last of them the result")
    .option("--attach <url>", "use a running OpenCode server instead of starting one")
    .action(async (wanted: string, _: DriveOptions, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions & DriveOptions>()
      process.exitCode = await drive(compose, placeOf(globals), globals, {
        find(engine) {
          const found = resumableRun(engine, wanted, { prefix: "baton" })
          if (!found.ok || found.value.status !== "success") return found
          return { ok: false, why: `run ${found.value.id} has ended (success): there is nothing to resume` }
        },
        act: (engine, { id }, parent) => engine.resume(id, "baton resume", parent),
      })
    })
}
