import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { Command } from "commander"
import { findConfig, projectRoot } from "../config/find.ts"
import { type Offered, starterConfig } from "../config/starter.ts"
import { oneLine } from "../core/base/printable.ts"
import { offeredModels } from "../host/catalog.ts"
import type { Gate } from "../project/gate.ts"
import { type Trust, trust } from "../trust/verdict.ts"
import { type ConnectOptions, connect } from "./connect.ts"
import { type GlobalOptions, type LoadCompose, placeOf, stderrLog } from "./context.ts"
import { UserError } from "./exit.ts"
import { gateOf } from "./permit.ts"
import { stderr, stdout } from "./terminal.ts"

/** So many files are named that a person has not trusted. */
const MOST_NAMED = 3

/** `baton init`: writes a first `orchestrator.jsonc` with the models of the user's OpenCode. */
export function initCommand(compose: LoadCompose): Command {
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
      const gate = gateOf(compose, place)
      const before = await gate.look()
      const usesFolder = gate.isTrusted()
      const { directory } = place
      const why = options.attach === undefined ? await gate.whyNoOpencode() : undefined
      if (why !== undefined) throw new UserError(`this folder is not trusted, and ${why}: \`baton trust\` first`)
      const offered = await ask({ directory, root, attach: options.attach, opencode: globals.opencode, usesFolder })
      const file = join(root, ".opencode", "orchestrator.jsonc")
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, starterConfig(offered), { flag: "wx" })
      const what =
        offered.models.length === 0 ? "without models: OpenCode has none" : `from ${offered.models.length} models`
      stdout.write(`wrote ${relative(process.cwd(), file)} (${what}); \`baton validate\` checks it\n`)
      await trustOwn(gate, before)
    })
}

/**
 * Trusts the folder that was set up. What was there before is somebody else's until a person says
 * otherwise: a person who sets up a stranger's repository has not looked at its plugins.
 */
async function trustOwn(gate: Gate, before: Trust): Promise<void> {
  const now = await gate.look()
  if (before.verdict !== "untrusted" && before.verdict !== "changed") {
    trust(now, "init", Date.now())
    return
  }
  const names = Object.keys(before.set.files).slice(0, MOST_NAMED).join(", ")
  stdout.write(`this folder had ${oneLine(names, 200)} before, which you have not trusted: \`baton trust\`\n`)
}

/**
 * The models that OpenCode offers. When OpenCode cannot be started, the list is empty and stderr
 * says why.
 */
async function ask(options: Omit<ConnectOptions, "log">): Promise<Offered> {
  try {
    const connection = await connect({ ...options, log: stderrLog })
    try {
      return await offeredModels(connection.host)
    } finally {
      await connection.close()
    }
  } catch (error) {
    if (!(error instanceof UserError) || options.attach !== undefined) throw error
    stderr.write(`baton: ${error.message}\n`)
    return { models: [] }
  }
}
