import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { createOpencodeClient, type OpencodeClient } from "@opencode-ai/sdk/v2"

/** A server of our own, and the way to be rid of it. */
export interface Served {
  readonly url: string
  readonly client: OpencodeClient
  readonly pid: number
  /** Ends the process and everything it started; resolves when it is gone. */
  stop(): Promise<void>
}

const START_MS = 60_000
const TERM_MS = 3_000
/** How much of the server's output is kept for an error message. */
const OUTPUT_CHARS = 4_000

/**
 * Starts `opencode serve` for a project on a free port of the loopback interface, with a password nobody else knows,
 * and resolves when it listens. `BATON_CHILD` keeps a Baton that the user's configuration loads there from acting: the
 * engine is here. On Linux the kernel ends the server when this process dies, however it dies.
 * Throws with the server's own words when it does not come up within a minute.
 */
export async function startServe(options: ServeOptions): Promise<Served> {
  try {
    return await startOnce(options)
  } catch (error) {
    // Another process may have taken the port between our choice and the server's start.
    if (!/port|in use|EADDRINUSE|ServeError/i.test(String(error))) throw error
    return startOnce(options)
  }
}

interface ServeOptions {
  readonly binary: string
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A port nobody listens on. OpenCode's own `--port 0` tries 4096 first, and two that start together collide there. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1")
  await once(probe, "listening")
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, "close")
  return port
}

async function startOnce(options: ServeOptions): Promise<Served> {
  const password = randomBytes(18).toString("base64url")
  const command = [options.binary, "serve", "--hostname=127.0.0.1", `--port=${await freePort()}`]
  const [file, ...args] = [...deathSignal(), ...command] as [string, ...string[]]
  const child = spawn(file, args, {
    cwd: options.directory,
    env: { ...options.env, OPENCODE_SERVER_PASSWORD: password, BATON_CHILD: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C in the terminal is ours to handle, and stop() reaches all of it.
    detached: true,
  })
  try {
    const url = await listening(child)
    const authorization = `Basic ${Buffer.from(`opencode:${password}`).toString("base64")}`
    const client = createOpencodeClient({ baseUrl: url, directory: options.directory, headers: { authorization } })
    return { url, client, pid: child.pid as number, stop: () => stop(child) }
  } catch (error) {
    await stop(child)
    throw error
  }
}

function deathSignal(): string[] {
  if (process.platform !== "linux") return []
  return spawnSync("setpriv", ["--version"]).status === 0 ? ["setpriv", "--pdeathsig", "TERM"] : []
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ""
    const fail = (why: string) =>
      reject(new Error(`opencode serve ${why}${output.trim() ? `:\n${output.trim()}` : ""}`))
    const timer = setTimeout(() => fail(`did not listen within ${START_MS / 1_000} s`), START_MS)
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARS)
      const url = /listening on (http:\/\/\S+)/.exec(output)?.[1]
      if (url === undefined) return
      clearTimeout(timer)
      resolve(url)
    }
    child.stdout?.on("data", read)
    child.stderr?.on("data", read)
    child.on("error", (error) => {
      clearTimeout(timer)
      fail(`could not be started (${error.message})`)
    })
    child.on("exit", (code) => {
      clearTimeout(timer)
      fail(`ended with exit code ${code ?? "none"}`)
    })
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return
  const gone = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once("exit", () => resolve())
  })
  signalGroup(child.pid, "SIGTERM")
  const timer = setTimeout(() => signalGroup(child.pid as number, "SIGKILL"), TERM_MS)
  await gone
  clearTimeout(timer)
  // Whatever the server had started and left behind in its group.
  signalGroup(child.pid, "SIGKILL")
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== "ESRCH") throw error
  }
}
