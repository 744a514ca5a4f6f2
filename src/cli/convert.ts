import { existsSync, writeFileSync } from "node:fs"
import { Command } from "commander"
import { readText } from "../files/read.ts"
import { type GlobalOptions, pathOf, projectOf } from "./context.ts"
import { problemsError, UserError } from "./exit.ts"
import { stdout, writeContent } from "./terminal.ts"

/** `baton convert FILE [--out F]`: converts a workflow of any dialect to the canonical form. */
export function convertCommand(): Command {
  return new Command("convert")
    .description("convert a workflow of any form to the canonical form (`steps:`)")
    .argument("<file>", "workflow file with `phases`, `tasks`, `pipeline` or a plan in it")
    .option("-o, --out <file>", "write it to this new file instead of stdout")
    .action((typed: string, { out }: { out?: string }, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const project = projectOf(globals)
      const file = pathOf(globals, typed)
      if (!existsSync(file)) throw new UserError(`no such file: ${typed}`)
      const converted = project.convert(file, read(file, typed))
      if (!converted.ok) throw problemsError(converted.problems)
      if (out === undefined) writeContent(converted.value)
      else {
        write(pathOf(globals, out), out, converted.value)
        stdout.write(`wrote ${out}\n`)
      }
    })
}

function read(file: string, typed: string): string {
  try {
    return readText(file)
  } catch (error) {
    throw new UserError(`${typed} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Refuses to overwrite an existing file, because it may contain somebody's work. */
function write(file: string, typed: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: "wx" })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UserError(existsSync(file) ? `${typed} already exists: delete it, or name another file` : why)
  }
}
