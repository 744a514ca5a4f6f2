import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import type { Hooks, PluginInput } from "@opencode-ai/plugin"
import { createOpencodeClient } from "@opencode-ai/sdk/v2"
import type { Log } from "../core/ports.ts"
import { createFeed, describe, type Feed, type Host } from "../host/host.ts"
import type { Runtime } from "../project/runtime.ts"
import { createHooks } from "./hooks.ts"
import { watchRuns } from "./live.ts"

/** What the plugin gets from compose.ts, loaded only when something is asked of Baton. */
export interface Compose {
  openRuntime(options: OpenOptions): Runtime
  describeConfig(options: ConfigPlace): string | undefined
}
export interface ConfigPlace {
  readonly directory: string
  readonly worktree: string
  readonly globalDir: string
  readonly env: Readonly<Record<string, string | undefined>>
}
export interface OpenOptions extends ConfigPlace {
  readonly host: Host
  readonly log: Log
}

/** One project in this process. OpenCode may load the plugin several times for one directory, and then gives hooks and
 *  events only to the newest load (host notes §3): all loads of a directory share this. */
interface Shared {
  readonly host: Host
  readonly feed: Feed
  readonly log: Log
  loads: number
  runtime: Promise<Runtime> | undefined
  opened: Runtime | undefined
}

const REGISTRY = Symbol.for("opencode-baton/projects/1")

function registry(): Map<string, Shared> {
  const holder = globalThis as { [REGISTRY]?: Map<string, Shared> }
  holder[REGISTRY] ??= new Map()
  return holder[REGISTRY]
}

/** The server half of the plugin. `compose` is called once, at the first use. */
export function createPlugin(input: PluginInput, compose: () => Promise<Compose>): Hooks {
  // Inside a server that Baton itself started the engine is elsewhere: stay out of the way (G8).
  if (process.env.BATON_CHILD !== undefined) return {}
  const place = placeOf(input)
  const projects = registry()
  const shared = projects.get(input.directory) ?? share(input)
  projects.set(input.directory, shared)
  shared.loads++

  const open = async (): Promise<Runtime> => {
    const runtime = (await compose()).openRuntime({ ...place, host: shared.host, log: shared.log })
    watchRuns(shared.host, runtime.engine, shared.log, () => runtime.project.toasts())
    shared.opened = runtime
    return runtime
  }
  return createHooks({
    ...shared,
    runtime: () => {
      shared.runtime ??= open().catch((error) => {
        shared.runtime = undefined
        throw error
      })
      return shared.runtime
    },
    opened: () => shared.opened,
    configProblems: async () => (mayHaveConfig(place) ? (await compose()).describeConfig(place) : undefined),
    async dispose() {
      if (--shared.loads > 0) return
      projects.delete(input.directory)
      await shared.opened?.close("OpenCode ended")
    },
  })
}

function share(input: PluginInput): Shared {
  const client = clientOf(input)
  const log: Log = {
    error(message, detail) {
      const body = { service: "baton", level: "error" as const, message, ...(detail ? { extra: { ...detail } } : {}) }
      // Nothing is left to report this to: the log is where errors go.
      void client.app.log(body)
    },
  }
  const feed = createFeed((error) => log.error("an event could not be handled", { error: describe(error) }))
  const host: Host = { client, directory: input.directory, isAttended: true, subscribe: feed.subscribe }
  return { host, feed, log, loads: 0, runtime: undefined, opened: undefined }
}

/** A v2 client over the connection the host gave us: in-process in the TUI, with the server's password elsewhere. */
function clientOf(input: PluginInput) {
  const given = input.client as unknown as { _client: { getConfig(): ConnectionConfig } }
  const { fetch, headers } = given._client.getConfig()
  return createOpencodeClient({
    baseUrl: String(input.serverUrl),
    directory: input.directory,
    ...(fetch ? { fetch } : {}),
    ...(headers ? { headers: Object.fromEntries(headers) } : {}),
  })
}

interface ConnectionConfig {
  readonly fetch?: typeof globalThis.fetch
  readonly headers?: Headers
}

function placeOf(input: PluginInput): ConfigPlace {
  const globalDir = join(process.env.XDG_CONFIG_HOME ?? join(homedir(), ".config"), "opencode")
  return { directory: input.directory, worktree: input.worktree, globalDir, env: process.env }
}

/** A look from far off, so that a project without Baton's files never pays for reading them. */
function mayHaveConfig({ directory, worktree, globalDir }: ConfigPlace): boolean {
  const folders = [directory, join(directory, ".opencode"), worktree, join(worktree, ".opencode"), globalDir]
  return folders.some(
    (folder) => existsSync(join(folder, "orchestrator.json")) || existsSync(join(folder, "orchestrator.jsonc")),
  )
}
