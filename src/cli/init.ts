import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { Command } from "commander"
import { findConfig, projectRoot } from "../config/find.ts"
import { type Offered, starterConfig } from "../config/starter.ts"
import { offeredModels } from "../host/catalog.ts"
import { connect } from "./connect.ts"
import { type GlobalOptions, placeOf, stderrLog } from "./context.ts"
import { UserError } from "./exit.ts"
import { stderr, stdout } from "./terminal.ts"

/** `baton init`: writes a first `orchestrator.jsonc` with the models of the user's OpenCode. */
export function initCommand(): Command {
  return new Command("init")
    .description("write a first orchestrator.jsonc, with the models your OpenCode has")
    .option("--attach <url>", "ask a running OpenCode server instead of starting one")
    .action(async (options: { attach?: string }, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const place = placeOf(globals)
      const root = projectRoot(place)
      // A configuration in the user's global folder is no obstacle, because the project's own takes
      // precedence.
      const there = findConfig(root, join(root, ".opencode"))
      if (!there.ok || there.value !== null) {
        const file = there.ok ? String(there.value) : String(there.problems[0]?.file)
        throw new UserError(`${relative(process.cwd(), file)} already exists: nothing was written`)
      }
      const offered = await ask(place.directory, root, options.attach, globals.opencode)
      const file = join(root, ".opencode", "orchestrator.jsonc")
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, starterConfig(offered), { flag: "wx" })
      const what =
        offered.models.length === 0 ? "without models: OpenCode has none" : `from ${offered.models.length} models`
      stdout.write(`wrote ${relative(process.cwd(), file)} (${what}); \`baton validate\` checks it\n`)
    })
}

/**
 * The models that OpenCode offers. When OpenCode cannot be started, the list is empty and stderr
 * says why.
 */
async function ask(
  directory: string,
  root: string,
  attach: string | undefined,
  opencode: string | undefined,
): Promise<Offered> {
  try {
    const connection = await connect({ directory, root, attach, opencode, log: stderrLog })
    try {
      return await offeredModels(connection.host)
    } finally {
      await connection.close()
    }
  } catch (error) {
    if (!(error instanceof UserError) || attach !== undefined) throw error
    stderr.write(`baton: ${error.message}\n`)
    return { models: [] }
  }
}
