import { join } from "node:path"
import type { Hooks, PluginInput } from "@opencode-ai/plugin"
import { createOpencodeClient } from "@opencode-ai/sdk/v2"
import { findConfig, globalConfigDir, projectRoot } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import type { Log } from "../core/ports/ports.ts"
import { WORKFLOW_FOLDERS } from "../core/rights/trusted-set.ts"
import { namesIn, readTextAsync } from "../files/read.ts"
import { createShellEnv } from "../guard/shell-env.ts"
import { systemClock } from "../host/clock.ts"
import { callHost, createFeed, describe, type Feed, type Host } from "../host/host.ts"
import { ledgerOf, reap } from "../host/ledger.ts"
import { SUPPORTED_VERSIONS, whyRefused } from "../host/version.ts"
import type { Runtime } from "../project/runtime.ts"
import { stateNotice } from "../state/notice.ts"
import { findState } from "../state/project-state.ts"
import { watchHandoffs } from "./handoffs.ts"
import { createHooks } from "./hooks.ts"
import { publishState, watchRuns } from "./live.ts"
import { wakeForRuns } from "./wake.ts"

/** What the plugin uses of compose.ts, which is loaded only when Baton is used. */
export interface Compose {
  openRuntime(options: LoadOptions & { readonly host: Host; readonly log: Log; readonly whyReader?: string }): Runtime
  describeConfig(options: LoadOptions): string | undefined
}

/** What the plugin asks of the journal before anybody uses Baton (journal.ts). */
export interface Journal {
  hasUnended(options: LoadOptions): boolean
  stampOf(options: LoadOptions): string
}

/** What is loaded only when it is needed, so that OpenCode starts as fast as without Baton. */
export interface Loaders {
  compose(): Promise<Compose>
  journal(): Promise<Journal>
}

/**
 * One project in this process. OpenCode may load the plugin several times for one directory, and
 * then calls hooks and delivers events only to the newest load (contract C48), so all loads of a
 * directory share this.
 */
interface Shared {
  readonly host: Host
  readonly feed: Feed
  readonly log: Log
  loads: number
  runtime: Promise<Runtime> | undefined
  opened: Runtime | undefined
  /** Stops the look at the journal that a TUI's first message begins. */
  stopLooking: (() => void) | undefined
}

/** With more workflows than this, the result tool is offered without reading them. */
const MANY_WORKFLOWS = 200

const REGISTRY = Symbol.for("opencode-baton/projects/1")

function registry(): Map<string, Shared> {
  const holder = globalThis as { [REGISTRY]?: Map<string, Shared> }
  holder[REGISTRY] ??= new Map()
  return holder[REGISTRY]
}

/** Creates the server half of the plugin. */
export async function createPlugin(input: PluginInput, { compose, journal }: Loaders): Promise<Hooks> {
  // In a server that Baton itself started, the engine is in another process, so the plugin does
  // nothing (G8).
  if (process.env.BATON_CHILD !== undefined) return {}
  const [place, projects] = [placeOf(input), registry()]
  // Only the first load reads the workflows, and another one may come first meanwhile.
  const hasData = !projects.has(input.directory) && (await wantsData(projectRoot(place)))
  const shared = projects.get(input.directory) ?? share(input, hasData)
  projects.set(input.directory, shared)
  shared.loads++
  const { host, log } = shared
  void reapLeftovers(place, log)

  const open = async (): Promise<Runtime> => {
    // Runs can be looked at on every OpenCode, and only a supported one may work on them.
    const whyReader = await whyRefused(host)
    const runtime = (await compose()).openRuntime({ ...place, host, log, ...(whyReader ? { whyReader } : {}) })
    const { engine, project } = runtime
    watchRuns({ host, engine, log, clock: systemClock, toasts: () => project.toasts() })
    watchHandoffs(host, engine, log, Date.now())
    shared.opened = runtime
    return runtime
  }
  const runtime = () => {
    shared.runtime ??= open().catch((error) => {
      shared.runtime = undefined
      throw error
    })
    return shared.runtime
  }
  const wake = async () => {
    const { hasUnended, stampOf } = await journal()
    shared.stopLooking ??= wakeForRuns({
      clock: systemClock,
      log,
      stamp: () => stampOf(place),
      hasUnended: () => Promise.resolve(hasUnended(place)),
      isOpen: () => shared.opened !== undefined,
      open: async () => publishState(host, (await runtime()).engine),
    })
  }
  const tools = await toolsFor(place, host, runtime)
  return createHooks({
    ...shared,
    runtime,
    ...(tools ? { tools } : {}),
    shellEnv: createShellEnv({ client: input.client, env: process.env }),
    opened: () => shared.opened,
    wake,
    configProblems: async () => (hasConfig(place) ? (await compose()).describeConfig(place) : undefined),
    folder: () => folderNeed(place, runtime),
    stateNotice: () => stateNotice(projectRoot(place), place.env),
    async dispose() {
      if (--shared.loads > 0) return
      projects.delete(input.directory)
      shared.stopLooking?.()
      await shared.opened?.close("OpenCode ended")
    },
  })
}

/** The folder, when its workflows wait for the person's trust. The engine is opened only to see whether a run
 *  has changed it. */
async function folderNeed(place: LoadOptions, runtime: () => Promise<Runtime>) {
  const { Gate } = await import("../project/gate.ts")
  const touched = async () => {
    const { touchedByRuns } = await import("../project/touched.ts")
    return touchedByRuns((await runtime()).engine)
  }
  return new Gate(place, touched).need()
}

/** Throws what a person on OpenCode 2 should do, whose plugins have another interface. */
export function refuseOpenCode2(): never {
  throw new Error(
    `Baton does not run on OpenCode 2 yet: it needs OpenCode ${SUPPORTED_VERSIONS}. Install one of these: npm install --global opencode-ai@1`,
  )
}

function share(input: PluginInput, hasTools: boolean): Shared {
  const client = clientOf(input)
  const log: Log = {
    error(message, detail) {
      const body = { service: "baton", level: "error" as const, message, ...(detail ? { extra: { ...detail } } : {}) }
      // A failure to log is ignored, because the log itself is where errors are reported.
      void client.app.log(body)
    },
  }
  const feed = createFeed((error) => log.error("an event could not be handled", { error: describe(error) }))
  const { directory } = input
  const root = projectRoot(placeOf(input))
  const host: Host = { client, directory, root, isAttended: true, hasTools, subscribe: feed.subscribe }
  return { host, feed, log, loads: 0, runtime: undefined, opened: undefined, stopLooking: undefined }
}

/** Ends processes that a killed OpenCode has left running. Usually there are none, and no folder
 *  to look in. */
async function reapLeftovers(place: LoadOptions, log: Log): Promise<void> {
  try {
    const state = findState(projectRoot(place), place.env)
    if (state) await reap(ledgerOf(state.folder))
  } catch (error) {
    log.error("processes of an earlier OpenCode could not be ended", { error: describe(error) })
  }
}

/** The nesting depth that a worker's session is marked with; 0 for a person's session. */
async function markedDepth(host: Host, session: string): Promise<number> {
  const { metadata } = await callHost("read the session", (o) => host.client.session.get({ sessionID: session }, o))
  const depth = (metadata?.baton as { depth?: unknown } | undefined)?.depth
  return typeof depth === "number" ? depth : 0
}

/** A v2 client over the connection that the host provides: in-process in the TUI, with the
 *  server's password elsewhere. */
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

function placeOf({ directory, worktree }: PluginInput): LoadOptions {
  return { directory, worktree, globalDir: globalConfigDir(process.env), env: process.env }
}

/** The tools of a project: the orchestration tools, and the result tool of workers that answer
 *  with data. Most projects have none, and do not load this code. */
async function toolsFor(place: LoadOptions, host: Host, runtime: () => Promise<Runtime>): Promise<Hooks["tool"]> {
  const orchestrates = await hasTools(place)
  if (!orchestrates && !host.hasTools) return undefined
  const { createResultTool, createTools } = await import("./tools.ts")
  return {
    ...(orchestrates ? createTools(runtime, (session) => markedDepth(host, session)) : {}),
    ...(host.hasTools ? createResultTool(runtime) : {}),
  }
}

/** Whether some workflow of the project has a schema. Workers of a workflow that is written
 *  later answer in text. A project with very many workflows is not read: OpenCode waits for this. */
async function wantsData(root: string): Promise<boolean> {
  for (const folder of WORKFLOW_FOLDERS) {
    const names = await namesIn(join(root, folder)).catch(() => [])
    const files = names.filter((name) => /\.(ya?ml|json)$/.test(name))
    if (files.length > MANY_WORKFLOWS) return true
    for (const name of files) if (await mentions(join(root, folder, name), "schema")) return true
  }
  return false
}

/** Whether a file contains a word. The loader reports why a file cannot be read. */
async function mentions(file: string, word: string): Promise<boolean> {
  const text = await readTextAsync(file).catch(() => "")
  return text.includes(word)
}

/**
 * Whether the model is offered tools. A config without the word `tools` is not parsed, because
 * OpenCode waits for this at its start. An invalid config offers none; its problems are reported
 * elsewhere.
 */
async function hasTools(place: LoadOptions): Promise<boolean> {
  const found = findConfig(projectRoot(place), place.globalDir)
  if (!found.ok || found.value === null || !(await mentions(found.value, '"tools"'))) return false
  const { loadConfig } = await import("../config/load.ts")
  const config = loadConfig(place)
  return config.ok && config.value.tools
}

/** Whether there is a config to check, so that a project without one does not load the checks. */
function hasConfig(place: LoadOptions): boolean {
  const found = findConfig(projectRoot(place), place.globalDir)
  return !found.ok || found.value !== null
}
