import { Command } from "commander"
import { formatPlan, waves } from "../project/plan.ts"
import type { Prepared } from "../project/project.ts"
import { type GlobalOptions, projectOf } from "./context.ts"
import { problemsError } from "./exit.ts"
import { inputOption, modelOption } from "./inputs.ts"
import { writeJson } from "./json.ts"
import type { PlanDocument } from "./json-types.ts"
import { paint } from "./style.ts"
import { stdout } from "./terminal.ts"

/**
 * `baton plan WORKFLOW`: shows what would run, in which order, with which profiles and rights.
 * Calls no model.
 */
export function planCommand(): Command {
  return new Command("plan")
    .description("show what a workflow would do, without calling any model")
    .argument("<workflow>", "name of a workflow of the project, or a path to its file")
    .addOption(inputOption())
    .option("-t, --task <text>", "the workflow's `task` input")
    .addOption(modelOption())
    .option("--json", "as one JSON object")
    .action(
      (
        name: string,
        options: {
          input: Readonly<Record<string, string>>
          task?: string
          model: Readonly<Record<string, string>>
          json?: boolean
        },
        command: Command,
      ) => {
        const project = projectOf(command.optsWithGlobals<GlobalOptions>())
        const prepared = project.prepare(name, options.input, options.task ?? "", options.model)
        if (!prepared.ok) throw problemsError(prepared.problems)
        const { value } = prepared
        if (options.json) writeJson(documentOf(value))
        else stdout.write(formatPlan(value, paint(stdout)))
      },
    )
}

function documentOf({ definition, root: _, ...origin }: Prepared): PlanDocument {
  return { ...origin, ...definition, waves: waves(definition.workflow) }
}
