import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { createOpencodeClient, type GlobalEvent, type OpencodeClient } from "@opencode-ai/sdk/v2"
import { processesWith, signal } from "./processes.ts"
import { OPENCODE, type Project } from "./project.ts"
import { until } from "./until.ts"

/** A real `opencode serve` in a project. `await using` stops it at the end of the block. */
export interface Server extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  readonly client: OpencodeClient
  /** Every event of every directory since the start, as `/global/event` sent them. */
  readonly events: readonly GlobalEvent[]
  /** Its output on stdout and stderr. */
  output(): string
  /** OpenCode's log file. */
  logs(): string
  /**
   * Sends SIGTERM, and after 3 s SIGKILL to the whole process group. Returns once the process has
   * ended. If it ended by itself, the processes that it leaves behind are not killed, so that a
   * test can see them.
   */
  stop(): Promise<void>
  /** Sends SIGKILL to the server alone. */
  kill(): Promise<void>
}

export interface ServerOptions {
  /** Added to the project's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds until it must listen; the default is 60,000. */
  readonly timeoutMs?: number
}

/**
 * Starts `opencode serve` in the project on a free port, and returns once it listens and its events
 * arrive.
 */
export async function startServer(project: Project, options: ServerOptions = {}): Promise<Server> {
  const { url, pid, output, ended, terminate } = await launchServer(project, options)
  const client = createOpencodeClient({ baseUrl: url, directory: project.dir, ...authorization(options.env) })
  const feed = await subscribe(client)
  const stop = async () => {
    feed.end()
    await terminate()
  }
  return {
    url,
    pid,
    client,
    events: feed.events,
    output,
    logs: () => project.log(),
    stop,
    [Symbol.asyncDispose]: stop,
    async kill() {
      feed.end()
      signal(pid, "SIGKILL")
      await ended
    },
  }
}

/** Starts `opencode serve` in the project on a free port, and returns once it listens. */
export async function launchServer(project: Project, options: ServerOptions = {}) {
  const port = await freePort()
  const process = spawn(OPENCODE, ["serve", "--hostname=127.0.0.1", `--port=${port}`], {
    cwd: project.dir,
    env: { ...project.env, ...options.env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  })
  const pid = process.pid
  if (pid === undefined) throw new Error(`${OPENCODE} did not start`)
  const ended = once(process, "exit")
  let output = ""
  for (const stream of [process.stdout, process.stderr])
    stream.setEncoding("utf8").on("data", (data) => (output += data))

  const terminate = async () => {
    signal(pid, "SIGTERM")
    const force = setTimeout(() => signal(-pid, "SIGKILL"), 3_000)
    await ended
    clearTimeout(force)
  }
  const url = await listening(() => output, process, options.timeoutMs ?? 60_000).catch(async (error) => {
    await terminate()
    throw error
  })
  return { url, pid, output: () => output, ended, terminate }
}

/** The header that a server with a password requires. */
function authorization(env: Readonly<Record<string, string>> = {}) {
  const password = env.OPENCODE_SERVER_PASSWORD
  if (password === undefined) return {}
  return { headers: { authorization: `Basic ${Buffer.from(`opencode:${password}`).toString("base64")}` } }
}

/**
 * A client for a server that Baton has started with `serve.sh` in a project. The server's own
 * environment no longer has the password, so the script has written it down.
 */
export function clientOf(served: { readonly pid: number; readonly command: string }, directory: string) {
  const variables = readFileSync(`/proc/${served.pid}/environ`, "utf8").split("\0")
  const home = variables.find((one) => one.startsWith("HOME="))?.slice("HOME=".length)
  const env = { OPENCODE_SERVER_PASSWORD: readFileSync(`${home}/password-${served.pid}`, "utf8") }
  const port = /--port=(\d+)/.exec(served.command)?.[1]
  return createOpencodeClient({ baseUrl: `http://127.0.0.1:${port}`, directory, ...authorization(env) })
}

/** The servers that Baton has started in a project, which are all except `own`. */
export function servedIn(project: Project, own: Server) {
  return processesWith(project.marker).filter(({ pid, command }) => / serve /.test(command) && pid !== own.pid)
}

/**
 * Returns a port that was free a moment ago. OpenCode's own `--port 0` takes 4096 if it can, which
 * may belong to another OpenCode.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/**
 * Waits for the line that says that the server listens, and returns the URL in it. A connection
 * made before that may be accepted and never answered.
 */
async function listening(output: () => string, process: ChildProcess, timeoutMs: number): Promise<string> {
  const ended = () => process.exitCode ?? process.signalCode
  const find = () => /listening on (http:\/\/\S+)/.exec(output())?.[1]
  await until(() => find() ?? ended() !== null, {
    what: () => `opencode serve to listen. Its output:\n${output()}`,
    timeoutMs,
  })
  const url = find()
  if (url) return url
  throw new Error(`opencode serve ended (${ended()}) before it listened. Its output:\n${output()}`)
}

async function subscribe(client: OpencodeClient) {
  const events: GlobalEvent[] = []
  const ending = new AbortController()
  const { stream } = await client.global.event({ signal: ending.signal })
  const collecting = (async () => {
    for await (const event of stream) events.push(event)
  })()
  collecting.catch((error) => {
    if (!ending.signal.aborted) throw error
  })
  await until(() => events.length > 0, { what: "the first event of opencode serve" })
  return { events, end: () => ending.abort() }
}
