import { Command, Option } from "commander"
import { drawn } from "../report/drawn.ts"
import { type GlobalOptions, projectOf } from "./context.ts"
import { problemsError } from "./exit.ts"
import { stdout } from "./terminal.ts"

/** `baton graph WORKFLOW`: draws its steps and their dependencies, as text or as Mermaid. */
export function graphCommand(): Command {
  return new Command("graph")
    .description("draw a workflow: its steps and what they need")
    .argument("<workflow>", "name of a workflow of the project, or a path to its file")
    .addOption(new Option("-f, --format <format>", "how").choices(["ascii", "mermaid"]).default("ascii"))
    .action((name: string, options: { format: "ascii" | "mermaid" }, command: Command) => {
      const found = projectOf(command.optsWithGlobals<GlobalOptions>()).workflow(name)
      if (!found.ok) throw problemsError(found.problems)
      stdout.write(drawn(found.value, options.format))
    })
}
