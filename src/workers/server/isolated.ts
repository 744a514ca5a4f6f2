import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import type { Config } from "@opencode-ai/sdk/v2"
import { ask, type Host } from "../../host/host.ts"

type Env = Readonly<Record<string, string | undefined>>

/** A text longer than this cannot be a variable of the environment (128 KiB on Linux). */
const MAX_VARIABLE = 100_000

/**
 * The environment of an isolated server: what `origin` is configured with, without plugins (so never Baton), in a data
 * folder of its own below `folder`, where its sessions outlive it. Logins come along; everything is written there only.
 */
export async function isolatedEnv(origin: Host, folder: string, env: Env): Promise<Env> {
  const config = await ask("read the OpenCode configuration", (o) => origin.client.config.get({}, o))
  const home = env.HOME || homedir()
  const [data, state, own] = ["data", "state", "config"].map((name) => join(folder, name)) as [string, string, string]
  for (const one of [data, state, own]) mkdirSync(one, { recursive: true, mode: 0o700 })
  furnish(own, env.XDG_CONFIG_HOME || join(home, ".config"))
  const auth = env.OPENCODE_AUTH_CONTENT ?? readIfThere(authFile(env.XDG_DATA_HOME || join(home, ".local", "share")))
  return {
    ...env,
    ...configVariable(JSON.stringify(ownConfig(config, origin.directory)), join(folder, "opencode.json")),
    XDG_DATA_HOME: data,
    XDG_STATE_HOME: state,
    XDG_CONFIG_HOME: own,
    // The two places that would be changed with the three above, and hold only what can be fetched again.
    XDG_CACHE_HOME: env.XDG_CACHE_HOME || join(home, ".cache"),
    OPENCODE_AUTH_CONTENT: auth,
    OPENCODE_PURE: "1",
    OPENCODE_DISABLE_PROJECT_CONFIG: "1",
    // Would put its sessions, or its configuration, elsewhere.
    OPENCODE_DB: undefined,
    OPENCODE_CONFIG_DIR: undefined,
  }
}

const authFile = (data: string) => join(data, "opencode", "auth.json")
const readIfThere = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : undefined)

/** The configuration as it was resolved, without what must not happen twice on a machine or in a worker. */
function ownConfig(config: Config, directory: string): Config {
  // Nobody types there: no commands, of which some are Baton's.
  const { plugin: _plugins, server: _address, command: _commands, instructions = [], ...rest } = config
  return {
    ...rest,
    // Relative ones are looked up in the project's configuration, which it does not read.
    instructions: [...instructions, ...projectRules(directory)].map((one) =>
      isAbsolute(one) || /^(~|https?:)/.test(one) ? one : join(directory, one),
    ),
    snapshot: false,
    share: "disabled",
    autoupdate: false,
  }
}

/** The first of the files that OpenCode itself reads as a project's rules. */
function projectRules(directory: string): string[] {
  return ["AGENTS.md", "CLAUDE.md"].filter((name) => existsSync(join(directory, name))).slice(0, 1)
}

/** The configuration in a variable, or in a file only its user can read when it is too long for one. */
function configVariable(content: string, file: string): Env {
  if (content.length < MAX_VARIABLE) return { OPENCODE_CONFIG_CONTENT: content, OPENCODE_CONFIG: undefined }
  writeFileSync(file, content, { mode: 0o600 })
  return { OPENCODE_CONFIG_CONTENT: undefined, OPENCODE_CONFIG: file }
}

/**
 * A config home in which other programs find their own settings (a worker's shell runs git and more), and OpenCode an
 * empty folder that it does not install packages into.
 */
function furnish(own: string, real: string): void {
  for (const name of existsSync(real) ? readdirSync(real) : []) {
    if (name !== "opencode" && !existsSync(join(own, name))) symlinkSync(join(real, name), join(own, name))
  }
  mkdirSync(join(own, "opencode", "node_modules"), { recursive: true })
  const lock = { lockfileVersion: 3, packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } }
  writeFileSync(join(own, "opencode", "package-lock.json"), JSON.stringify(lock))
}
