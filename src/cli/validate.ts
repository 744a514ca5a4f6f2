import { existsSync } from "node:fs"
import { basename } from "node:path"
import { Command } from "commander"
import { type GlobalOptions, pathOf, projectOf } from "./context.ts"
import { problemsError, UserError } from "./exit.ts"
import { stdout } from "./terminal.ts"

/**
 * `baton validate [FILE…]`: lists every problem of the files, or of the whole project, with its
 * position.
 */
export function validateCommand(): Command {
  return new Command("validate")
    .description("check workflow files and orchestrator.json (default: all of the project)")
    .argument("[files...]", "workflow files, or an orchestrator.json")
    .action((files: string[], _: unknown, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const project = projectOf(globals)
      const missing = files.filter((file) => !existsSync(pathOf(globals, file)))
      if (missing.length > 0) throw new UserError(`no such file: ${missing.join(", ")}`)
      const checked = project.check(files.length === 0 ? undefined : files.map((file) => pathOf(globals, file)))
      if (checked.problems.length > 0) throw problemsError(checked.problems)
      const names = checked.files.map((file) => basename(file))
      stdout.write(names.length > 0 ? `${names.length} valid: ${names.join(", ")}\n` : "nothing to check here\n")
    })
}
