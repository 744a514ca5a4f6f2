import { existsSync } from "node:fs"
import { createOpencodeClient, type OpencodeClient } from "@opencode-ai/sdk/v2"
import type { Log } from "../core/ports/ports.ts"
import { followEvents } from "../host/follow.ts"
import { callHost, createFeed, describe, type Host, HostError } from "../host/host.ts"
import { ledgerOf, reap } from "../host/ledger.ts"
import { startServe, WITHOUT_PROJECT } from "../host/serve.ts"
import { versionOf, whyUnsupported } from "../host/version.ts"
import { findState, openState } from "../state/project-state.ts"
import { UserError } from "./exit.ts"

/** A connection to an OpenCode server, with the function that closes it. */
export interface Connection {
  readonly host: Host
  readonly url: string
  /** The server's version of OpenCode. */
  readonly version: string
  /** Stops the server if Baton started it. */
  close(): Promise<void>
}

export interface ConnectOptions {
  readonly directory: string
  /** Root of the project, whose ledger lists the started processes. */
  readonly root: string
  /** URL of a running server. Without it, `connect` starts one. */
  readonly attach?: string | undefined
  /** The OpenCode program for a server that `connect` starts. */
  readonly opencode?: string | undefined
  /** Whether the folder is trusted, so that a server that `connect` starts takes its configuration. */
  readonly usesFolder: boolean
  readonly log: Log
}

/** A server that has just started may need this long for its first answer. */
const START_MS = 30_000

/** The server's version is not one that Baton works with. */
export class UnsupportedError extends UserError {}

/**
 * Connects to the server at `attach`, or starts one for the directory. Throws UserError when that
 * fails.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { directory, attach, log } = options
  await reapLeftovers(options)
  const served = attach === undefined ? await serve(options) : undefined
  const url = served?.url ?? (attach as string)
  const client = served?.client ?? attachTo(url, directory)
  const feed = createFeed((error) => log.error("an event could not be handled", { error: describe(error) }))
  const closing = new AbortController()
  const close = async () => {
    closing.abort()
    await served?.stop()
  }
  try {
    const version = await versionOf({ client }, START_MS)
    const unsupported = whyUnsupported(version)
    if (unsupported !== undefined) throw new UnsupportedError(unsupported)
    await callHost("reach the OpenCode server", (o) => client.path.get({}, o), { timeoutMs: START_MS })
    await followEvents(client, feed, closing.signal, (error) =>
      log.error("the event stream broke", { error: describe(error) }),
    )
    // The guard in a server of ours has the result tool.
    const hasTools = served !== undefined
    const host = { client, directory, root: options.root, isAttended: false, hasTools, subscribe: feed.subscribe }
    return { host, url, version, close }
  } catch (error) {
    await close()
    throw error instanceof UserError ? error : new UserError(unreachable(url, attach, error))
  }
}

/** Ends the processes that a killed Baton left running in this project. */
async function reapLeftovers({ root, log }: ConnectOptions): Promise<void> {
  try {
    const state = findState(root, process.env)
    if (state) await reap(ledgerOf(state.folder))
  } catch (error) {
    log.error("processes of an earlier run could not be ended", { error: describe(error) })
  }
}

async function serve({ directory, root, opencode, usesFolder }: ConnectOptions) {
  const binary = opencode ?? process.env.BATON_OPENCODE
  if (binary === undefined || !existsSync(binary)) {
    throw new UserError(
      `OpenCode was not found${binary === undefined ? "" : ` at ${binary}`}: install it (npm install opencode-ai), or name it with --opencode PATH`,
    )
  }
  try {
    return await startServe({
      binary,
      directory,
      env: usesFolder ? process.env : { ...process.env, ...WITHOUT_PROJECT },
      ledger: ledgerOf(openState(root, process.env).folder),
    })
  } catch (error) {
    throw new UserError(describe(error))
  }
}

function attachTo(url: string, directory: string): OpencodeClient {
  const password = process.env.OPENCODE_SERVER_PASSWORD
  const user = process.env.OPENCODE_SERVER_USERNAME ?? "opencode"
  const authorization = password && `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`
  return createOpencodeClient({ baseUrl: url, directory, ...(authorization ? { headers: { authorization } } : {}) })
}

function unreachable(url: string, attach: string | undefined, error: unknown): string {
  if (error instanceof HostError && error.status === 401) {
    return `the OpenCode server at ${url} wants a password: set OPENCODE_SERVER_PASSWORD`
  }
  const hint = attach === undefined ? "" : " (is `opencode serve` running there?)"
  return `${describe(error)}: ${url}${hint}`
}
