import { Command, InvalidArgumentError } from "commander"
import { type GlobalOptions, type LoadCompose, placeOf, projectOf } from "./context.ts"
import { type DriveOptions, drive } from "./drive.ts"
import { problemsError } from "./exit.ts"
import { inputOption, modelOption } from "./inputs.ts"

interface RunOptions extends DriveOptions {
  readonly input: Readonly<Record<string, string>>
  readonly task?: string
  readonly model: Readonly<Record<string, string>>
  readonly runId?: string
}

/** `baton run WORKFLOW`: validates everything, then runs the workflow in a new session. */
export function runCommand(compose: LoadCompose): Command {
  return new Command("run")
    .description("run a workflow and wait for its end")
    .argument("<workflow>", "name of a workflow of the project, or a path to its file")
    .addOption(inputOption())
    .option("-t, --task <text>", "the workflow's `task` input")
    .addOption(modelOption())
    .option("--json", "one JSON object per line on stdout; the last one is the result")
    .option("--attach <url>", "use a running OpenCode server instead of starting one")
    .option("--run-id <id>", "id for the run (default: a random one)", checkRunId)
    .addHelpText("after", "\nExample: baton run feature-build --input feature=login")
    .action(async (name: string, options: RunOptions, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions & RunOptions>()
      const project = projectOf(globals)
      const prepared = project.prepare(name, options.input, options.task ?? "", options.model)
      if (!prepared.ok) throw problemsError(prepared.problems)
      const { definition } = prepared.value
      const run = options.runId ?? project.newRunId()
      process.exitCode = await drive(compose, placeOf(globals), globals, {
        title: definition.workflow.name,
        definition,
        begin: (engine, parent) => engine.start({ ...definition, run, parent, by: "baton run" }),
      })
    })
}

function checkRunId(id: string): string {
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(id)) {
    throw new InvalidArgumentError("use at most 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit")
  }
  return id
}
