import { Command, InvalidArgumentError } from "commander"
import { type GlobalOptions, type LoadCompose, placeOf, projectOf } from "./context.ts"
import { type DriveOptions, drive } from "./drive.ts"
import { problemsError } from "./exit.ts"
import { inputOption, modelOption } from "./inputs.ts"
import { gateOf, settle, trustOption } from "./permit.ts"
import { refuseWorker } from "./person.ts"

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
    .addOption(trustOption())
    .option("--run-id <id>", "id for the run (default: a random one)", checkRunId)
    .addHelpText("after", "\nExample: baton run feature-build --input feature=login")
    .action(async (name: string, options: RunOptions, command: Command) => {
      refuseWorker("run", "where `limits.max_depth` allows it, the tools workflow_run and worker_ask start more work")
      const globals = command.optsWithGlobals<GlobalOptions & RunOptions>()
      const place = placeOf(globals)
      const project = projectOf(globals)
      const prepare = (usesFolder: boolean) => {
        const done = project.using(usesFolder).prepare(name, options.input, options.task ?? "", options.model)
        if (!done.ok) throw problemsError(done.problems)
        return done.value.definition
      }
      const gate = gateOf(compose, place, options.attach)
      const permit = await gate.forWorkflow(project, name)
      // Problems of the documents are said before a person is asked about the folder.
      if (permit.type === "ask" && permit.question.isNeeded) prepare(true)
      const usesFolder = await settle(gate, permit, globals)
      const definition = prepare(usesFolder)
      const run = options.runId ?? project.newRunId()
      const nonceKey = project.newNonceKey()
      const created = { ...definition, run, nonceKey, by: "baton run", ...(usesFolder ? {} : { usesFolder }) }
      process.exitCode = await drive(compose, place, globals, {
        title: definition.workflow.name,
        definition,
        usesFolder,
        begin: (engine, parent) => engine.start({ ...created, parent }),
      })
    })
}

function checkRunId(id: string): string {
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(id)) {
    throw new InvalidArgumentError("use at most 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit")
  }
  return id
}
