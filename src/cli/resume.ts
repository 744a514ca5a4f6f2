import { Command } from "commander"
import { type GlobalOptions, type LoadCompose, placeOf } from "./context.ts"
import { type DriveOptions, drive } from "./drive.ts"

/** `baton resume RUN`: goes on with a run that was interrupted, crashed or paused; what finished is not done again. */
export function resumeCommand(compose: LoadCompose): Command {
  return new Command("resume")
    .description("go on with an interrupted or paused run; finished steps are not run again")
    .argument("<run>", "id of the run, or its beginning (`baton list` shows them)")
    .option("--json", "one JSON object a line on stdout, the last of them the result")
    .option("--attach <url>", "use a running OpenCode server instead of starting one")
    .action(async (run: string, _: DriveOptions, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions & DriveOptions>()
      process.exitCode = await drive(compose, placeOf(globals), globals, {
        title: `run ${run}`,
        begin: (engine, parent, existing = run) => engine.resume(existing, "baton resume", parent),
        existing: run,
      })
    })
}
