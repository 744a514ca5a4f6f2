import type { Hooks, PluginInput } from "@opencode-ai/plugin"
import * as z from "zod"
import { dataOf } from "../core/base/json.ts"
import type { JsonSchema } from "../core/model/workflow.ts"
import { RESULT_TOOL } from "../core/rights/permission.ts"
import type { GuardOptions } from "../wall/guard-config.ts"
import { readNote, workerMark } from "../wall/session-note.ts"
import { createShellEnv, SECRET_VARIABLES } from "./shell-env.ts"
import { forgetSecrets } from "./start-environment.ts"

/** Compiles a schema into a function that returns one sentence for each mismatch. */
export type Compile = (schema: JsonSchema) => (value: unknown) => string[]

/**
 * The guard: all that runs of Baton in a server that Baton started, whose engine is elsewhere (G8).
 * It keeps the server's secrets from the commands of every session, and takes the results of
 * workers that answer with data. It knows no commands and reads none of Baton's configuration.
 */
export async function createGuard(
  { client }: Pick<PluginInput, "client">,
  options: GuardOptions | undefined,
  compile: () => Promise<Compile>,
): Promise<Hooks> {
  // In a person's own OpenCode the password stays: they may have set it for their own programs.
  if (process.env.BATON_CHILD === undefined) return {}
  const failed = await forgetSecrets()
  if (failed !== undefined) {
    const message = `the start environment of this server could not be overwritten: ${failed}`
    // The server answers only after its plugins are loaded, so this is not awaited.
    void client.app.log({ body: { service: "baton", level: "warn", message } })
  }
  const always = { ...Object.fromEntries(SECRET_VARIABLES.map((name) => [name, ""])), ...options?.restore }
  return {
    "shell.env": createShellEnv({ client, env: process.env, always }),
    tool: { [RESULT_TOOL]: resultTool(client, compile) },
  }
}

/** The tool with which workers give data. It only says whether the data fits; the answer is read
 *  from the call in the session's messages. */
function resultTool(
  client: PluginInput["client"],
  compile: () => Promise<Compile>,
): NonNullable<Hooks["tool"]>[string] {
  const definition = {
    description: "Give the requested data as your answer.",
    args: { result: z.unknown() },
    async execute({ result }: { result: unknown }, { sessionID }: { readonly sessionID: string }) {
      const { data } = await client.session.get({ path: { id: sessionID } })
      const file = workerMark((data as { metadata?: unknown } | undefined)?.metadata)?.note
      const schema = file === undefined ? undefined : (await readNote(file)).schema
      if (schema === undefined) throw new Error("No data was requested: answer in text.")
      const faults = (await compile())(schema)(dataOf(result))
      if (faults.length > 0)
        throw new Error(`The data does not match: ${faults.join("; ")}. Correct it and call again.`)
      return "Accepted. You are done: end your turn."
    },
  }
  // The host's zod is another copy with the same shape.
  return definition as unknown as NonNullable<Hooks["tool"]>[string]
}
