import { spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { createOpencodeClient, type OpencodeClient } from "@opencode-ai/sdk/v2"
import { defined } from "../core/base/defined.ts"
import { type GuardOptions, withGuard } from "../wall/guard-config.ts"
import { startTracked, type Tracked } from "./ledger.ts"

/** A server of our own, and how to end it. */
export interface Served {
  readonly url: string
  readonly client: OpencodeClient
  readonly pid: number
  /** Resolves with how the process ended. */
  readonly ended: Promise<string>
  /** Ends the process and everything it started. Resolves when it is gone. */
  stop(): Promise<void>
}

/**
 * The variables with which OpenCode takes nothing of a project: no configuration, plugin, tool or
 * agent, and no skill that another tool defined there. `OPENCODE_PURE` would stop plugins only.
 */
export const WITHOUT_PROJECT = { OPENCODE_DISABLE_PROJECT_CONFIG: "1", OPENCODE_DISABLE_EXTERNAL_SKILLS: "1" } as const

const START_MS = 60_000
/** How much of the server's output is kept for an error message. */
const OUTPUT_CHARS = 4_000

/**
 * Starts `opencode serve` for a project on a free port of the loopback interface, with a random
 * password (contract C62). Resolves when it listens (contract C60). The server is in the record of
 * processes, and its `BATON_CHILD` keeps a Baton in the user's configuration from acting there,
 * because the engine is here. Baton's guard is loaded there, and removes the password from what its
 * tools can read. On Linux the kernel ends the server when this process dies. Throws
 * with the server's own words when it is not up within a minute.
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

export interface ServeOptions {
  readonly binary: string
  /** Folder of the process records: `ledgerOf` the project. */
  readonly ledger: string
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Variables of `env` that are for the server alone, with the values that its tools get. */
  readonly restore?: GuardOptions["restore"]
  /** Aborts the start. */
  readonly signal?: AbortSignal
  /** Hears the server's password before it is used. */
  readonly onPassword?: (password: string) => void
}

/**
 * Returns a free port. OpenCode's own `--port 0` tries 4096 first, and two servers that start
 * together collide there (contract C61).
 */
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
  options.onPassword?.(password)
  const command = [options.binary, "serve", "--hostname=127.0.0.1", `--port=${await freePort()}`]
  const tracked = await startTracked(options.ledger, [...deathSignal(), ...command] as [string, ...string[]], {
    cwd: options.directory,
    env: {
      ...options.env,
      OPENCODE_CONFIG_CONTENT: withGuard(options.env.OPENCODE_CONFIG_CONTENT, defined({ restore: options.restore })),
      OPENCODE_SERVER_PASSWORD: password,
      OPENCODE_SERVER_USERNAME: "opencode",
    },
    // The server gets its own process group, because Ctrl-C in the terminal is ours to handle.
    stdio: ["ignore", "pipe", "pipe"],
  })
  const stop = () => void tracked.stop()
  try {
    options.signal?.addEventListener("abort", stop, { once: true })
    if (options.signal?.aborted) stop()
    const url = await listening(tracked)
    const authorization = `Basic ${Buffer.from(`opencode:${password}`).toString("base64")}`
    const client = createOpencodeClient({ baseUrl: url, directory: options.directory, headers: { authorization } })
    return { url, client, pid: tracked.pid, ended: tracked.ended, stop: tracked.stop }
  } catch (error) {
    await tracked.stop()
    throw error
  } finally {
    options.signal?.removeEventListener("abort", stop)
  }
}

let hasDeathSignal: boolean | undefined

function deathSignal(): string[] {
  if (process.platform !== "linux") return []
  hasDeathSignal ??= spawnSync("setpriv", ["--version"]).status === 0
  return hasDeathSignal ? ["setpriv", "--pdeathsig", "TERM"] : []
}

function listening({ child, ended }: Tracked): Promise<string> {
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
    void ended.then((how) => {
      clearTimeout(timer)
      fail(`ended with ${how}`)
    })
  })
}
