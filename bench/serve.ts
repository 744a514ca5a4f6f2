import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createOpencodeClient, type OpencodeClient } from "@opencode-ai/sdk/v2"
import { freePort } from "../test/e2e/support/opencode.ts"
import { signal } from "../test/e2e/support/processes.ts"
import { OPENCODE, type Project } from "../test/e2e/support/project.ts"

/**
 * An `opencode serve` whose start can be timed: nothing polls it, and only requested clients
 * connect.
 */
export interface Serve extends AsyncDisposable {
  readonly client: OpencodeClient
  readonly url: string
  /** Resident memory of the process now, in MB (10^6 bytes). */
  memory(): number
}

/**
 * Starts the server in the project, and resolves when it prints that it listens. Throws with its
 * output when it exits before that.
 */
export async function serve(project: Project): Promise<Serve> {
  const port = await freePort()
  const child = spawn(OPENCODE, ["serve", "--hostname=127.0.0.1", `--port=${port}`], {
    cwd: project.dir,
    env: project.env,
    stdio: ["ignore", "pipe", "pipe"],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${OPENCODE} did not start`)
  const url = await listening(child)
  return {
    url,
    client: createOpencodeClient({ baseUrl: url, directory: project.dir, throwOnError: true }),
    memory: () => residentMemory(pid),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit")
      signal(pid, "SIGTERM")
      await ended
    },
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ""
    const read = (data: Buffer) => {
      output += data
      const url = /listening on (http:\/\/\S+)/.exec(output)?.[1]
      if (url) resolve(url)
    }
    child.stdout?.on("data", read)
    child.stderr?.on("data", read)
    child.once("exit", (code) => reject(new Error(`opencode serve ended (${code}) before it listened:\n${output}`)))
  })
}

function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status has no VmRSS`)
  return (Number(kilobytes) * 1_024) / 1e6
}
