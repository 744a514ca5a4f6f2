import { Command } from "commander"
import { resumableRun } from "../project/decisions.ts"
import { type GlobalOptions, type LoadCompose, placeOf, projectOf } from "./context.ts"
import { type DriveOptions, drive } from "./drive.ts"
import { problemsError } from "./exit.ts"
import { trustOption } from "./permit.ts"
import { type DecisionOptions, mustBePerson, withDecisionOptions } from "./person.ts"

interface ResumeOptions extends DriveOptions, DecisionOptions {
  readonly edited?: boolean
}

/**
 * `baton resume RUN`: continues a run that was interrupted, crashed, paused or failed. Finished
 * steps do not run again.
 */
export function resumeCommand(compose: LoadCompose): Command {
  return withDecisionOptions(new Command("resume"))
    .description("continue an interrupted, paused or failed run; finished steps do not run again")
    .argument("<run>", "id of the run, or its beginning (`baton list` shows them)")
    .option("--json", "one JSON object per line on stdout; the last one is the result")
    .option("--attach <url>", "use a running OpenCode server instead of starting one")
    .addOption(trustOption())
    .option("--edited", "with the workflow as it is now: changed steps, and those that depend on them, run again")
    .action(async (wanted: string, options: ResumeOptions, command: Command) => {
      const { edited } = options
      const via = mustBePerson("resume", options)
      const globals = command.optsWithGlobals<GlobalOptions & DriveOptions>()
      process.exitCode = await drive(compose, placeOf(globals), globals, {
        word: "resume",
        find(engine) {
          const found = resumableRun(engine, wanted, { prefix: "baton" })
          if (!found.ok || found.value.status !== "success" || edited) return found
          return { ok: false, why: `run ${found.value.id} has ended (success): there is nothing to resume` }
        },
        act(engine, { id, workflow }, parent, usesFolder) {
          if (!edited) return engine.resume(id, { by: "baton resume", via }, parent)
          const definition = projectOf(globals)
            .using(usesFolder)
            .edited(workflow, engine.inputs(id) ?? {})
          if (!definition.ok) throw problemsError(definition.problems)
          return engine.resume(id, { by: "baton resume --edited", via }, parent, definition.value)
        },
      })
    })
}
