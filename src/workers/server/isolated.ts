import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import type { Config } from "@opencode-ai/sdk/v2"
import { defined } from "../../core/base/defined.ts"
import { callHost, type Host } from "../../host/host.ts"
import { WITHOUT_PROJECT } from "../../host/serve.ts"

type Env = Readonly<Record<string, string | undefined>>

/** A longer text cannot be an environment variable (128 KiB on Linux). */
const MAX_VARIABLE = 100_000

/** An isolated server's environment, and what its tools get in place of parts of it. */
interface Isolated {
  readonly env: Env
  readonly restore: Readonly<Record<string, string>>
}

/**
 * Returns the environment of an isolated server: the configuration of `origin` without plugins (so
 * never Baton), and a data folder of its own below `folder`, in which its sessions outlive it. Only
 * the logins are the user's (contract C63). Its tools see the user's folders, as in the user's own
 * OpenCode. When the project is not trusted, `usesFolder` is false, and the configuration is the
 * user's global one: OpenCode fills in variables in what it is passed, so no text of the project may
 * be in it.
 */
export async function isolatedEnv(origin: Host, folder: string, env: Env, usesFolder: boolean): Promise<Isolated> {
  const { client, directory } = origin
  const config = usesFolder
    ? await callHost("read the OpenCode configuration", (o) => client.config.get({}, o))
    : await callHost("read the global OpenCode configuration", (o) => client.global.config.get(o))
  const home = env.HOME || homedir()
  const [data, state, own] = ["data", "state", "config"].map((name) => join(folder, name)) as [string, string, string]
  const houses = join(folder, "home")
  for (const one of [data, state, own, houses]) mkdirSync(one, { recursive: true, mode: 0o700 })
  furnish(own, env.XDG_CONFIG_HOME || join(home, ".config"))
  shareLogins(data, env.XDG_DATA_HOME || join(home, ".local", "share"))
  linkSkills(houses, home)
  const folders = { XDG_DATA_HOME: data, XDG_STATE_HOME: state, XDG_CONFIG_HOME: own, OPENCODE_TEST_HOME: houses }
  const restore = Object.fromEntries(Object.keys(folders).map((name) => [name, env[name] ?? ""]))
  return {
    restore: {
      ...restore,
      OPENCODE_TEST_HOME: env.OPENCODE_TEST_HOME ?? home,
      OPENCODE_CONFIG: env.OPENCODE_CONFIG ?? "",
    },
    env: {
      ...env,
      ...configVariable(
        JSON.stringify(ownConfig(config, usesFolder ? directory : undefined, home)),
        join(folder, "opencode.json"),
      ),
      ...folders,
      // It would keep the guard away too. There is no other plugin.
      OPENCODE_PURE: undefined,
      OPENCODE_DISABLE_PROJECT_CONFIG: "1",
      ...(usesFolder ? {} : WITHOUT_PROJECT),
      // These would put its sessions or its configuration elsewhere.
      OPENCODE_DB: undefined,
      OPENCODE_CONFIG_DIR: undefined,
    },
  }
}

/**
 * Fills the folder that OpenCode takes for the home. It has the user's skills of other agents, and
 * not `.opencode`, whose plugins nothing else would keep away (contract C63).
 */
function linkSkills(own: string, home: string): void {
  for (const name of [".claude", ".agents"]) {
    const link = join(own, name)
    rmSync(link, { force: true })
    if (existsSync(join(home, name))) symlinkSync(join(home, name), link)
  }
}

/**
 * Lets the server use and renew the user's own logins (contract C64). A copy would not do: a
 * provider accepts a renewal token once, so renewing a copy logs the user out.
 * `OPENCODE_AUTH_CONTENT` is such a copy and is used only if the user has set it.
 */
function shareLogins(own: string, real: string): void {
  for (const name of ["auth.json", "mcp-auth.json"]) {
    const file = join(own, "opencode", name)
    rmSync(file, { force: true })
    mkdirSync(join(own, "opencode"), { recursive: true })
    symlinkSync(join(real, "opencode", name), file)
  }
}

/**
 * Returns the resolved configuration without what must not happen twice on a machine or in a
 * worker.
 */
function ownConfig(config: Config, directory: string | undefined, home: string): Config {
  // Nobody types in that server, so it needs no commands, some of which are Baton's.
  const { plugin: _plugins, server: _address, command: _commands, instructions = [], ...rest } = config
  const { agent, permission } = atHome({ agent: rest.agent, permission: rest.permission }, home) as typeof rest
  return {
    ...rest,
    ...defined({ agent, permission }),
    instructions: rulesFrom(directory, instructions).map((one) => one.replace(/^~(?=\/)/, () => home)),
    snapshot: false,
    share: "disabled",
    autoupdate: false,
  }
}

/**
 * OpenCode looks up relative paths in the project's configuration, which this server does not read
 * (contract C67). Without `directory`, only rules from elsewhere count.
 */
function rulesFrom(directory: string | undefined, instructions: readonly string[]): string[] {
  if (directory === undefined) return instructions.filter(isAbsoluteRule)
  const all = [...instructions, ...projectRules(directory)]
  return all.map((one) => (isAbsoluteRule(one) ? one : join(directory, one)))
}

function isAbsoluteRule(rule: string): boolean {
  return isAbsolute(rule) || /^(~\/|https?:)/.test(rule)
}

/**
 * Returns permissions with `~` and `$HOME` written out in their patterns, because OpenCode would look
 * for them in the folder that it takes for the home.
 */
function atHome(value: unknown, home: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).map(([key, inner]) => [
    key.replace(/^(~|\$HOME)(?=\/|$)/, () => home),
    atHome(inner, home),
  ])
  return Object.fromEntries(entries)
}

/** Returns the first file that OpenCode itself would read as the project's rules (contract C67). */
function projectRules(directory: string): string[] {
  return ["AGENTS.md", "CLAUDE.md"].filter((name) => existsSync(join(directory, name))).slice(0, 1)
}

/**
 * Passes the configuration in a variable, or in a file that only the user can read when it is too
 * long for a variable.
 */
function configVariable(content: string, file: string): Env {
  if (Buffer.byteLength(content) < MAX_VARIABLE) return { OPENCODE_CONFIG_CONTENT: content, OPENCODE_CONFIG: undefined }
  writeFileSync(file, content, { mode: 0o600 })
  return { OPENCODE_CONFIG_CONTENT: undefined, OPENCODE_CONFIG: file }
}

/**
 * Fills a config home in which other programs find their own settings, because a worker's shell
 * runs git and more. OpenCode's folder in it is empty and looks installed, so that OpenCode
 * installs nothing there (contract C65).
 */
function furnish(own: string, real: string): void {
  // Compare names: a link that leads nowhere also exists.
  const linked = new Set(readdirSync(own))
  for (const name of existsSync(real) ? readdirSync(real) : []) {
    if (name !== "opencode" && !linked.has(name)) symlinkSync(join(real, name), join(own, name))
  }
  mkdirSync(join(own, "opencode", "node_modules"), { recursive: true })
  const lock = { lockfileVersion: 3, packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } }
  writeFileSync(join(own, "opencode", "package-lock.json"), JSON.stringify(lock))
}
