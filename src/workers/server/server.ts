import { createOpencodeClient, type OpencodeClient } from "@opencode-ai/sdk/v2"
import type { Profile } from "../../core/model/profile.ts"
import type { Clock, Log, WorkerBackend } from "../../core/ports/ports.ts"
import { followEvents } from "../../host/follow.ts"
import { callHost, createFeed, describe, type Host, HostError } from "../../host/host.ts"
import { startServe } from "../../host/serve.ts"
import { createSessionBackend } from "../session/backend.ts"
import { isolatedEnv } from "./isolated.ts"

/** What a server is opened with. */
export interface ServerDeps {
  /** The server of the sessions that runs are started from. */
  readonly origin: Host
  readonly clock: Clock
  readonly log: Log
  /** Path of the OpenCode program. */
  readonly binary: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether the project's folder is trusted, so that a server may take its configuration. */
  readonly usesFolder: () => boolean
  /** Folder of the servers' own data. Each profile has a folder in it. */
  readonly folder: string
  /** Folder of the notes about sessions. */
  readonly notes: string
  /** Folder of the process records. */
  readonly ledger: string
  /** Password of a profile's server. It is read each time, because it is stored nowhere. */
  readonly password: (profile: string) => string | undefined
  /** Hears the password of a server that was started, so that it is hidden wherever it appears. */
  readonly learn: (profile: string, password: string) => void
  /** Profiles whose server somebody else runs. */
  readonly remotes: () => readonly Profile[]
}

/** A server that answers, with the backend for the workers in it. */
export interface Server {
  readonly host: Host
  readonly backend: WorkerBackend
  /**
   * Resolves with how the server ended when Baton did not end it. Never resolves for a server that
   * somebody else runs.
   */
  readonly lost: Promise<string>
  /** Whether the server still answers. */
  isThere(): Promise<boolean>
  /** Disconnects from the server, and ends it if Baton started it. */
  close(): Promise<void>
}

/** Somebody else's server counts as unreachable after this time. */
const REACH_MS = 18_000
const ANSWER_MS = 8_000

/**
 * Starts the profile's server, or connects to it. Throws an error with a message for the user when
 * that fails, or when `signal` fires before the server is up.
 */
export function openServer(deps: ServerDeps, profile: Profile, signal: AbortSignal): Promise<Server> {
  return profile.url === undefined ? startOwn(deps, profile, signal) : reachRemote(deps, profile, profile.url)
}

async function startOwn(deps: ServerDeps, profile: Profile, signal: AbortSignal): Promise<Server> {
  const { origin, binary, ledger } = deps
  const folder = `${deps.folder}/${profile.name}`
  const { env, restore } = await isolatedEnv(origin, folder, deps.env, deps.usesFolder())
  const { directory } = origin
  const onPassword = (password: string) => deps.learn(profile.name, password)
  const served = await startServe({ binary, directory, env, restore, ledger, signal, onPassword }).catch((error) => {
    throw new Error(`the server of profile \`${profile.name}\` did not start: ${describe(error)}`)
  })
  let isClosing = false
  const stop = () => {
    isClosing = true
    return served.stop()
  }
  try {
    const server = await connect(deps, served.client, directory, { notes: deps.notes })
    void served.ended.then(server.hangUp)
    const lost = new Promise<string>((resolve) => void served.ended.then((how) => isClosing || resolve(how)))
    return { ...server, lost, close: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function reachRemote(deps: ServerDeps, profile: Profile, url: string): Promise<Server> {
  const password = deps.password(profile.name)
  const headers = password === undefined ? {} : { headers: { authorization: basic(password) } }
  const late = Promise.withResolvers<never>()
  const cancel = deps.clock.after(REACH_MS, () => late.reject(new Error("it did not answer in time")))
  try {
    const { directory = await ownDirectory(createOpencodeClient({ baseUrl: url, ...headers })) } = profile
    const client = createOpencodeClient({ baseUrl: url, directory, ...headers })
    const server = await Promise.race([connect(deps, client, directory), late.promise])
    return {
      ...server,
      lost: new Promise(() => undefined),
      close: () => Promise.resolve(server.hangUp()),
    }
  } catch (error) {
    throw new Error(`the server of profile \`${profile.name}\` at ${url} ${reasonOf(error, password)}`)
  } finally {
    cancel()
  }
}

const basic = (password: string) => `Basic ${Buffer.from(`opencode:${password}`).toString("base64")}`

function reasonOf(error: unknown, password: string | undefined): string {
  if (!(error instanceof HostError) || error.status !== 401) return `cannot be reached: ${describe(error)}`
  return password === undefined ? "wants a password: set `password` in its profile" : "does not take the `password`"
}

async function ownDirectory(client: OpencodeClient): Promise<string> {
  const { directory } = await callOnce("reach the OpenCode server", (o) => client.path.get({}, o))
  return directory
}

const callOnce: typeof callHost = (what, call) => callHost(what, call, { timeoutMs: ANSWER_MS, isRepeatable: false })

/** Follows the server's events and makes a backend for its workers. `guard` is there when Baton's guard is loaded in it. */
async function connect(
  deps: ServerDeps,
  client: OpencodeClient,
  directory: string,
  guard?: { readonly notes: string },
) {
  const { origin, clock, log } = deps
  const feed = createFeed((error) => log.error("an event could not be handled", { error: describe(error) }))
  const hasTools = guard !== undefined
  const host: Host = { client, directory, isAttended: origin.isAttended, hasTools, subscribe: feed.subscribe }
  const closing = new AbortController()
  const hangUp = () => closing.abort()
  const check = (o: { signal: AbortSignal }) => client.path.get({}, o)
  try {
    await callOnce("reach the OpenCode server", check)
    await followEvents(client, feed, closing.signal, (error) =>
      log.error("the event stream of a server broke", { error: describe(error) }),
    )
  } catch (error) {
    hangUp()
    throw error
  }
  return {
    host,
    hangUp,
    backend: createSessionBackend({ host, origin, clock, log, kind: "server", ...guard }),
    isThere: () =>
      callOnce("reach the OpenCode server", check).then(
        () => true,
        () => false,
      ),
  }
}
